import { RingtideError } from "@ringtide/common";
import { leadingOrThrow } from "./commands.ts";
import { wakeUp } from "./quiescence.ts";
import { hasQuorum } from "./quorum.ts";
import type { RaftState } from "./state.ts";

/** A host puts all reads of one turn of its loop under one context, so this many are far behind. */
const READS_MAX = 4096;

/**
 * Host's monotonic time before which nobody else can be elected: a quorum answered a round, and nobody was asked to campaign (thesis section
 * 6.4.1). −∞: this replica has no lease.
 */
export function leaseUntilMs({ leading, options }: RaftState): number {
  if (leading === undefined || leading.transfer !== undefined || leading.rounds.leaseForfeited)
    return Number.NEGATIVE_INFINITY;
  return leading.rounds.leaseFromMs + options.leaseMs;
}

/** Asks for the index that a read must see: at once under a lease or without other voters, else when a round of beats is answered (thesis section 6.4). */
export function readIndex(state: RaftState, context: number): void {
  const leading = leadingOrThrow(state);
  const { group, self } = state.options;
  if (state.commit < leading.emptyIndex)
    throw new RingtideError("NO_LEADER", `node ${self} has just become leader of group ${group}, and is not ready yet`);
  wakeUp(state);
  leading.idleTicks = 0;
  const index = state.commit;
  if (state.nowMs < leaseUntilMs(state) || hasQuorum(state.configurations.current, (id) => id === self)) {
    state.outbox.readStates.push({ context, index });
    return;
  }
  if (leading.reads.length >= READS_MAX)
    throw new RingtideError("OVERLOADED", `group ${group}: ${READS_MAX} reads wait to be confirmed`);
  leading.reads.push({ context, index, round: leading.rounds.last + 1 });
  leading.readRoundDue = true;
}
