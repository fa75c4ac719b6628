import type { NodeId } from "@ringtide/common";
import type { Configuration, Entry, HardState, Message } from "./types.ts";

/** Entries that a follower needs and that left memory: read what you like of the range, from its start, and call supplyEntries. */
export interface DiskRead {
  readonly to: NodeId;
  readonly fromIndex: number;
  readonly throughIndex: number;
}

/** A read asked for with readIndex: it may be served where `index` is applied. */
export interface ReadState {
  readonly context: number;
  readonly index: number;
}

/** The leader `from` offers the snapshot at `index`, whose last entry has `term`: it is above all that is committed here. */
export interface SnapshotOffer {
  readonly from: NodeId;
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
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
  /** Followers that need entries which are cut: answer with offerSnapshot. Asked again, at most every electionTicksMax, while they need it. */
  readonly snapshotsNeeded: readonly { readonly to: NodeId }[];
  /** To pull, then, if needsSnapshot() still says so, to install durably and to start a new core from. Offers come again while the log stays behind them. */
  readonly snapshotOffers: readonly SnapshotOffer[];
  readonly readStates: readonly ReadState[];
  /** Role, leader or term changed since the Ready before. */
  readonly leaderChanged: boolean;
}
