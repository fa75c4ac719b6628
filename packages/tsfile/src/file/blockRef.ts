import type { BlockHeader } from "../block/header.ts";
import type { ColumnStatistics, DataType } from "../types.ts";

/** A block in a file, as the file's index knows it: nothing of it has been read from the disk yet. */
export interface BlockRef {
  readonly deviceId: number;
  /** Series of the columns, by id. */
  readonly seriesIds: Uint32Array;
  readonly rows: number;
  /** Start of the era of the times. */
  readonly base: bigint;
  /** Offsets from `base`. */
  readonly firstTime: number;
  readonly lastTime: number;
  readonly columnCount: number;
  /** Encoded bytes of the whole block, and the memory that it takes when all of it is decoded. */
  readonly sizeBytes: number;
  readonly decodedBytes: number;
  type(column: number): DataType;
  /** Rows with a value. */
  count(column: number): number;
  statistics(column: number): ColumnStatistics;
  /** Encoded bytes of one column. */
  columnBytes(column: number): number;
}

export class FileBlock implements BlockRef {
  readonly deviceId: number;
  readonly seriesIds: Uint32Array;
  readonly header: BlockHeader;
  /** Header and directory, as in the block. */
  readonly headerBytes: Uint8Array;
  /** Where its body begins in the file. */
  readonly bodyOffset: number;

  constructor(
    deviceId: number,
    seriesIds: Uint32Array,
    header: BlockHeader,
    headerBytes: Uint8Array,
    bodyOffset: number,
  ) {
    this.deviceId = deviceId;
    this.seriesIds = seriesIds;
    this.header = header;
    this.headerBytes = headerBytes;
    this.bodyOffset = bodyOffset;
  }

  get rows(): number {
    return this.header.rows;
  }
  get base(): bigint {
    return this.header.base;
  }
  get firstTime(): number {
    return this.header.firstTime;
  }
  get lastTime(): number {
    return this.header.lastTime;
  }
  get columnCount(): number {
    return this.header.columnCount;
  }
  get sizeBytes(): number {
    return this.header.sizeBytes + this.header.bodyBytes;
  }
  get decodedBytes(): number {
    return this.header.decodedBytes;
  }
  type(column: number): DataType {
    return this.header.type(column);
  }
  count(column: number): number {
    return this.header.count(column);
  }
  statistics(column: number): ColumnStatistics {
    return this.header.statistics(column);
  }
  columnBytes(column: number): number {
    return this.header.columnBytes(column);
  }
}
