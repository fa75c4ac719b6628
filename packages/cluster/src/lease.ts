/** Clocks of a cluster with lease reads are this much too fast or too slow at most; see `lease_reads`. */
const LEASE_CLOCK_DRIFT = 0.1;
/** Of a voter's ticks one may come just after it heard the leader, and another one early after a stall. */
const EARLY_TICKS = 2;

/**
 * How long a lease may last by the clock of a leader that is too slow, so that voters whose clocks are too fast still wait for it to end:
 * they vote for nobody for `electionTicksMin` ticks after they heard the leader (thesis section 6.4.1).
 */
export function leaseMsOf(electionTicksMin: number, tickMs: number): number {
  const waitMs = Math.max(0, electionTicksMin - EARLY_TICKS) * tickMs;
  return Math.floor((waitMs * (1 - LEASE_CLOCK_DRIFT)) / (1 + LEASE_CLOCK_DRIFT));
}
