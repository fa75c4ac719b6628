import { describe, expect, it } from "vitest";
import { RandomCluster } from "./support/random-cluster.ts";

/** RAFT_SEED=n replays one seed with its trace; RAFT_SEEDS=n runs that many. */
const { RAFT_SEED: replay, RAFT_SEEDS: seedCount } = process.env;

const ACTIONS = 2500;
const HEAL_ROUNDS = 300;

function runSeed(seed: number, trace?: (line: string) => void): number {
  const cluster = new RandomCluster(seed, trace);
  try {
    cluster.runFaults(ACTIONS);
    cluster.runUntilHealed(HEAL_ROUNDS);
  } catch (error) {
    throw new Error(`seed ${seed} (replay: RAFT_SEED=${seed}): ${String(error)}`, { cause: error });
  }
  return cluster.committedCount;
}

describe("cores under random faults", () => {
  it("keep every safety property, and make progress once faults stop", () => {
    if (replay !== undefined) {
      runSeed(Number(replay), console.log);
      return;
    }
    const seeds = Number(seedCount ?? 1000);
    let committed = 0;
    for (let seed = 0; seed < seeds; seed++) committed += runSeed(seed);
    console.log(`seeds 0 … ${seeds - 1}: ${committed} entries committed`);
    expect(committed).toBeGreaterThan(seeds * 20);
  });

  it("run the same from the same seed", () => {
    const traces = [0, 1].map(() => {
      const lines: string[] = [];
      runSeed(7, (line) => lines.push(line));
      return lines.join("\n");
    });
    expect(traces[0]).toBe(traces[1]);
  });
});
