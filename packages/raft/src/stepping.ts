import { isWellFormed } from "./check-message.ts";
import { handleVoteRequest, handleVoteResponse, startElection } from "./election.ts";
import { answerHeartbeat, handleAppend, handleHeartbeat, refuseStaleAppend } from "./following.ts";
import { handleAppendResponse, handleHeartbeatResponse } from "./leading.ts";
import { wakes, wakeUp } from "./quiescence.ts";
import { isMember } from "./quorum.ts";
import { becomeFollower } from "./roles.ts";
import { handleSnapshot } from "./snapshots.ts";
import { mayCampaign, type RaftState } from "./state.ts";
import type { AppendRequest, Heartbeat, Message, SnapshotRequest, VoteRequest } from "./types.ts";

/** Answers count only from members; requests are taken from anybody, as their sender may know a later configuration (thesis section 4.1). */
function isAcceptable(state: RaftState, message: Message): boolean {
  switch (message.type) {
    case "appendResponse":
    case "heartbeatResponse":
    case "voteResponse":
      return isMember(state.configurations.current, message.from);
    default:
      return true;
  }
}

/** Takes in one message. Whatever cannot be is counted and dropped: nothing that arrives makes this throw. */
export function step(state: RaftState, message: Message): void {
  const { options, ignored } = state;
  if (message.group !== options.group) ignored.wrongGroup++;
  else if (message.to !== options.self || message.from === options.self) ignored.wrongReceiver++;
  else if (!isAcceptable(state, message)) ignored.unknownSender++;
  else if (!isWellFormed(message)) ignored.malformed++;
  else take(state, message);
}

function take(state: RaftState, message: Message): void {
  if (state.quiet && wakes(state, message)) wakeUp(state);
  if (message.type === "vote") handleVoteRequest(state, message);
  else if (message.term < state.term) handleOlderTerm(state, message);
  else {
    if (message.term > state.term) enterNewerTerm(state, message);
    dispatch(state, message);
  }
}

function isFromLeader(message: Message): message is AppendRequest | Heartbeat | SnapshotRequest {
  return message.type === "append" || message.type === "heartbeat" || message.type === "snapshot";
}

/** A granted pre-vote names the term that would be campaigned in. All else is of a term that is there. */
function enterNewerTerm(state: RaftState, message: Exclude<Message, VoteRequest>): void {
  if (message.type === "voteResponse" && message.preVote && message.granted) return;
  becomeFollower(state, message.term, isFromLeader(message) ? message.from : 0);
}

/** Answers what an outdated sender has to learn from; the answer carries this term. */
function handleOlderTerm(state: RaftState, message: Message): void {
  if (message.type === "append") refuseStaleAppend(state, message);
  else if (message.type === "heartbeat") answerHeartbeat(state, message);
}

/** The sender leads this term. False: that cannot be. */
function followLeader(state: RaftState, leader: number): boolean {
  if (state.role === "leader" || (state.leader !== 0 && state.leader !== leader)) {
    state.ignored.contradictions++;
    return false;
  }
  state.leaderHeardElapsed = 0;
  if (state.role === "follower") {
    state.leader = leader;
    state.electionElapsed = 0;
  } else {
    becomeFollower(state, state.term, leader);
  }
  return true;
}

function dispatch(state: RaftState, message: Exclude<Message, VoteRequest>): void {
  const { leading } = state;
  switch (message.type) {
    case "append":
      if (followLeader(state, message.from)) handleAppend(state, message);
      return;
    case "heartbeat":
      if (followLeader(state, message.from)) handleHeartbeat(state, message);
      return;
    case "snapshot":
      if (followLeader(state, message.from)) handleSnapshot(state, message);
      return;
    case "voteResponse":
      handleVoteResponse(state, message);
      return;
    case "appendResponse":
      if (leading !== undefined) handleAppendResponse(state, leading, message);
      return;
    case "heartbeatResponse":
      if (leading !== undefined) handleHeartbeatResponse(state, leading, message);
      return;
    case "timeoutNow":
      // Also where a campaign of its own is blocked: this one is its leader's.
      if (state.role === "follower" && mayCampaign(state)) startElection(state, true);
      return;
  }
}
