import { createDigest } from "@ringtide/tsfile";
import { beforeAll, describe, expect, it } from "vitest";
import { runSeed } from "../src/sim/run-seed.ts";

beforeAll(async () => {
  await createDigest();
});

describe("a seed of the simulator", () => {
  it("runs the same way each time, event by event", async () => {
    const traces: string[][] = [[], []];
    const results = [];
    for (const lines of traces) results.push(await runSeed(3, { trace: (line) => lines.push(line) }));
    expect(results[0]?.failure).toBeUndefined();
    expect(results[1]).toEqual(results[0]);
    expect(traces[0]?.length).toBeGreaterThan(10_000);
    // Compared as texts of lines: a difference names the first event that went another way.
    const different = traces[0]?.findIndex((line, i) => line !== traces[1]?.[i]);
    expect(different).toBe(-1);
    expect(traces[1]).toHaveLength(traces[0]?.length ?? 0);
  }, 120_000);
});
