import { crc32c } from "@node-rs/crc32";
import { decodeColumn } from "../encoding/columns.ts";
import { decodeTimes } from "../encoding/times.ts";
import { malformed } from "../errors.ts";
import type { Column, ColumnBatch, ColumnStatistics, DataType, TimeVector } from "../types.ts";
import { BlockHeader } from "./header.ts";

/** A block whose header has been checked; times and columns are decoded as they are asked for, each time anew. */
export interface BlockView {
  readonly rows: number;
  readonly hasTimes: boolean;
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
  /** BLOCK_MALFORMED when the block has none. */
  times(): TimeVector;
  column(column: number): Column;
  batch(): ColumnBatch;
}

/** Parses and checks header and directory; BLOCK_MALFORMED says what is wrong. `bytes` are kept, not copied. */
export function openBlock(bytes: Uint8Array): BlockView {
  return openHeader(bytes);
}

/** The same, with what only this package may see. */
export function openHeader(bytes: Uint8Array): OpenBlock {
  const header = new BlockHeader(bytes, true);
  if (header.sizeBytes + header.bodyBytes !== bytes.length)
    throw malformed(`${bytes.length} bytes where its header says ${header.sizeBytes + header.bodyBytes}`);
  return new OpenBlock(header, bytes.subarray(header.sizeBytes));
}

export class OpenBlock implements BlockView {
  readonly header: BlockHeader;
  readonly #body: Uint8Array;

  constructor(header: BlockHeader, body: Uint8Array) {
    this.header = header;
    this.#body = body;
  }

  get rows(): number {
    return this.header.rows;
  }
  get hasTimes(): boolean {
    return this.header.hasTimes;
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

  times(): TimeVector {
    const { base, rows, hasTimes, timeBytes, timeCrc, timeEncoding, firstTime, lastTime } = this.header;
    if (!hasTimes) throw malformed("it has no times");
    if (rows === 0) return { base, offsets: new Float64Array(0) };
    const bytes = this.#body.subarray(0, timeBytes);
    if (crc32c(bytes) !== timeCrc) throw malformed("the checksum of its times fails");
    return { base, offsets: decodeTimes(bytes, timeEncoding, rows, firstTime, lastTime) };
  }

  column(i: number): Column {
    const header = this.header;
    const start = header.columnStart(i);
    const bytes = this.#body.subarray(start, start + header.columnBytes(i));
    const name = header.columnName(i);
    if (crc32c(bytes) !== header.columnCrc(i)) throw malformed(`the checksum of ${name} fails`);
    return decodeColumn(bytes, {
      type: header.type(i),
      encoding: header.encoding(i),
      presence: header.presence(i),
      rows: header.rows,
      count: header.count(i),
      textBytes: header.textBytes(i),
      name,
    });
  }

  batch(): ColumnBatch {
    const columns: Column[] = [];
    for (let i = 0; i < this.columnCount; i++) columns.push(this.column(i));
    return { rows: this.rows, times: this.hasTimes ? this.times() : undefined, columns };
  }
}
