import { assert, type NodeId } from "@ringtide/common";
import { learnCommit } from "./commit.ts";
import { acknowledge } from "./following.ts";
import { type RaftState, sendPromise } from "./state.ts";
import type { Configuration, SnapshotRequest } from "./types.ts";

/** A snapshot that the host of a leader holds ready for a follower. */
export interface HeldSnapshot {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
}

/**
 * The host's answer to snapshotsNeeded. Nothing happens where it is not needed any more. A replica that joined without a configuration, and has not
 * applied any yet, offers one without voters: the entries behind it bring them, and a quorum of those that count until then knows them.
 */
export function offerSnapshot(state: RaftState, to: NodeId, snapshot: HeldSnapshot): void {
  const { group, self } = state.options;
  const { index, term, configuration } = snapshot;
  assert(index <= state.applied, `a snapshot at ${index} is offered, applied is ${state.applied}`);
  const peer = state.leading?.peers.get(to);
  if (peer === undefined || peer.match >= index) return;
  sendPromise(state, {
    type: "snapshot",
    group,
    from: self,
    to,
    term: state.term,
    index,
    snapshotTerm: term,
    configuration,
  });
}

/** Neither committed here nor part of this log: so nothing behind it was acknowledged to anybody who may count it. */
export function needsSnapshot(state: RaftState, index: number, term: number): boolean {
  return index > state.commit && state.log.term(index) !== term;
}

/** From the leader of this term. What is committed here already, or follows from it, needs no snapshot: the answer says so. */
export function handleSnapshot(state: RaftState, message: SnapshotRequest): void {
  const { log, following } = state;
  const { index, snapshotTerm, from, configuration } = message;
  if (needsSnapshot(state, index, snapshotTerm)) {
    state.outbox.snapshotOffers.length = 0;
    state.outbox.snapshotOffers.push({ from, index, term: snapshotTerm, configuration });
    return;
  }
  // What is committed is in the leader's log too, and so is all before an entry of the same index and term.
  following.leader = from;
  following.matched = Math.max(following.matched, state.commit, index);
  learnCommit(state, index, log.lastIndex);
  acknowledge(state, from);
}
