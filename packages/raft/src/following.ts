import type { NodeId } from "@ringtide/common";
import { learnCommit } from "./commit.ts";
import { followIntoQuiet } from "./quiescence.ts";
import { restartElectionClock } from "./roles.ts";
import { type RaftState, sendPromise } from "./state.ts";
import type { AppendRequest, AppendResponse, Entry, Heartbeat } from "./types.ts";

/** Followers take no more entries while this many times maxUncommittedBytes wait to be applied: a leader alone never gets there. */
const UNAPPLIED_LIMIT_FACTOR = 2;

/** To `to`: this log matches up to `matched`, or as far as that is durable. */
export function acknowledge(state: RaftState, to: NodeId): void {
  const { following, durable } = state;
  const index = Math.min(following.matched, durable.index);
  following.acknowledged = Math.max(following.acknowledged, index);
  sendPromise(state, appendResponse(state, to, { reject: false, index, hintTerm: 0, rejectedPrevIndex: 0 }));
}

/** A refusal promises nothing, so it leaves at once. `hint`: where to try next. */
function reject(state: RaftState, to: NodeId, rejectedPrevIndex: number, hint: number): void {
  const hintTerm = state.log.term(hint) ?? 0;
  state.outbox.messages.push(appendResponse(state, to, { reject: true, index: hint, hintTerm, rejectedPrevIndex }));
}

function appendResponse(
  state: RaftState,
  to: NodeId,
  answer: Pick<AppendResponse, "reject" | "index" | "hintTerm" | "rejectedPrevIndex">,
): AppendResponse {
  const { group, self } = state.options;
  return { type: "appendResponse", group, from: self, to, term: state.term, ...answer };
}

/** Tells a leader of an older term about this one, so that it steps down. */
export function refuseStaleAppend(state: RaftState, message: AppendRequest): void {
  reject(state, message.from, message.prevIndex, Math.min(message.prevIndex, state.log.lastIndex));
}

/** Where the leader's log and this one may still match at most: one step back a term, not an entry (thesis section 5.3). */
function rejectAppend(state: RaftState, message: AppendRequest): void {
  const { log } = state;
  const end = Math.min(message.prevIndex, log.lastIndex);
  const hint = log.lastIndexWithTermAtMost(end, message.prevTerm) ?? log.firstIndex - 1;
  reject(state, message.from, message.prevIndex, Math.max(hint, state.commit));
}

/** Position in `entries` of the first that this log does not have; entries.length: it has all. */
function firstNew(state: RaftState, entries: readonly Entry[]): number {
  const { log } = state;
  let at = 0;
  while (at < entries.length) {
    const entry = entries[at] as Entry;
    // What is cut is committed and applied, and so the same everywhere.
    if (entry.index >= log.firstIndex && log.term(entry.index) !== entry.term) break;
    at++;
  }
  return at;
}

/** From the leader of this term: check that the logs match before the entries, take what is new, drop what contradicts it (thesis section 3.5). */
export function handleAppend(state: RaftState, message: AppendRequest): void {
  const { log, following } = state;
  const { prevIndex, entries } = message;
  following.leader = message.from;
  following.leaderCommit = Math.max(following.leaderCommit, message.commit);
  // What is committed here is in the leader's log too, so that before the commit index nothing needs a check (and may be cut).
  if (prevIndex > state.commit && log.term(prevIndex) !== message.prevTerm) {
    rejectAppend(state, message);
    return;
  }
  // A leader that was refused first has learned what was lost here: it counts this replica for no more than that from then on.
  if (following.trustAt < 0) following.trustAt = message.commit;
  // Refusing helps only while there is something to apply: a long tail after a restart may be just what the commit index waits for.
  const isFull = state.unappliedBytes > UNAPPLIED_LIMIT_FACTOR * state.options.maxUncommittedBytes;
  if (entries.length > 0 && isFull && state.commit > state.applied) {
    state.ignored.overloaded++;
    return;
  }
  const skip = firstNew(state, entries);
  const firstAdded = entries[skip];
  if (firstAdded !== undefined) {
    if (firstAdded.index <= state.commit) {
      state.ignored.contradictions++;
      return;
    }
    takeEntries(state, entries, skip, firstAdded.index);
  }
  const matched = Math.max(prevIndex + entries.length, Math.min(state.commit, log.lastIndex));
  following.matched = Math.max(following.matched, matched);
  learnCommit(state, message.commit, following.matched);
  regainTrust(state);
  // Not durable yet: the answer follows when it is.
  if (state.durable.index >= following.matched) acknowledge(state, message.from);
}

function takeEntries(state: RaftState, entries: readonly Entry[], skip: number, firstIndex: number): void {
  const { log } = state;
  if (firstIndex <= log.lastIndex) {
    state.unappliedBytes -= log.truncateFrom(firstIndex);
    state.durable.truncateFrom(firstIndex);
    state.configurations.truncateFrom(firstIndex);
  }
  state.unappliedBytes += log.append(entries, skip);
  state.configurations.note(entries, skip, state.commit);
}

/** More became durable: acknowledge it to the leader of this term. */
export function acknowledgeDurable(state: RaftState): void {
  const { following, durable } = state;
  regainTrust(state);
  if (following.leader === 0 || Math.min(following.matched, durable.index) <= following.acknowledged) return;
  acknowledge(state, following.leader);
}

/**
 * A replica that lost entries votes again when its log is durable and matches a leader's up to an entry of that leader's own term that is
 * committed: all that was ever committed before lies below it. The first commit index of a new leader may be older than that; then a
 * later one is waited for.
 */
function regainTrust(state: RaftState): void {
  const { following, log } = state;
  if (state.mayVote || following.trustAt < 0) return;
  const sound = Math.min(following.matched, state.durable.index);
  if (sound >= following.trustAt && log.term(following.trustAt) !== state.term)
    following.trustAt = following.leaderCommit;
  state.mayVote = sound >= following.trustAt && log.term(following.trustAt) === state.term;
}

/** Hears the leader no longer, and may not campaign, which would wake a quiet leader: asks it instead to compare the logs. */
export function missLeader(state: RaftState): void {
  const { leader, matched } = state.following;
  state.leader = 0;
  restartElectionClock(state);
  if (leader !== 0) reject(state, leader, matched + 1, matched);
}

/**
 * A beat of the leader of this term. It never tells a commit index above what this log was acknowledged to match; where acknowledged entries
 * were lost, older ones may stand in their place, so that only what was compared since counts.
 */
export function handleHeartbeat(state: RaftState, message: Heartbeat): void {
  const { following } = state;
  const isNew = message.readContext > following.round;
  following.round = Math.max(following.round, message.readContext);
  following.allMatch = message.allMatch;
  learnCommit(state, message.commit, state.mayVote ? state.log.lastIndex : following.matched);
  if (followIntoQuiet(state, message, isNew)) return;
  answerHeartbeat(state, message);
  if (!state.mayVote) askForProbe(state, message);
}

/** In a quiet group no append would come to compare the logs by, and the leader may believe in entries that were lost here. */
function askForProbe(state: RaftState, message: Heartbeat): void {
  const { following, log } = state;
  following.leaderCommit = Math.max(following.leaderCommit, message.commit);
  regainTrust(state);
  if (following.matched > 0) return;
  reject(state, message.from, log.lastIndex + 1, log.lastIndex);
}

/** Also to a leader of an older term, which learns this term from it. */
export function answerHeartbeat(state: RaftState, message: Heartbeat): void {
  state.outbox.messages.push({
    type: "heartbeatResponse",
    group: state.options.group,
    from: state.options.self,
    to: message.from,
    term: state.term,
    readContext: message.readContext,
  });
}
