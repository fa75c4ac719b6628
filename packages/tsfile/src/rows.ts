import { assert } from "@ringtide/common";
import { allocateValues, bytesOf, type FixedValues, rowsOf, widthOf, wordsOf } from "./columns.ts";
import { copyBits, hasBit, presenceBytes, setBit, sliceBits } from "./presence.ts";
import {
  type Column,
  type ColumnBatch,
  type ColumnValues,
  DataType,
  type TextVector,
  type TimeVector,
} from "./types.ts";

/** Rows [from, to) of a column; values are shared, not copied. */
function sliceColumn(column: Column, from: number, to: number): Column {
  const present = sliceBits(column.present, from, to);
  switch (column.type) {
    case DataType.BOOLEAN:
      return { type: column.type, values: column.values.subarray(from, to), present };
    case DataType.INT32:
      return { type: column.type, values: column.values.subarray(from, to), present };
    case DataType.INT64:
      return { type: column.type, values: column.values.subarray(from, to), present };
    case DataType.FLOAT:
      return { type: column.type, values: column.values.subarray(from, to), present };
    case DataType.DOUBLE:
      return { type: column.type, values: column.values.subarray(from, to), present };
    case DataType.TEXT: {
      const { offsets, bytes } = column.values;
      return { type: column.type, values: { offsets: offsets.subarray(from, to + 1), bytes }, present };
    }
  }
}

/** Rows [from, to) of a batch; values are shared, not copied. */
export function sliceBatch(batch: ColumnBatch, from: number, to: number): ColumnBatch {
  assert(0 <= from && from <= to && to <= batch.rows, "slice within the batch");
  if (from === 0 && to === batch.rows) return batch;
  const { times } = batch;
  return {
    rows: to - from,
    times: times && { base: times.base, offsets: times.offsets.subarray(from, to) },
    columns: batch.columns.map((column) => sliceColumn(column, from, to)),
  };
}

/** The rows of the given numbers, in that order. */
export function takeRows(batch: ColumnBatch, rows: Uint32Array): ColumnBatch {
  return {
    rows: rows.length,
    times: batch.times && takeTimes(batch.times, rows),
    columns: batch.columns.map((column) => takeColumn(column, rows)),
  };
}

/** The rows for which `keep` (one bit a row, as in a null map) is set. */
export function filterRows(batch: ColumnBatch, keep: Uint8Array): ColumnBatch {
  const rows = new Uint32Array(batch.rows);
  let n = 0;
  for (let i = 0; i < batch.rows; i++) if (((keep[i >>> 3] as number) >>> (i & 7)) & 1) rows[n++] = i;
  return n === batch.rows ? batch : takeRows(batch, rows.subarray(0, n));
}

/** The rows in opposite order. */
export function reverseBatch(batch: ColumnBatch): ColumnBatch {
  const rows = new Uint32Array(batch.rows);
  for (let i = 0; i < rows.length; i++) rows[i] = rows.length - 1 - i;
  return takeRows(batch, rows);
}

/** All rows of batches with the same column types, and times of one era (or none), in the order given. */
export function concatBatches(batches: readonly ColumnBatch[]): ColumnBatch {
  const [first] = batches;
  assert(first !== undefined, "at least one batch");
  if (batches.length === 1) return first;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return {
    rows,
    times: concatTimes(batches, rows),
    columns: first.columns.map((_, c) => concatColumns(batches.map((batch) => columnOf(batch, c)))),
  };
}

/** Column `c`, which must be there. */
export function columnOf(batch: ColumnBatch, c: number): Column {
  const column = batch.columns[c];
  assert(column !== undefined, "batches have the same columns");
  return column;
}

function concatTimes(batches: readonly ColumnBatch[], rows: number): TimeVector | undefined {
  const base = batches[0]?.times?.base;
  if (base === undefined) return undefined;
  const offsets = new Float64Array(rows);
  let at = 0;
  for (const { times } of batches) {
    assert(times?.base === base, "batches of one era");
    offsets.set(times.offsets, at);
    at += times.offsets.length;
  }
  return { base, offsets };
}

/** All rows of columns of one type, in the order given. */
function concatColumns(columns: readonly Column[]): Column {
  const type = columns[0]?.type as DataType;
  let rows = 0;
  let textBytes = 0;
  for (const column of columns) {
    assert(column.type === type, "columns of one type");
    rows += rowsOf(column);
    if (column.type === DataType.TEXT) textBytes += textBytesOf(column.values);
  }
  const out = allocateValues(type, rows, textBytes);
  let at = 0;
  for (const column of columns) {
    appendValues(out, at, column);
    at += rowsOf(column);
  }
  return { ...out, present: concatBits(columns, rows) };
}

function appendValues(out: ColumnValues, at: number, column: Column): void {
  if (out.type !== DataType.TEXT) {
    if (column.type !== DataType.TEXT) bytesOf(out.values).set(bytesOf(column.values), at * widthOf(out.type));
  } else if (column.type === DataType.TEXT) {
    const { offsets, bytes } = column.values;
    const start = offsets[0] as number;
    const shift = (out.values.offsets[at] as number) - start;
    out.values.bytes.set(bytes.subarray(start, offsets[offsets.length - 1]), start + shift);
    for (let i = 1; i < offsets.length; i++) out.values.offsets[at + i] = (offsets[i] as number) + shift;
  }
}

function concatBits(columns: readonly Column[], rows: number): Uint8Array | undefined {
  if (columns.every((column) => column.present === undefined)) return undefined;
  const present = new Uint8Array(presenceBytes(rows));
  let at = 0;
  for (const column of columns) {
    const count = rowsOf(column);
    copyBits(column.present, 0, count, present, at);
    at += count;
  }
  return present;
}

/** Bytes of all texts. */
export function textBytesOf(values: TextVector): number {
  return (values.offsets[values.offsets.length - 1] as number) - (values.offsets[0] as number);
}

export function takeTimes(times: TimeVector, rows: Uint32Array): TimeVector {
  const offsets = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) offsets[i] = times.offsets[rows[i] as number] as number;
  return { base: times.base, offsets };
}

/** The rows of the given numbers of one column. */
export function takeColumn(column: Column, rows: Uint32Array): Column {
  const present = takeBits(column.present, rows);
  if (column.type === DataType.TEXT) return { type: column.type, values: takeTexts(column.values, rows), present };
  const out = allocateValues(column.type, rows.length);
  if (out.type !== DataType.TEXT) takeFixed(column.values, rows, out.values);
  return { ...out, present };
}

function takeBits(present: Uint8Array | undefined, rows: Uint32Array): Uint8Array | undefined {
  if (present === undefined) return undefined;
  const out = new Uint8Array(presenceBytes(rows.length));
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    if (!hasBit(present, rows[i] as number)) continue;
    setBit(out, i);
    count++;
  }
  return count === rows.length ? undefined : out;
}

/** Writes `values[rows[i]]` to `out[i]`, bit for bit. */
function takeFixed(values: FixedValues, rows: Uint32Array, out: FixedValues): void {
  if (values instanceof Uint8Array || out instanceof Uint8Array) {
    const source = bytesOf(values);
    const target = bytesOf(out);
    for (let i = 0; i < rows.length; i++) target[i] = source[rows[i] as number] as number;
  } else if (values.BYTES_PER_ELEMENT === 4) {
    const source = wordsOf(values);
    const target = wordsOf(out);
    for (let i = 0; i < rows.length; i++) target[i] = source[rows[i] as number] as number;
  } else {
    const source = wordsOf(values);
    const target = wordsOf(out);
    for (let i = 0; i < rows.length; i++) {
      const row = (rows[i] as number) * 2;
      target[2 * i] = source[row] as number;
      target[2 * i + 1] = source[row + 1] as number;
    }
  }
}

/** The texts of the given rows, in a vector of their own. */
function takeTexts(values: TextVector, rows: Uint32Array): TextVector {
  const offsets = new Uint32Array(rows.length + 1);
  let length = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    length += (values.offsets[row + 1] as number) - (values.offsets[row] as number);
    offsets[i + 1] = length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const end = values.offsets[row + 1] as number;
    for (let k = values.offsets[row] as number; k < end; k++) bytes[at++] = values.bytes[k] as number;
  }
  return { offsets, bytes };
}
