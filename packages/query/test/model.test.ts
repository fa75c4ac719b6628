import { describe, expect, it } from "vitest";
import { checkRandomQuery } from "./support/check.ts";
import { Engines } from "./support/engines.ts";
import { Dice, randomSeries } from "./support/generate.ts";
import { TestCluster } from "./support/test-cluster.ts";

const QUERIES_PER_RUN = 12;
const STORAGE_GROUPS = ["root.a", "root.b", "root.c"];
/** QUERY_TEST_SEED replays one run; QUERY_TEST_RUNS makes it more or fewer. */
const replay = process.env["QUERY_TEST_SEED"];
const runs = Number(process.env["QUERY_TEST_RUNS"] ?? 40);
const seeds = replay === undefined ? Array.from({ length: runs }, (_, at) => at + 1) : [Number(replay)];

describe("random queries over three groups", () => {
  it("answer what a point-by-point evaluation answers", async () => {
    let answered = 0;
    for (const seed of seeds) {
      const dice = new Dice(seed);
      const series = randomSeries(dice);
      const cluster = TestCluster.naive(series, STORAGE_GROUPS, dice.pick([1 + dice.below(20), 300]));
      for (let query = 0; query < QUERIES_PER_RUN; query++) {
        if (await checkRandomQuery(cluster, series, dice, seed)) answered++;
      }
    }
    expect(answered).toBeGreaterThan(seeds.length * QUERIES_PER_RUN * 0.5);
  });

  it("answer the same from the real storage, memtable and files", async () => {
    for (const seed of seeds.slice(0, 8)) {
      const dice = new Dice(seed);
      const series = randomSeries(dice);
      const engines = await Engines.open();
      try {
        await engines.write(series, dice);
        const cluster = new TestCluster(engines.engines, STORAGE_GROUPS);
        for (let query = 0; query < QUERIES_PER_RUN; query++) await checkRandomQuery(cluster, series, dice, seed);
      } finally {
        await engines.close();
      }
    }
  });
});
