import type { NodeId } from "@ringtide/common";
import { Progress } from "./progress.ts";
import { membersOf } from "./quorum.ts";
import { newRounds } from "./rounds.ts";
import { drawElectionTimeout, type Leading, newFollowing, type RaftState } from "./state.ts";
import { EntryKind } from "./types.ts";

const EMPTY_PAYLOAD = new Uint8Array(0);

/** Starts the election clock anew, with another random time-out. */
export function restartElectionClock(state: RaftState): void {
  state.electionElapsed = 0;
  state.electionTimeout = drawElectionTimeout(state.options);
}

function enterTerm(state: RaftState, term: number): void {
  if (term === state.term) return;
  state.term = term;
  state.vote = 0;
  state.following = newFollowing();
}

/** `leader` 0: not known. The vote is kept within a term. */
export function becomeFollower(state: RaftState, term: number, leader: NodeId): void {
  enterTerm(state, term);
  state.role = "follower";
  state.leader = leader;
  state.leading = undefined;
  state.votes.clear();
  restartElectionClock(state);
}

/** Asks whether it could win, without changing its term or vote (thesis section 9.6). */
export function becomePreCandidate(state: RaftState): void {
  state.role = "preCandidate";
  state.leader = 0;
  state.votes.clear();
  restartElectionClock(state);
}

export function becomeCandidate(state: RaftState): void {
  enterTerm(state, state.term + 1);
  state.role = "candidate";
  state.leader = 0;
  state.vote = state.options.self;
  state.votes.clear();
  restartElectionClock(state);
}

/** Asked from `next` on. */
export function newProgress(state: RaftState, id: NodeId, next: number): Progress {
  const { maxInflightRequests, maxInflightBytes } = state.options;
  const learner = state.configurations.current.learners.includes(id);
  return new Progress(id, learner, next, maxInflightRequests, maxInflightBytes);
}

/** The new leader's first entry lets it commit, by counting, what former terms left (thesis section 3.6.2). */
export function becomeLeader(state: RaftState): Leading {
  const { options, log } = state;
  const next = log.lastIndex + 1;
  const peers = new Map<NodeId, Progress>();
  for (const id of membersOf(state.configurations.current))
    if (id !== options.self) peers.set(id, newProgress(state, id, next));
  const leading: Leading = {
    peers,
    emptyIndex: next,
    heartbeatElapsed: 0,
    windowElapsed: 0,
    rounds: newRounds(),
    reads: [],
    readRoundDue: false,
    idleTicks: 0,
    transfer: undefined,
    pumpDue: true,
  };
  state.role = "leader";
  state.leader = options.self;
  state.leading = leading;
  const empty = {
    index: next,
    term: state.term,
    kind: EntryKind.EMPTY_CONTENT,
    session: 0,
    sequence: 0,
    payload: EMPTY_PAYLOAD,
  };
  state.unappliedBytes += log.append([empty], 0);
  return leading;
}
