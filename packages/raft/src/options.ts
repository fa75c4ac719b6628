import type { GroupNumber, NodeId } from "@ringtide/common";
import type { Configuration, Entry, EntryKind, HardState } from "./types.ts";

/** From `fromIndex` on, up to the next run, entries have this term. */
export interface TermRun {
  readonly fromIndex: number;
  readonly term: number;
}

/** The log that a core starts from. */
export interface InitialLog {
  /** First index that is not cut, ≥ 1. */
  readonly firstIndex: number;
  /** Last durable index; firstIndex − 1 when nothing is there. */
  readonly lastIndex: number;
  /** Terms of firstIndex − 1 … lastIndex; a fresh log has [{ fromIndex: 0, term: 0 }]. */
  readonly termRuns: readonly TermRun[];
  /** The tail that is kept in memory, up to lastIndex. It reaches back to applied + 1 at least; empty when all is applied. */
  readonly entries: readonly Entry[];
}

/** What a core is given once. Ticks are the host's: it calls tick() at a steady pace. */
export interface RaftOptions {
  readonly group: GroupNumber;
  readonly self: NodeId;
  /** As of `applied`, from the checkpoint; later ones are taken from log.entries. Without voters: a joining replica, which waits to be told. */
  readonly configuration: Configuration;
  readonly hardState: HardState;
  readonly log: InitialLog;
  /** Applied and durable in the state machine: entries after it are handed out in Ready.committed. */
  readonly applied: number;
  /** Known committed at start, for example the checkpoint's index. */
  readonly commit: number;
  /** Without word from a leader for a random time of [min, max] ticks a follower campaigns. At least 3 × heartbeatTicks, or one lost beat elects. */
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  readonly heartbeatTicks: number;
  /**
   * Adds priority × (max − min) / 4 ticks to this replica's election time-out: 0 for the preferred leader, k for the k-th replica
   * after it. Only a preference: any replica can still win.
   */
  readonly priority: number;
  /**
   * Lease reads (thesis section 6.4.1); 0: none. A lease lasts this long from when a round of beats left that a quorum answered. Must be below
   * (electionTicksMin − 1) ticks as the fastest clock of the group counts them, else a read may be stale; all members need the same setting,
   * or at least one above 0, as it also makes a replica vote for nobody until electionTicksMin after its start.
   */
  readonly leaseMs: number;
  /** Ticks without a proposal or read after which a settled group goes quiet, if its host wakes it (README, duties); 0: never. */
  readonly quiesceAfterTicks: number;
  /** Append requests on their way to one follower: more only add memory and resent bytes after a break. */
  readonly maxInflightRequests: number;
  /** Bytes on their way to one follower; should be above bandwidth × round trip, or it limits throughput. */
  readonly maxInflightBytes: number;
  /** Bytes of entries in one append request, and in one Ready.committed (one larger entry passes alone). */
  readonly maxAppendBytes: number;
  /** Entries proposed and not yet applied here may take this many bytes; propose() beyond it throws OVERLOADED. */
  readonly maxUncommittedBytes: number;
  /** Applied entries stay in memory for followers a little behind: trimmed to `min` once there are more than `max`, and by bytes. */
  readonly memoryEntriesMax: number;
  readonly memoryEntriesMin: number;
  readonly memoryBytesMax: number;
  /** Uniform integer of [0, bound). */
  readonly randomBelow: (bound: number) => number;
  /**
   * False: the log of this replica lost entries that it had acknowledged (damage before its durable mark). It neither votes nor campaigns until
   * its log matches a leader's up to a commit index of that leader's own term, before which all that it lost must lie.
   */
  readonly mayVote: boolean;
}

/** What propose() takes; the core gives index and term. */
export interface ProposalDraft {
  readonly kind: EntryKind;
  readonly session: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}
