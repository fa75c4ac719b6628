import type { ByteReader, ByteWriter } from "@ringtide/common";
import { type Column, type ColumnBatch, DataType, emptyColumn } from "@ringtide/tsfile";
import { dataTypeOf, textBytes } from "../columns/build.ts";

/** Presence of a column's values: in every row, as bits, in no row. */
const ALL = 0;
const BITS = 1;
const NONE = 2;
/** Bytes of a value by type code. */
const WIDTHS = [1, 4, 8, 4, 8] as const;

/**
 * Columns as they lie in memory (little-endian), a copy each way: for results that are no ascending rows of one device, and small ones.
 */
export function writeBatch(out: ByteWriter, batch: ColumnBatch): void {
  out.u32(batch.rows).u8(batch.times === undefined ? 0 : 1);
  if (batch.times !== undefined) out.i64(batch.times.base).raw(bytesOf(batch.times.offsets));
  out.u32(batch.columns.length);
  for (const column of batch.columns) writeColumn(out, column, batch.rows);
}

function writeColumn(out: ByteWriter, column: Column, rows: number): void {
  const { present } = column;
  const presence = present === undefined ? ALL : present.every((byte) => byte === 0) ? NONE : BITS;
  out.u8(column.type).u8(presence);
  if (presence === NONE) return;
  if (present !== undefined) out.raw(present.subarray(0, bitBytes(rows)));
  if (column.type !== DataType.TEXT) {
    out.raw(bytesOf(column.values));
    return;
  }
  const { offsets, bytes } = column.values;
  const start = offsets[0] as number;
  out.raw(bytesOf(start === 0 ? offsets : offsets.map((offset) => offset - start)));
  out.raw(bytes.subarray(start, start + textBytes(offsets)));
}

function bitBytes(rows: number): number {
  return (rows + 7) >>> 3;
}

function bytesOf(values: Exclude<Column["values"], { bytes: Uint8Array }> | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export function readBatch(input: ByteReader): ColumnBatch {
  const rows = input.u32();
  let times: ColumnBatch["times"];
  if (input.u8() === 1) {
    const base = input.i64();
    times = { base, offsets: new Float64Array(copyOf(input, rows * 8)) };
  }
  const count = input.count(2);
  const columns: Column[] = [];
  const blanks = new Map<DataType, Column>();
  for (let i = 0; i < count; i++) columns.push(readColumn(input, rows, blanks));
  return { rows, times, columns };
}

/** A copy that typed arrays of any width can be laid over. */
function copyOf(input: ByteReader, byteCount: number): ArrayBuffer {
  const bytes = new Uint8Array(byteCount <= input.remaining ? byteCount : 0);
  bytes.set(input.raw(byteCount));
  return bytes.buffer;
}

function readColumn(input: ByteReader, rows: number, blanks: Map<DataType, Column>): Column {
  const type = dataTypeOf(input.u8());
  const presence = input.u8();
  if (presence > NONE) input.fail(`presence ${presence}`);
  if (presence === NONE) {
    // Such a column takes no bytes for its rows: columns share the memory, and rows are bounded by themselves.
    if (rows > MAX_NULL_ROWS) input.fail(`${rows} rows without a value`);
    const blank = blanks.get(type) ?? emptyColumn(type, rows);
    blanks.set(type, blank);
    return blank;
  }
  const present = presence === BITS ? new Uint8Array(copyOf(input, bitBytes(rows))) : undefined;
  if (type === DataType.TEXT) return readText(input, rows, present);
  const bytes = copyOf(input, rows * WIDTHS[type]);
  switch (type) {
    case DataType.BOOLEAN:
      return { type, values: new Uint8Array(bytes), present };
    case DataType.INT32:
      return { type, values: new Int32Array(bytes), present };
    case DataType.INT64:
      return { type, values: new BigInt64Array(bytes), present };
    case DataType.FLOAT:
      return { type, values: new Float32Array(bytes), present };
    case DataType.DOUBLE:
      return { type, values: new Float64Array(bytes), present };
  }
}

const MAX_NULL_ROWS = 1 << 20;

function readText(input: ByteReader, rows: number, present: Uint8Array | undefined): Column {
  const offsets = new Uint32Array(copyOf(input, (rows + 1) * 4));
  for (let i = 0; i < rows; i++) {
    if ((offsets[i + 1] as number) < (offsets[i] as number)) input.fail("offsets of texts that go back");
  }
  if (offsets[0] !== 0) input.fail("texts that do not begin at 0");
  const bytes = new Uint8Array(copyOf(input, offsets[rows] as number));
  return { type: DataType.TEXT, values: { offsets, bytes }, present };
}
