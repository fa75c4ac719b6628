import { isVoter, membersOf, voteResult } from "./quorum.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate, restartElectionClock } from "./roles.ts";
import { beginRound } from "./rounds.ts";
import { mayCampaign, type RaftState, sendPromise } from "./state.ts";
import type { VoteRequest, VoteResponse } from "./types.ts";

/** Runs for leader: first asks whether it could win (thesis section 9.6), and changes its term only if so. */
export function startCampaign(state: RaftState): void {
  if (state.role === "leader" || !mayCampaign(state)) return;
  const { leaseMs, electionTicksMin } = state.options;
  if (leaseMs > 0 && state.leaderHeardElapsed < electionTicksMin) return;
  becomePreCandidate(state);
  requestVotes(state, true, false);
}

/** The election itself (thesis section 3.4). `transfer`: the leader asked for it, so voters need not wait for its silence. */
export function startElection(state: RaftState, transfer: boolean): void {
  becomeCandidate(state);
  requestVotes(state, false, transfer);
}

function requestVotes(state: RaftState, preVote: boolean, transfer: boolean): void {
  const { group, self } = state.options;
  const configuration = state.configurations.current;
  for (const to of membersOf(configuration)) {
    if (to === self || !isVoter(configuration, to)) continue;
    const request: VoteRequest = {
      type: "vote",
      group,
      from: self,
      to,
      term: preVote ? state.term + 1 : state.term,
      preVote,
      lastIndex: state.log.lastIndex,
      lastTerm: state.log.lastTerm,
      transfer,
    };
    // A request for a vote leaves behind this replica's own vote, so that an answer proves that one durable.
    if (preVote) state.outbox.messages.push(request);
    else sendPromise(state, request);
  }
  countVote(state, self, true);
}

function countVote(state: RaftState, from: number, granted: boolean): void {
  if (!state.votes.has(from)) state.votes.set(from, granted);
  const result = voteResult(state.configurations.current, state.votes);
  if (result === "pending") return;
  if (result === "lost") becomeFollower(state, state.term, 0);
  else if (state.role === "preCandidate") startElection(state, false);
  else beginRound(state, becomeLeader(state));
}

export function handleVoteResponse(state: RaftState, message: VoteResponse): void {
  if (message.preVote) {
    // Granted in the term that would be campaigned in, refused in the voter's own.
    const current = message.term === (message.granted ? state.term + 1 : state.term);
    if (state.role === "preCandidate" && current) countVote(state, message.from, message.granted);
    return;
  }
  if (state.role !== "candidate") return;
  state.durable.confirmHardState();
  countVote(state, message.from, message.granted);
}

/**
 * Heard a leader so lately that nobody should stand against it (thesis section 4.2.3); the leader itself always has, while check-quorum lets it lead.
 * The leader that this replica follows may itself: it leads no longer when it asks, it restarted.
 */
function standsByLeader(state: RaftState, message: VoteRequest): boolean {
  if (message.transfer) return false;
  if (state.role === "leader") return true;
  return state.leader !== message.from && state.leaderHeardElapsed < state.options.electionTicksMin;
}

/** Who hears a leader takes part in no election, and keeps its term: a replica that was cut off or removed cannot disturb the others. */
export function handleVoteRequest(state: RaftState, message: VoteRequest): void {
  const withheld = standsByLeader(state, message);
  if (message.term > state.term) {
    if (withheld) return;
    if (!message.preVote) becomeFollower(state, message.term, 0);
  }
  answerVoteRequest(state, message, withheld);
}

/** Votes once a term, only for a log at least as complete as its own (thesis section 3.6.1). A pre-vote promises nothing, so it may be given to several. */
function answerVoteRequest(state: RaftState, message: VoteRequest, withheld: boolean): void {
  const { log } = state;
  const upToDate =
    message.lastTerm > log.lastTerm || (message.lastTerm === log.lastTerm && message.lastIndex >= log.lastIndex);
  const free =
    (message.preVote && message.term > state.term) ||
    state.vote === message.from ||
    (state.vote === 0 && state.leader === 0 && !withheld);
  const granted = state.mayVote && upToDate && free && message.term >= state.term;
  if (granted && !message.preVote) {
    state.vote = message.from;
    restartElectionClock(state);
  }
  const response: VoteResponse = {
    type: "voteResponse",
    group: state.options.group,
    from: state.options.self,
    to: message.from,
    term: granted ? message.term : state.term,
    preVote: message.preVote,
    granted,
  };
  if (granted && !message.preVote) sendPromise(state, response);
  else state.outbox.messages.push(response);
}
