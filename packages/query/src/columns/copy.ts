import {
  type Column,
  type ColumnBatch,
  DataType,
  emptyColumn,
  isPresent,
  type TextVector,
  takeRows,
} from "@ringtide/tsfile";

/** The rows whose mask byte is 1, `kept` of them. */
export function keepRows(batch: ColumnBatch, mask: Uint8Array, kept: number): ColumnBatch {
  if (kept === batch.rows) return batch;
  const rows = new Uint32Array(kept);
  for (let row = 0, at = 0; row < batch.rows; row++) if (mask[row] === 1) rows[at++] = row;
  return takeRows(batch, rows);
}

/** The batch's columns of these numbers, in this order. */
export function projectColumns(batch: ColumnBatch, columns: readonly number[]): ColumnBatch {
  return { rows: batch.rows, times: batch.times, columns: columns.map((at) => columnAt(batch, at)) };
}

export function columnAt(batch: ColumnBatch, index: number): Column {
  return batch.columns[index] as Column;
}

/** A column of `rows` rows that has row i of `column` at `targets[i]` (ascending) and nothing elsewhere. */
export function spreadColumn(column: Column, targets: Int32Array, rows: number): Column {
  const out = emptyColumn(column.type, rows);
  const present = out.present ?? new Uint8Array(0);
  for (let i = 0; i < targets.length; i++) {
    if (!isPresent(column, i)) continue;
    const row = targets[i] as number;
    present[row >>> 3] = (present[row >>> 3] as number) | (1 << (row & 7));
  }
  if (column.type === DataType.TEXT)
    return { type: DataType.TEXT, values: spreadText(column.values, targets, rows), present };
  if (out.type === DataType.TEXT) return out;
  if (column.type === DataType.BOOLEAN) spreadBytes(column.values, out.values as Uint8Array, targets);
  else if (column.values.BYTES_PER_ELEMENT === 4) spreadWords(wordsOf(column.values), wordsOf(out.values), targets);
  else spreadPairs(wordsOf(column.values), wordsOf(out.values), targets);
  return out;
}

/**
 * Values as 32-bit words: so each copying loop stays on one kind of array, INT64 moves without BigInt, and the bits of every NaN stay.
 */
function wordsOf(values: ArrayBufferView): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >>> 2);
}

function spreadBytes(from: Uint8Array, to: Uint8Array, targets: Int32Array): void {
  for (let i = 0; i < targets.length; i++) to[targets[i] as number] = from[i] as number;
}

function spreadWords(from: Int32Array, to: Int32Array, targets: Int32Array): void {
  for (let i = 0; i < targets.length; i++) to[targets[i] as number] = from[i] as number;
}

function spreadPairs(from: Int32Array, to: Int32Array, targets: Int32Array): void {
  for (let i = 0; i < targets.length; i++) {
    const at = (targets[i] as number) * 2;
    to[at] = from[i * 2] as number;
    to[at + 1] = from[i * 2 + 1] as number;
  }
}

/** The bytes stay as they are: rows without text have no length. */
function spreadText(text: TextVector, targets: Int32Array, rows: number): TextVector {
  const offsets = new Uint32Array(rows + 1);
  let row = 0;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as number;
    const start = text.offsets[i] as number;
    while (row <= target) offsets[row++] = start;
  }
  const end = text.offsets[targets.length] as number;
  while (row <= rows) offsets[row++] = end;
  return { offsets, bytes: text.bytes };
}
