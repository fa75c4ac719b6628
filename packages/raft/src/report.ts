import { allMatchOf } from "./commit.ts";
import type { Progress } from "./progress.ts";
import { leaseUntilMs } from "./reading.ts";
import type { RaftState } from "./state.ts";
import type { PeerStatus, RaftStatus } from "./status.ts";

function peerStatus(peer: Progress): PeerStatus {
  const { id, learner, match, next, state, inflights } = peer;
  return {
    id,
    learner,
    match,
    next,
    state,
    recentActive: peer.active || peer.answered,
    inflightRequests: inflights.count,
    inflightBytes: inflights.bytes,
  };
}

/** A copy: it does not change with the core. */
export function statusOf(state: RaftState): RaftStatus {
  const { options, log, leading } = state;
  return {
    group: options.group,
    self: options.self,
    role: state.role,
    leader: state.leader,
    term: state.term,
    vote: state.vote,
    mayVote: state.mayVote,
    commit: state.commit,
    applied: state.applied,
    firstIndex: log.firstIndex,
    memoryFirstIndex: log.memoryFirstIndex,
    memoryBytes: log.bytes,
    lastIndex: log.lastIndex,
    durableIndex: state.durable.index,
    unappliedBytes: state.unappliedBytes,
    configuration: state.configurations.current,
    configurationIndex: state.configurations.index,
    peers: leading === undefined ? [] : Array.from(leading.peers.values(), peerStatus),
    allMatch: leading === undefined ? state.following.allMatch : allMatchOf(state, leading),
    leaderReady: leading !== undefined && state.applied >= leading.emptyIndex,
    leaseUntilMs: leaseUntilMs(state),
    transferTo: leading?.transfer?.to ?? 0,
    quiet: state.quiet,
    ignored: { ...state.ignored },
  };
}
