import type {
  Clock,
  Compute,
  Disk,
  GroupNumber,
  Kv,
  Logger,
  Metrics,
  RingtideError,
  SlotStrategy,
} from "@ringtide/common";

export interface EngineOptions {
  readonly group: GroupNumber;
  /** The group's own directory: files in it that the manifest does not know are removed. */
  readonly directory: string;
  readonly kv: Kv;
  /** Keys of the group begin with it, and no other key does. */
  readonly kvPrefix: Uint8Array;
  readonly disk: Disk;
  readonly compute: Compute;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly slotStrategy: SlotStrategy;
  /** Inserts create series that are missing; else they are refused with PATH_NOT_FOUND. The same on all replicas. */
  readonly autoCreateSeries: boolean;
  /** Largest payload that `check` lets pass. */
  readonly maxEntryBytes: number;
  /** Rows of a merged block; the same on all replicas, because files depend on it. */
  readonly blockRows?: number;
  /** Rows of a result batch at most. */
  readonly maxBatchRows?: number;
  /** Told when writing a file or checkpoint failed: nothing more is written, and the replica should stop. */
  readonly onFailure?: (error: RingtideError) => void;
}

export const DEFAULT_BLOCK_ROWS = 4096;
export const DEFAULT_MAX_BATCH_ROWS = 16_384;
