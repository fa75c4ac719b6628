import { committedIndex } from "./quorum.ts";
import type { Leading, RaftState } from "./state.ts";

/**
 * Moves a leader's commit index to what a quorum has durable. Only an entry of the leader's own term commits by counting; what lies before it
 * commits with it (thesis section 3.6.2, figure 3.7). The leader itself counts with what is durable here, not with what it has. False: it stays.
 */
export function advanceCommit(state: RaftState, leading: Leading): boolean {
  const { self } = state.options;
  const durableHere = state.durable.index;
  const index = committedIndex(state.configurations.current, (id) =>
    id === self ? durableHere : (leading.peers.get(id)?.match ?? 0),
  );
  if (index <= state.commit || state.log.term(index) !== state.term) return false;
  state.commit = index;
  leading.pumpDue = true;
  return true;
}

/** A follower learns a commit index; `matched` bounds it to what is known to be the leader's log. */
export function learnCommit(state: RaftState, commit: number, matched: number): void {
  state.commit = Math.max(state.commit, Math.min(commit, matched, state.log.lastIndex));
}

/** Last index that may be applied: committed, and durable here. */
export function applicableIndex(state: RaftState): number {
  return Math.min(state.commit, state.durable.index);
}

/** Durable on all replicas, as this leader knows. */
export function allMatchOf(state: RaftState, leading: Leading): number {
  let all = state.durable.index;
  for (const peer of leading.peers.values()) all = Math.min(all, peer.match);
  return all;
}
