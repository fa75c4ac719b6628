import type { GroupNumber, PathPattern, RequestId } from "@ringtide/common";
import type { ColumnBatch, ColumnStatistics, DataType, Point } from "@ringtide/tsfile";

/** A series as the schema has it. `id` names this incarnation and is never used again in its group. */
export interface Series {
  readonly id: number;
  readonly device: string;
  readonly measurement: string;
  readonly type: DataType;
  readonly encoding: string;
  readonly compression: string;
}

/** Rows of one device as one encoded block; `measurements[i]` is the block's column i. */
export interface DeviceBlock {
  readonly device: string;
  readonly measurements: readonly string[];
  readonly block: Uint8Array;
}

/** A value of a single-row insert, before the series' type is known. */
export type LooseValue =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "decimal"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "null" };

export interface LooseRow {
  readonly device: string;
  readonly time: bigint;
  readonly measurements: readonly string[];
  readonly values: readonly LooseValue[];
}

export interface SeriesDefinition {
  readonly path: string;
  readonly type: DataType;
  readonly encoding: string;
  readonly compression: string;
}

/** What a data group's log can ask of an engine. All of one command takes effect, or nothing of it. */
export type Command =
  | { readonly kind: "insertBlocks"; readonly blocks: readonly DeviceBlock[] }
  | { readonly kind: "insertRows"; readonly rows: readonly LooseRow[] }
  | { readonly kind: "createSeries"; readonly series: readonly SeriesDefinition[] }
  /** Prefix paths match below. PATH_NOT_FOUND is judged by the coordinator, over all groups. */
  | { readonly kind: "deleteSeries"; readonly patterns: readonly string[] }
  /** Times are inclusive. */
  | { readonly kind: "deleteData"; readonly patterns: readonly string[]; readonly from: bigint; readonly to: bigint }
  /** Deletes all series below. */
  | { readonly kind: "dropStorageGroup"; readonly storageGroup: string };

/** Codec of a log entry's payload: encodeCommand(request: RequestId | undefined, command: Command): Uint8Array and decodeCommand. */
export interface DecodedCommand {
  readonly request: RequestId | undefined;
  readonly command: Command;
}

/** What applying did: the same on every replica. `affected` counts rows, series or tombstones. */
export type ApplyOutcome =
  | { readonly ok: true; readonly affected: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Inclusive on both ends. */
export interface TimeRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface ScanRequest {
  readonly device: string;
  /** Columns of the result, in this order; a measurement that the device does not have is an error of the caller. */
  readonly measurements: readonly string[];
  readonly range: TimeRange;
  readonly descending: boolean;
  readonly signal: AbortSignal;
}

/**
 * A piece of one series in time order, merged, without deleted points. `statistics` stands for all its points in
 * [firstTime, lastTime] (base + offsets); it is given only where the caller's `useStatistics` said yes and nothing newer, no tombstone
 * and no edge of the range touches the span.
 */
export type SeriesPiece =
  | { readonly kind: "points"; readonly batch: ColumnBatch }
  | { readonly kind: "statistics"; readonly base: bigint; readonly statistics: ColumnStatistics };

export interface PieceRequest {
  readonly device: string;
  readonly measurement: string;
  readonly range: TimeRange;
  /** Asked for each span that statistics could answer for; false to get its points. Left out: never. */
  readonly useStatistics?: (first: bigint, last: bigint) => boolean;
  readonly signal: AbortSignal;
}

/** The schema of one replica: what the devices of its slots have. */
export interface SchemaView {
  readonly seriesCount: number;
  readonly deviceCount: number;
  find(device: string, measurement: string): Series | undefined;
  /** Series of one device in creation order; empty when there is none. */
  ofDevice(device: string): readonly Series[];
  /** Matching series, ordered by path (code units). With `prefix`, a pattern also matches what lies below it. */
  match(pattern: PathPattern, options: { readonly prefix: boolean }): Iterable<Series>;
}

/** What queries may do with a replica: all reads see one state, that of the call. */
export interface EngineReader {
  readonly group: GroupNumber;
  readonly appliedIndex: number;
  readonly schema: SchemaView;
  /** Rows in which at least one of the measurements has a value, in batches of bounded size. */
  scan(request: ScanRequest): AsyncGenerator<ColumnBatch>;
  pieces(request: PieceRequest): AsyncGenerator<SeriesPiece>;
  /** The point with the greatest time, or undefined. */
  last(device: string, measurement: string): Promise<Point | undefined>;
}

/** A file of a replica or of a snapshot: equal on all replicas of a group. */
export interface FileIdentity {
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

/** A snapshot of a replica as of one checkpoint; JSON. */
export interface SnapshotManifest {
  readonly format: 1;
  readonly group: GroupNumber;
  /** Its checkpoint: the log goes on after it. */
  readonly index: number;
  /** What the host gave with the CLOSE_FILE of the checkpoint, in hexadecimal digits. */
  readonly groupState: string;
  /** Data files of the replica, and one with all the rest. */
  readonly files: readonly FileIdentity[];
}

/** A replica's storage. Implemented by Engine (engine.ts), opened with `Engine.open(options)`. */
export interface ReplicaStorage extends EngineReader {
  /** State up to this index is durable in files and Kv: replay begins after it, and the log before it may be cut. */
  readonly checkpointIndex: number;
  /** What `closeFile` was given for `checkpointIndex`; empty before the first. */
  readonly checkpointState: Uint8Array;
  /** True while a close waits for room on the disk: it is tried again until there is. */
  readonly isDiskFull: boolean;
  /** Bytes of open and closing memtables. */
  readonly memtableBytes: number;
  /** Log index of the oldest entry that only the memtable holds; 0 when there is none. */
  readonly oldestUnflushedIndex: number;
  /**
   * Full check of a payload before it is proposed (decodes every block once); throws. `isCurrent` (true when left out): this replica
   * has applied all that was acknowledged, so types are checked too; they are judged again at apply.
   */
  check(payload: Uint8Array, isCurrent?: boolean): void;
  /** Applies a PHYSICAL_PLAN payload. Synchronous and deterministic; throws only when this replica cannot go on. Indexes ascend. */
  apply(index: number, payload: Uint8Array): ApplyOutcome;
  /** Applies an entry without a command (EMPTY_CONTENT, CONFIG_CHANGE). */
  skip(index: number): void;
  /**
   * Applies CLOSE_FILE: everything before `index` goes to one immutable file, in the background; then the checkpoint moves to `index`.
   * `groupState`, at most 64 KiB, is the host's: it is kept with the checkpoint.
   */
  closeFile(index: number, groupState: Uint8Array): void;
  /** Resolves when no close is under way (all checkpoints written); rejects when one failed, or is not made because of `close`. */
  settled(): Promise<void>;
  /** Called after each checkpoint. */
  onCheckpoint(listener: (index: number) => void): void;
  /** File names with sizes and digests, for comparing replicas. */
  files(): readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly digest: string;
    readonly points: number;
  }[];
  /**
   * Puts the state as of the last checkpoint into `directory`, which is made if need be, is on the same file system and belongs to the caller:
   * links of the data files, and one file with everything else, all durable. Applying, closing and reading go on meanwhile. NO_CHECKPOINT
   * before the first CLOSE_FILE, DISK_CORRUPT while a file is damaged. What a failed export has made is removed.
   */
  exportSnapshot(directory: string): Promise<SnapshotManifest>;
  /** Files that are missing, or that a read, the opening or `verify` found damaged. Reads that may need them fail with DISK_CORRUPT (details: file). */
  damagedFiles(): readonly FileIdentity[];
  /** Told once of each file that is found damaged from now on. */
  onDamage(listener: (file: FileIdentity) => void): void;
  /** Reads every file whole, or the one of that name, and marks as damaged what is not as the manifest says. Throws the signal's reason when it aborts. */
  verify(signal: AbortSignal, options?: { readonly bytesPerSecond?: number; readonly name?: string }): Promise<void>;
  /**
   * Puts a good copy, a file of the same file system that stays the caller's, in the place of a file, durably; the file is no longer damaged
   * then. DISK_CORRUPT when the copy is not what the manifest says: nothing changes. Reads under way may fail with DISK_CORRUPT.
   */
  replaceFile(name: string, path: string): Promise<void>;
  close(): Promise<void>;
}
