import { hasCode } from "@ringtide/common";
import { parse, type SelectStatement } from "@ringtide/sql";
import { describe, expect, it } from "vitest";
import { Dice, randomSeries, randomSql } from "./support/generate.ts";
import { evaluate } from "./support/model.ts";
import { type ResultRow, TestCluster } from "./support/test-cluster.ts";

const RUNS = Number(process.env["QUERY_TEST_RUNS"] ?? 60);
const QUERIES_PER_RUN = 12;
/** Set QUERY_TEST_SEED to replay one run. */
const replay = process.env["QUERY_TEST_SEED"];
const seeds = replay === undefined ? Array.from({ length: RUNS }, (_, at) => at + 1) : [Number(replay)];

describe("random queries over three groups", () => {
  it("answer what a point-by-point evaluation answers", async () => {
    let answered = 0;
    let rows = 0;
    for (const seed of seeds) {
      const dice = new Dice(seed);
      const series = randomSeries(dice);
      const cluster = new TestCluster(series, ["root.a", "root.b", "root.c"], 1 + dice.below(20));
      for (let query = 0; query < QUERIES_PER_RUN; query++) {
        const sql = randomSql(dice, series);
        const where = `seed ${seed}: ${sql}`;
        const actual = await answer(cluster, sql);
        expect(cluster.openStreams, where).toBe(0);
        if (actual === undefined) continue;
        const statement = parse(sql, { precision: "ms", zone: "UTC" }) as SelectStatement;
        const expected = evaluate(statement, series);
        expect(actual.names, where).toEqual(expected.names);
        expect(actual.rows.map(rounded), where).toEqual(expected.rows.map(rounded));
        answered++;
        rows += actual.rows.length;
      }
    }
    expect(answered).toBeGreaterThan(seeds.length * QUERIES_PER_RUN * 0.5);
    expect(rows).toBeGreaterThan(0);
  });
});

/** Undefined when a full path does not exist: the model has no opinion on that. */
async function answer(cluster: TestCluster, sql: string) {
  try {
    return await cluster.rows(sql);
  } catch (error) {
    if (hasCode(error, "PATH_NOT_FOUND")) return undefined;
    throw new Error(`${sql}: ${String(error)}`, { cause: error });
  }
}

/** Sums may differ in their last digits: they are added up in another order. */
function rounded(row: ResultRow): unknown {
  return {
    time: row.time,
    values: row.values.map((value) => (typeof value === "number" ? Number(value.toPrecision(9)) : value)),
  };
}
