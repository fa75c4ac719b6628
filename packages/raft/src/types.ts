import type { GroupNumber, NodeId } from "@ringtide/common";

/** What an entry carries. The core looks only at EMPTY_CONTENT and CONFIG_CHANGE; the others are the state machines'. */
export const EntryKind = {
  /** A new leader's first entry. */
  EMPTY_CONTENT: 0,
  /** A command of the state machine. */
  PHYSICAL_PLAN: 1,
  /** Close the memtable of a data group into files. */
  CLOSE_FILE: 2,
  /** Membership of the group: a joint or a final configuration. */
  CONFIG_CHANGE: 3,
  /** Members of the cluster, in the meta group. */
  ADD_NODE: 4,
  REMOVE_NODE: 5,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry of a group's log. (session, sequence) is 0 for the cluster's own entries. `payload` is never changed. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly kind: EntryKind;
  readonly session: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** What must be durable before a vote or an append is answered. */
export interface HardState {
  readonly term: number;
  /** Voted for in `term`; 0: nobody. */
  readonly vote: NodeId;
}

/**
 * Voters of a group; in a joint configuration (thesis section 4.3) `votersOutgoing` must agree too. Learners get the log and count nowhere. One that
 * is to stop voting is among `votersOutgoing` and `learners` meanwhile. No voters at all: a replica that has not been told of any yet.
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

interface Envelope {
  readonly group: GroupNumber;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
}

/** Follow `prevIndex`/`prevTerm` with `entries`. Data or meta port. */
export interface AppendRequest extends Envelope {
  readonly type: "append";
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
}
/** On success `index` is the last index known to match and be durable. On reject it is a hint where to probe next, with that entry's term. */
export interface AppendResponse extends Envelope {
  readonly type: "appendResponse";
  readonly reject: boolean;
  readonly index: number;
  readonly hintTerm: number;
  /** prevIndex of the rejected request, so that stale rejections are recognised. */
  readonly rejectedPrevIndex: number;
}
/** Pre-vote and vote (thesis section 9.6, section 3.4). Heartbeat port. In a pre-vote `term` is the one that would be campaigned in. */
export interface VoteRequest extends Envelope {
  readonly type: "vote";
  readonly preVote: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Vote even though a leader is alive: it asked for the transfer (thesis section 3.10). */
  readonly transfer: boolean;
}
export interface VoteResponse extends Envelope {
  readonly type: "voteResponse";
  readonly preVote: boolean;
  readonly granted: boolean;
}
/** Beat of one group; the host packs those of all groups for one node into one message. Heartbeat port. */
export interface Heartbeat extends Envelope {
  readonly type: "heartbeat";
  readonly commit: number;
  /** Entries up to here are durable on every replica: the log before may be cut, as far as this node has a checkpoint. */
  readonly allMatch: number;
  /** Number of this round of beats in its term, from 1; echoed in the response (reads and leases rest on it). */
  readonly readContext: number;
  /** The leader goes quiet with this beat: who has all of its log committed and applied does too, and does not answer. */
  readonly quiesce: boolean;
}
export interface HeartbeatResponse extends Envelope {
  readonly type: "heartbeatResponse";
  readonly readContext: number;
}
/** The receiver should campaign at once. Data or meta port. */
export interface TimeoutNow extends Envelope {
  readonly type: "timeoutNow";
}
/** The entries are gone: the follower has to pull a snapshot at `index` (its files travel outside of the message channel). */
export interface SnapshotRequest extends Envelope {
  readonly type: "snapshot";
  readonly index: number;
  readonly snapshotTerm: number;
  readonly configuration: Configuration;
}

export type Message =
  | AppendRequest
  | AppendResponse
  | VoteRequest
  | VoteResponse
  | Heartbeat
  | HeartbeatResponse
  | TimeoutNow
  | SnapshotRequest;

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/** The log as the core reads it: all synchronous, from memory. The host keeps at least the entries after the applied index in memory. */
export interface LogView {
  /** First index that is not cut. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Term of an entry; known for every index in [firstIndex − 1, lastIndex], undefined elsewhere. */
  term(index: number): number | undefined;
  /** Entries of [from, to), as many as fit `maxBytes` (at least one); undefined when they are not in memory. */
  entries(from: number, to: number, maxBytes: number): readonly Entry[] | undefined;
}
