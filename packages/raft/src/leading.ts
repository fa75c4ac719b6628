import type { NodeId } from "@ringtide/common";
import { moveCommit } from "./membership.ts";
import type { Progress } from "./progress.ts";
import { noteAnswer } from "./rounds.ts";
import type { Leading, RaftState } from "./state.ts";
import type { AppendResponse, HeartbeatResponse } from "./types.ts";

export function handleAppendResponse(state: RaftState, leading: Leading, message: AppendResponse): void {
  const peer = leading.peers.get(message.from);
  if (peer === undefined) return;
  if (message.index > state.log.lastIndex) {
    state.ignored.malformed++;
    return;
  }
  peer.answered = true;
  if (message.reject) handleRejection(state, leading, peer, message);
  else handleAcknowledgement(state, leading, peer, message.index);
}

function handleAcknowledgement(state: RaftState, leading: Leading, peer: Progress, index: number): void {
  if (index < peer.match) return; // Answers may overtake each other.
  const grew = index > peer.match;
  if (grew) {
    peer.match = index;
    peer.noteMove(state.tick);
  }
  if (peer.state === "replicate") {
    peer.next = Math.max(peer.next, index + 1);
    peer.inflights.freeThrough(index);
  } else {
    peer.becomeReplicate();
  }
  leading.pumpDue = true;
  if (grew) moveCommit(state, leading);
}

/** The logs differ before the request: go back to where they may match. */
function handleRejection(state: RaftState, leading: Leading, peer: Progress, message: AppendResponse): void {
  const { index, hintTerm, rejectedPrevIndex } = message;
  if (peer.state === "replicate") {
    // Below `match` all is settled, so this is an old answer, unless the follower is behind what it acknowledged: then probing shows it.
    if (rejectedPrevIndex <= peer.match && index >= peer.match) return;
    peer.becomeProbe(peer.match + 1);
  } else {
    if (rejectedPrevIndex !== peer.next - 1) return;
    const hint = state.log.lastIndexWithTermAtMost(index, hintTerm) ?? 0;
    // Refused at the very match: its log was damaged and cut. Counting less never commits wrongly, so believe it.
    if (rejectedPrevIndex === peer.match) peer.match = Math.max(0, Math.min(hint, peer.match - 1));
    peer.becomeProbe(Math.max(peer.match + 1, Math.min(rejectedPrevIndex, hint + 1)));
  }
  peer.noteMove(state.tick);
  leading.pumpDue = true;
}

/** The peer is alive. Where entries wait for it and nothing has moved for long, a request or its answer was lost: send again. */
export function handleHeartbeatResponse(state: RaftState, leading: Leading, message: HeartbeatResponse): void {
  const peer = leading.peers.get(message.from);
  if (peer === undefined) return;
  if (message.readContext > leading.rounds.last) {
    state.ignored.malformed++;
    return;
  }
  peer.answered = true;
  noteAnswer(state, leading, peer, message.readContext);
  const quietTicks = state.tick - peer.streamTick;
  const { heartbeatTicks, electionTicksMin } = state.options;
  if (peer.state === "replicate") {
    if (peer.match >= state.log.lastIndex) return;
    const waiting = peer.inflights.count > 0 || peer.diskReadPending;
    if (waiting && quietTicks >= electionTicksMin) peer.becomeProbe(peer.match + 1);
  } else if (peer.paused && quietTicks >= 2 * heartbeatTicks) {
    // A follower that needed what is cut may have got a snapshot since: ask from the end, its rejection says where it stands.
    peer.becomeProbe(peer.state === "snapshot" ? state.log.lastIndex + 1 : peer.next);
  } else {
    return;
  }
  leading.pumpDue = true;
}

/** The stream to a peer broke, what was on it is lost. It is probed again when it next answers a beat, not into the broken stream. */
export function handleUnreachable(state: RaftState, leading: Leading, id: NodeId): void {
  const peer = leading.peers.get(id);
  if (peer === undefined) return;
  if (peer.state === "replicate") peer.becomeProbe(peer.match + 1);
  peer.pause(state.tick - 2 * state.options.heartbeatTicks);
}
