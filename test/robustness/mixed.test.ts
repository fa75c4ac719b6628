import { expect, it } from "vitest";
import { FAULT_NAMES } from "./support/faults.ts";
import { mixedRun } from "./support/mixed-run.ts";
import { SHORT_ELECTIONS } from "./support/settings.ts";

const RUN_MS = 10_000;

it("keeps its promises while nodes die, stand still and lose each other", async () => {
  const seed = 1 + Math.floor(Math.random() * 1e6);
  console.log(`seed ${seed}`);
  const result = await mixedRun({
    runMs: RUN_MS,
    seed,
    consistency: "strong", // what the clients saw is judged too
    faults: FAULT_NAMES,
    settings: SHORT_ELECTIONS,
  });
  expect(result.problems).toEqual([]);
  expect(result.operations.length).toBeGreaterThan(50);
});
