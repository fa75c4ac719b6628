import { expect, it } from "vitest";
import { FAULTS, loseLeaders } from "./support/leader-loss.ts";

/** Goal: 3 s. The bound is generous because test machines are shared. */
const OTHER_LEADS_BOUND_MS = 30_000;

it("replaces a leader that is killed or paused, or whose disk hangs or is full, and loses no row", async () => {
  const losses = await loseLeaders(FAULTS, { settings: { disk_stall_limit_ms: "2000" }, requestTimeoutMs: 2000 });
  for (const { fault, otherLeadsMs, longestPauseMs } of losses) {
    console.log(
      `${fault}: others led after ${Math.round(otherLeadsMs)} ms, a writer waited ${Math.round(longestPauseMs)} ms`,
    );
    expect(otherLeadsMs, fault).toBeLessThan(OTHER_LEADS_BOUND_MS);
  }
});
