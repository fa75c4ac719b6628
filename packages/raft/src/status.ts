import type { GroupNumber, NodeId } from "@ringtide/common";
import type { Configuration, Role } from "./types.ts";

/** probe: where the follower's log matches is not known, one request at a time; replicate: pipelined; snapshot: what it needs is cut. */
export type PeerState = "probe" | "replicate" | "snapshot";

/** A peer as its leader sees it. */
export interface PeerStatus {
  readonly id: NodeId;
  readonly learner: boolean;
  /** Last index known to match and be durable there. */
  readonly match: number;
  /** Next index to send. */
  readonly next: number;
  readonly state: PeerState;
  /** Answered within the current or the last check-quorum window. */
  readonly recentActive: boolean;
  readonly inflightRequests: number;
  readonly inflightBytes: number;
}

/** Messages that were dropped, by reason. They only grow. */
export interface IgnoredCounts {
  readonly wrongGroup: number;
  readonly wrongReceiver: number;
  /** Answers of nodes outside of the configuration; requests of such nodes are taken (thesis section 4.1). */
  readonly unknownSender: number;
  readonly malformed: number;
  /** Messages that contradict committed entries or the one leader of a term: never in a healthy cluster, raise an alarm. */
  readonly contradictions: number;
  /** Appends that came while too much waits to be applied here; the leader sends them again. */
  readonly overloaded: number;
}

export interface RaftStatus {
  readonly group: GroupNumber;
  readonly self: NodeId;
  readonly role: Role;
  /** 0: none known. */
  readonly leader: NodeId;
  readonly term: number;
  /** 0: nobody. */
  readonly vote: NodeId;
  readonly mayVote: boolean;
  readonly commit: number;
  readonly applied: number;
  /** First index that is not cut. */
  readonly firstIndex: number;
  /** First index that is in memory; lastIndex + 1 when none is. */
  readonly memoryFirstIndex: number;
  readonly memoryBytes: number;
  readonly lastIndex: number;
  readonly durableIndex: number;
  /** Bytes of entries not yet applied here. */
  readonly unappliedBytes: number;
  /** In force: the last in the log, committed or not. */
  readonly configuration: Configuration;
  /** Index of its entry, or `applied` at the start. The change is done when this is committed and there are no votersOutgoing. */
  readonly configurationIndex: number;
  /** All others of the configuration; empty unless leader. */
  readonly peers: readonly PeerStatus[];
  /** Durable on every voter and learner: known to a leader, and to a follower from its leader's beats; 0: not known in this term. */
  readonly allMatch: number;
  /** Leads, and has applied its own EMPTY_CONTENT entry: it knows all that was committed before it. */
  readonly leaderReady: boolean;
  /** Until then by the host's monotonic clock it may serve reads under its lease; −∞: none. */
  readonly leaseUntilMs: number;
  /** Target of a leader transfer under way; 0: none. */
  readonly transferTo: NodeId;
  /** Needs no ticks until something wakes it. */
  readonly quiet: boolean;
  readonly ignored: IgnoredCounts;
}
