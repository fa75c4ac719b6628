import type { Clock, Disk, GroupNumber, Logger, Metrics, RingtideError } from "@ringtide/common";
import type { Entry, HardState } from "@ringtide/raft";

/** Smallest and default size of a segment: small segments make purging slow. */
export const MIN_SEGMENT_BYTES = 64 * 1024 * 1024;
export const DEFAULT_SEGMENT_BYTES = 1024 * 1024 * 1024;

export interface RaftLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of the log alone; made when it is missing. The caller holds the lock of the data directory. */
  readonly directory: string;
  /** A segment that has reached this size is followed by a new one. In production at least MIN_SEGMENT_BYTES. */
  readonly segmentBytes: number;
  /** Largest payload of one entry: `raft_log_buffer_size`. Larger ones are TABLET_TOO_LARGE. */
  readonly maxEntryBytes: number;
  /** UUID of the node, kept in the log's files: a log of another node is DATA_DIR_FOREIGN. Left out: not checked. */
  readonly identity?: string;
  /** The log was made before: when it is gone, opening is refused with DISK_CORRUPT, for a new one would vote twice in a term. */
  readonly mustExist?: boolean;
  /**
   * Writing or fdatasync failed: the node must stop, for nobody knows what the disk holds. Called once;
   * all pending and later appends reject with the same error.
   */
  readonly onFailure: (error: RingtideError) => void;
}

/** Entries from `fromIndex` to before the next run have this term. */
export interface TermRun {
  readonly fromIndex: number;
  readonly term: number;
}

/** What the log holds of one group. An empty log has lastIndex = firstIndex − 1. */
export interface RecoveredGroup {
  readonly group: GroupNumber;
  readonly hardState: HardState;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Cover [firstIndex, lastIndex]; `RaftLog.term(group, firstIndex − 1)` gives the term before. */
  readonly termRuns: readonly TermRun[];
  /** Entries up to here are on the disk. */
  readonly durableIndex: number;
  /**
   * Entries of the group that were durable are, or may be, lost to damage: it must not vote or count before it has caught up. Stays so over
   * restarts until `RaftLog.trust`.
   */
  readonly damaged: boolean;
}

/** Appended together. Entries are consecutive; the first one may be anywhere in [firstIndex, lastIndex + 1]. */
export interface AppendBatch {
  readonly hardState?: HardState;
  readonly entries: readonly Entry[];
}
