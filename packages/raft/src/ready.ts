import type { NodeId } from "@ringtide/common";
import type { Entry, HardState, Message } from "./types.ts";

/** Entries that a follower needs and that left memory: read what you like of the range, from its start, and call supplyEntries. */
export interface DiskRead {
  readonly to: NodeId;
  readonly fromIndex: number;
  readonly throughIndex: number;
}

/**
 * Work for the host. Several Readys may be under way at once, but they are persisted in the order in which they were taken, and
 * the `messagesAfterPersist` of one leave only when it and all before it are durable.
 */
export interface Ready {
  /** To make durable before messagesAfterPersist leave; undefined: as before. */
  readonly hardState: HardState | undefined;
  /** To append to the durable log; entries[0].index may lie below its end: what is there from that index on is replaced. */
  readonly entries: readonly Entry[];
  /** May leave at once, while the entries are being written. */
  readonly messages: readonly Message[];
  /** Promises (votes, acknowledgements) that this Ready makes durable. Those that are durable already are among `messages`. */
  readonly messagesAfterPersist: readonly Message[];
  /** To apply in order: committed, and durable here. */
  readonly committed: readonly Entry[];
  readonly diskReads: readonly DiskRead[];
  /** Followers that need entries which are cut. */
  readonly snapshotsNeeded: readonly { readonly to: NodeId }[];
  /** Role, leader or term changed since the Ready before. */
  readonly leaderChanged: boolean;
}
