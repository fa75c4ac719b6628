import type { ColumnStatistics, DataType } from "../types.ts";
import type { BlockHeader } from "./header.ts";

/** What a block's header says of it, without its body: the same of a block in memory and of one in a file. */
export interface BlockFacts {
  readonly rows: number;
  /** Start of the era of the times. */
  readonly base: bigint;
  /** Offsets from `base`; 0 without times or rows. */
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

export class HeaderFacts implements BlockFacts {
  readonly header: BlockHeader;

  constructor(header: BlockHeader) {
    this.header = header;
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
