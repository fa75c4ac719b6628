import { describe, expect, it } from "vitest";
import { leaseMsOf } from "../src/lease.ts";

describe("the length of a lease", () => {
  it.each([
    [20, 50],
    [8, 50],
    [9, 10],
    [100, 1],
  ])(
    "of %i ticks of %i ms ends before a fast voter stops waiting, however slow the leader's clock",
    (ticks, tickMs) => {
      const leaseMs = leaseMsOf(ticks, tickMs);
      const slowestLeaderMs = leaseMs / 0.9;
      const fastestVoterMs = ((ticks - 1) * tickMs) / 1.1;
      expect(leaseMs).toBeGreaterThan(0);
      expect(slowestLeaderMs).toBeLessThan(fastestVoterMs);
    },
  );
});
