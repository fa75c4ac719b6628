import { expect, it } from "vitest";
import { FAULT_NAMES } from "./support/faults.ts";
import { mixedRun } from "./support/mixed-run.ts";
import { SHORT_ELECTIONS } from "./support/settings.ts";

/** The highest level that this version has; at strong, what the clients saw is judged too. */
const CONSISTENCY = "mid";
const RUN_MS = 10_000;

it("keeps its promises while nodes die, stand still and lose each other", async () => {
  const seed = 1 + Math.floor(Math.random() * 1e6);
  console.log(`seed ${seed}`);
  const result = await mixedRun({
    runMs: RUN_MS,
    seed,
    consistency: CONSISTENCY,
    faults: FAULT_NAMES,
    settings: SHORT_ELECTIONS,
  });
  expect(result.problems).toEqual([]);
  expect(result.operations.length).toBeGreaterThan(50);
});
