import { type Clock, Deadline, groupName, RingtideError } from "@ringtide/common";
import type { RaftGroup } from "./raft-group.ts";

/**
 * Waits until this replica has applied an index. CONSISTENCY_UNAVAILABLE when that takes longer than `timeoutMs`; the signal's reason when it
 * aborts first.
 */
export async function appliedWithin(
  raft: RaftGroup,
  clock: Clock,
  index: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => {
    const { applied } = raft.status();
    const reason = `${groupName(raft.group)}: ${applied} of ${index} entries applied within ${Math.round(timeoutMs)} ms`;
    late.abort(new RingtideError("CONSISTENCY_UNAVAILABLE", reason));
  });
  try {
    await raft.whenApplied(index, AbortSignal.any([signal, late.signal]));
  } finally {
    timer.cancel();
  }
}

/** At the leader: resolves once this replica has everything that was acknowledged before the call, and did lead after it. */
export async function confirmHere(
  raft: RaftGroup,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = new Deadline(clock, timeoutMs);
  const index = await raft.readIndex(timeoutMs);
  signal.throwIfAborted();
  await appliedWithin(raft, clock, index, deadline.leftMs, signal);
}
