import { crc32c } from "@node-rs/crc32";
import { isDataType, typeName, widthOf } from "../columns.ts";
import { Presence } from "../encoding/codes.ts";
import { ERA_SPAN } from "../eras.ts";
import { malformed } from "../errors.ts";
import { EMPTY_STATISTICS } from "../statistics.ts";
import { type ColumnStatistics, DataType } from "../types.ts";
import { MAX_BLOCK_COLUMNS, MAX_BLOCK_DECODED_BYTES, MAX_BLOCK_ROWS } from "./limits.ts";
import { type BlockSpan, readStatistics, statisticsBytes } from "./statisticsCodec.ts";

/** First byte of a block. */
export const BLOCK_MAGIC = 0xb7;
export const BLOCK_VERSION = 1;
export const HAS_TIMES = 1;
/** Bytes before the directory. */
export const FIXED_BYTES = 48;
/** Bytes of a directory entry before its statistics; TEXT has 4 more. */
export const ENTRY_BYTES = 12;

const ERA_TICKS = Number(ERA_SPAN);

/** Header and directory of a block, checked; the layout is in docs/internals/file-format.md. */
export class BlockHeader implements BlockSpan {
  readonly rows: number;
  readonly hasTimes: boolean;
  readonly base: bigint;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly columnCount: number;
  readonly timeEncoding: number;
  readonly timeBytes: number;
  readonly timeCrc: number;
  /** Bytes of header, directory and their CRC. */
  readonly sizeBytes: number;
  /** Bytes of times and columns, which follow. */
  readonly bodyBytes: number;
  /** Memory that all of the block takes when decoded. */
  readonly decodedBytes: number;
  readonly #view: DataView;
  /** Where each column's directory entry begins, in bytes from the start of the block. */
  readonly #entries: Uint32Array;
  /** Where each column begins, in bytes from the start of the body. */
  readonly #columns: Float64Array;

  /** `bytes` may be longer than the header. `crc`: false where the caller has checked these bytes already. */
  constructor(bytes: Uint8Array, crc: boolean) {
    if (bytes.length < FIXED_BYTES + 4) throw malformed(`${bytes.length} bytes are too few for a header`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(0) !== BLOCK_MAGIC) throw malformed("it does not begin like one");
    if (view.getUint8(1) !== BLOCK_VERSION) throw malformed(`unknown version ${view.getUint8(1)}`);
    const directoryEnd = FIXED_BYTES + view.getUint32(12, true);
    if (directoryEnd + 4 > bytes.length) throw malformed("its directory ends past its end");
    if (crc && crc32c(bytes.subarray(0, directoryEnd)) !== view.getUint32(directoryEnd, true))
      throw malformed("the checksum of its header fails");
    const flags = view.getUint8(2);
    if ((flags & ~HAS_TIMES) !== 0 || view.getUint16(10, true) !== 0) throw malformed("unknown flags");
    this.#view = view;
    this.hasTimes = (flags & HAS_TIMES) !== 0;
    this.timeEncoding = view.getUint8(3);
    this.rows = view.getUint32(4, true);
    this.columnCount = view.getUint16(8, true);
    this.base = view.getBigInt64(16, true);
    this.firstTime = view.getFloat64(24, true);
    this.lastTime = view.getFloat64(32, true);
    this.timeBytes = view.getUint32(40, true);
    this.timeCrc = view.getUint32(44, true);
    this.sizeBytes = directoryEnd + 4;
    if (this.rows > MAX_BLOCK_ROWS) throw malformed(`${this.rows} rows, at most ${MAX_BLOCK_ROWS} are allowed`);
    if (this.columnCount > MAX_BLOCK_COLUMNS)
      throw malformed(`${this.columnCount} columns, at most ${MAX_BLOCK_COLUMNS} are allowed`);
    this.#checkSpan();
    this.#entries = new Uint32Array(this.columnCount);
    this.#columns = new Float64Array(this.columnCount + 1);
    this.decodedBytes = this.#readDirectory(directoryEnd);
    this.bodyBytes = this.#columns[this.columnCount] as number;
  }

  #checkSpan(): void {
    const { base, firstTime, lastTime, rows } = this;
    if (base % ERA_SPAN !== 0n) throw malformed(`base ${base} is no start of an era`);
    const isOrdered = 0 <= firstTime && firstTime <= lastTime && lastTime < ERA_TICKS;
    if (!isOrdered || !Number.isInteger(firstTime) || !Number.isInteger(lastTime))
      throw malformed(`first and last time ${firstTime} and ${lastTime} are no offsets in an era`);
    if (rows > 0 && this.hasTimes && lastTime - firstTime < rows - 1)
      throw malformed(`${rows} rows cannot have ascending times from ${firstTime} to ${lastTime}`);
    if ((!this.hasTimes || rows === 0) && (this.timeBytes !== 0 || lastTime !== 0 || base !== 0n))
      throw malformed("it has times without rows");
  }

  /** Walks over the entries; returns the decoded bytes. */
  #readDirectory(end: number): number {
    let at = FIXED_BYTES;
    let body = this.timeBytes;
    let decoded = this.hasTimes ? this.rows * 8 : 0;
    for (let i = 0; i < this.columnCount; i++) {
      if (at + ENTRY_BYTES + 4 > end + 4) throw malformed(`its directory ends before column ${i}`);
      this.#entries[i] = at;
      this.#columns[i] = body;
      body += this.#view.getUint32(at + 4, true);
      decoded += this.#checkEntry(i, end);
      if (decoded > MAX_BLOCK_DECODED_BYTES)
        throw malformed(`it would take more than ${MAX_BLOCK_DECODED_BYTES} bytes of memory`);
      at = this.#statisticsAt(i);
      if (this.presence(i) !== Presence.NONE && this.rows > 0)
        at += statisticsBytes(this.#view, at, end, this.type(i), this.#isPartial(i));
    }
    if (at !== end) throw malformed("its directory has bytes left over");
    this.#columns[this.columnCount] = body;
    return decoded;
  }

  /** Returns the decoded bytes of column `i`. */
  #checkEntry(i: number, end: number): number {
    const at = this.#entries[i] as number;
    const type = this.#view.getUint8(at);
    if (!isDataType(type)) throw malformed(`column ${i} has the unknown type ${type}`);
    const presence = this.presence(i);
    if (presence > Presence.NONE || this.#view.getUint8(at + 3) !== 0) throw malformed(`column ${i} has unknown flags`);
    if (this.#statisticsAt(i) > end) throw malformed(`its directory ends within column ${i}`);
    if (presence === Presence.NONE && (this.columnBytes(i) !== 0 || this.textBytes(i) !== 0))
      throw malformed(`column ${i} has bytes but no value`);
    const bits = presence === Presence.ALL ? 0 : this.rows / 8;
    return bits + this.rows * widthOf(type) + (type === DataType.TEXT ? this.textBytes(i) : 0);
  }

  #statisticsAt(i: number): number {
    return (this.#entries[i] as number) + ENTRY_BYTES + (this.type(i) === DataType.TEXT ? 4 : 0);
  }

  #isPartial(i: number): boolean {
    return this.presence(i) === Presence.BITS;
  }

  type(i: number): DataType {
    return this.#view.getUint8(this.#entries[i] as number) as DataType;
  }
  encoding(i: number): number {
    return this.#view.getUint8((this.#entries[i] as number) + 1);
  }
  presence(i: number): number {
    return this.#view.getUint8((this.#entries[i] as number) + 2);
  }
  /** Encoded bytes of column `i`. */
  columnBytes(i: number): number {
    return this.#view.getUint32((this.#entries[i] as number) + 4, true);
  }
  columnCrc(i: number): number {
    return this.#view.getUint32((this.#entries[i] as number) + 8, true);
  }
  /** Where column `i` begins, in bytes from the start of the body. */
  columnStart(i: number): number {
    return this.#columns[i] as number;
  }
  /** Bytes of all texts of a TEXT column; 0 for other types. */
  textBytes(i: number): number {
    if (this.type(i) !== DataType.TEXT) return 0;
    return this.#view.getUint32((this.#entries[i] as number) + ENTRY_BYTES, true);
  }
  /** Rows with a value. */
  count(i: number): number {
    const presence = this.presence(i);
    if (presence === Presence.NONE) return 0;
    return presence === Presence.ALL ? this.rows : this.#view.getUint32(this.#statisticsAt(i), true);
  }
  statistics(i: number): ColumnStatistics {
    if (this.presence(i) === Presence.NONE || this.rows === 0) return EMPTY_STATISTICS;
    return readStatistics(this.#view, this.#statisticsAt(i), this.type(i), this.#isPartial(i), this);
  }
  /** The directory entry of column `i` as bytes. */
  entry(i: number): Uint8Array {
    return this.#entryFrom(i, this.#entries[i] as number);
  }
  /** Its statistics as bytes. */
  statisticsBytes(i: number): Uint8Array {
    return this.#entryFrom(i, this.#statisticsAt(i));
  }
  #entryFrom(i: number, at: number): Uint8Array {
    const next = i + 1 < this.columnCount ? (this.#entries[i + 1] as number) : this.sizeBytes - 4;
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, next - at);
  }
  /** `column 3 (DOUBLE)`, for messages. */
  columnName(i: number): string {
    return `column ${i} (${typeName(this.type(i))})`;
  }
}
