import { describe, expect, it } from "vitest";
import { RandomCluster } from "./support/random-cluster.ts";

/** RAFT_SEED=n replays one seed with its trace; RAFT_SEEDS=n runs that many. */
const { RAFT_SEED: replay, RAFT_SEEDS: seedCount } = process.env;

const SEEDS = Number(seedCount ?? 1000);
/** A seed takes some 5 ms of a quiet machine. */
const LIMIT_MS = 30_000 + SEEDS * 50;
const ACTIONS = 5000;
const CALM_ROUNDS = 300;

const total = { committed: 0, reads: 0, changes: 0, snapshots: 0, quietGroups: 0 };

function runSeed(seed: number, trace?: (line: string) => void): void {
  const cluster = new RandomCluster(seed, trace);
  try {
    for (let phase = 0; phase < 2; phase++) {
      cluster.runFaults(ACTIONS / 2);
      cluster.runUntilHealed(CALM_ROUNDS);
      cluster.runUntilQuiet(CALM_ROUNDS);
    }
  } catch (error) {
    throw new Error(`seed ${seed} (replay: RAFT_SEED=${seed}): ${String(error)}`, { cause: error });
  }
  total.committed += cluster.committedCount;
  for (const [what, count] of Object.entries(cluster.seen)) total[what as keyof typeof total] += count;
}

describe("cores under random faults", () => {
  it(
    "keep every safety property, and make progress once faults stop",
    () => {
      if (replay !== undefined) {
        runSeed(Number(replay), console.log);
        return;
      }
      for (let seed = 0; seed < SEEDS; seed++) runSeed(seed);
      console.log(`seeds 0 … ${SEEDS - 1}: ${JSON.stringify(total)}`);
      // A run in which little happens shows little.
      const least = { committed: 20, reads: 5, changes: 1, snapshots: 0.5, quietGroups: 0.3 };
      for (const [what, count] of Object.entries(least))
        expect(total[what as keyof typeof total], what).toBeGreaterThan(SEEDS * count);
    },
    LIMIT_MS,
  );

  it("run the same from the same seed", () => {
    const traces = [0, 1].map(() => {
      const lines: string[] = [];
      runSeed(7, (line) => lines.push(line));
      return lines.join("\n");
    });
    expect(traces[0]).toBe(traces[1]);
  });
});
