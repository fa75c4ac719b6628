import { allocateValues, rowsOf, wordsOf } from "../columns.ts";
import { countBits, hasBit, presenceBytes, presentRows } from "../presence.ts";
import { takeColumn } from "../rows.ts";
import { type Column, type ColumnValues, DataType, type TextVector } from "../types.ts";
import { Encoding, Presence } from "./codes.ts";
import type { Sink } from "./sink.ts";
import { Source } from "./source.ts";
import { decodeValues, encodeValues } from "./values.ts";

/** What the directory says of an encoded column. */
export interface EncodedColumn {
  readonly encoding: number;
  readonly presence: number;
}

/** Writes null map and present values of a column; those of rows without a value are left out. */
export function encodeColumn(sink: Sink, column: Column): EncodedColumn {
  const rows = rowsOf(column);
  const { present } = column;
  const count = present === undefined ? rows : countBits(present, 0, rows);
  if (present === undefined || count === rows) return { encoding: encodeValues(sink, column), presence: Presence.ALL };
  if (count === 0) return { encoding: Encoding.PLAIN, presence: Presence.NONE };
  writeBits(sink, present, rows);
  return { encoding: encodeValues(sink, takeColumn(column, presentRows(present, rows))), presence: Presence.BITS };
}

function writeBits(sink: Sink, present: Uint8Array, rows: number): void {
  const at = sink.length;
  sink.raw(present.subarray(0, presenceBytes(rows)));
  if ((rows & 7) !== 0) {
    const lastByte = at + presenceBytes(rows) - 1;
    sink.bytes[lastByte] = (sink.bytes[lastByte] as number) & (0xff >>> (8 - (rows & 7)));
  }
}

/** What a decoder has to know of a column. */
export interface ColumnShape extends EncodedColumn {
  readonly type: DataType;
  readonly rows: number;
  /** Rows with a value. */
  readonly count: number;
  readonly textBytes: number;
  /** For messages. */
  readonly name: string;
}

/** Reads what encodeColumn wrote. */
export function decodeColumn(bytes: Uint8Array, shape: ColumnShape): Column {
  const { type, rows, count, presence, encoding, textBytes } = shape;
  const out = allocateValues(type, rows, textBytes);
  if (presence === Presence.NONE)
    return { ...out, present: rows === 0 ? undefined : new Uint8Array(presenceBytes(rows)) };
  const source = new Source(bytes, shape.name);
  const present = presence === Presence.ALL ? undefined : readBits(source, rows, count);
  decodeValues(source, encoding, out, count);
  source.finish();
  if (present !== undefined) scatter(out, present, rows, count);
  return { ...out, present };
}

function readBits(source: Source, rows: number, count: number): Uint8Array {
  const present = new Uint8Array(source.raw(presenceBytes(rows)));
  if ((rows & 7) !== 0 && (present[present.length - 1] as number) >>> (rows & 7) !== 0)
    throw source.malformed("bits past the last row in the null map");
  if (count === 0 || count === rows || countBits(present, 0, rows) !== count)
    throw source.malformed(`null map and count (${count}) disagree`);
  return present;
}

/** Moves the first `count` values to the rows that have one, from the last on, so that none is overwritten before it has moved. */
function scatter(out: ColumnValues, present: Uint8Array, rows: number, count: number): void {
  if (out.type === DataType.TEXT) scatterTexts(out.values, present, rows, count);
  else if (out.type === DataType.BOOLEAN) scatterWords(out.values, present, rows, count);
  else if (out.values.BYTES_PER_ELEMENT === 4) scatterWords(wordsOf(out.values), present, rows, count);
  else scatterPairs(wordsOf(out.values), present, rows, count);
}

function scatterWords(values: Uint8Array | Int32Array, present: Uint8Array, rows: number, count: number): void {
  let from = count;
  for (let i = rows - 1; i >= 0; i--) values[i] = hasBit(present, i) ? (values[--from] as number) : 0;
}

function scatterPairs(values: Int32Array, present: Uint8Array, rows: number, count: number): void {
  let from = 2 * count;
  for (let i = 2 * rows - 2; i >= 0; i -= 2) {
    if (hasBit(present, i >>> 1)) {
      values[i + 1] = values[--from] as number;
      values[i] = values[--from] as number;
    } else {
      values[i + 1] = 0;
      values[i] = 0;
    }
  }
}

function scatterTexts(values: TextVector, present: Uint8Array, rows: number, count: number): void {
  const { offsets } = values;
  let from = count;
  for (let i = rows; i > 0; i--) {
    offsets[i] = offsets[from] as number;
    if (hasBit(present, i - 1)) from--;
  }
}
