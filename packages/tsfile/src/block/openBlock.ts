import { crc32c } from "@node-rs/crc32";
import { decodeColumn } from "../encoding/columns.ts";
import { decodeTimes } from "../encoding/times.ts";
import { malformed } from "../errors.ts";
import type { Column, ColumnBatch, TimeVector } from "../types.ts";
import { BlockHeader } from "./header.ts";
import { type BlockFacts, HeaderFacts } from "./headerFacts.ts";

/** A block whose header has been checked; times and columns are decoded as they are asked for, each time anew. */
export interface BlockView extends BlockFacts {
  readonly hasTimes: boolean;
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

export class OpenBlock extends HeaderFacts implements BlockView {
  readonly #body: Uint8Array;

  constructor(header: BlockHeader, body: Uint8Array) {
    super(header);
    this.#body = body;
  }

  get hasTimes(): boolean {
    return this.header.hasTimes;
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
