import { RingtideError, utf8Bytes } from "@ringtide/common";
import { type Column, type ColumnBatch, columnFromValues, DataType } from "@ringtide/tsfile";

/** A type code from the wire; FRAME_MALFORMED when this version does not know it. */
export function dataTypeOf(code: number): DataType {
  const type = Object.values(DataType).find((known) => known === code);
  if (type === undefined) throw new RingtideError("FRAME_MALFORMED", `unknown data type code ${code}`);
  return type;
}

export function textColumn(texts: readonly (string | undefined)[]): Column {
  return columnFromValues(DataType.TEXT, texts);
}

/** The same text in every row. */
export function constantText(text: string, rows: number): Column {
  const one = utf8Bytes(text);
  const bytes = new Uint8Array(one.length * rows);
  const offsets = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    bytes.set(one, row * one.length);
    offsets[row + 1] = (row + 1) * one.length;
  }
  return { type: DataType.TEXT, values: { offsets, bytes }, present: undefined };
}

/** Bytes that a batch holds in memory. */
export function batchBytes(batch: ColumnBatch): number {
  let bytes = 64 + (batch.times?.offsets.byteLength ?? 0);
  for (const column of batch.columns) {
    bytes += 48 + (column.present?.byteLength ?? 0);
    if (column.type !== DataType.TEXT) bytes += column.values.byteLength;
    else bytes += column.values.offsets.byteLength + textBytes(column.values.offsets);
  }
  return bytes;
}

/** Bytes of the texts that the offsets enclose. */
export function textBytes(offsets: Uint32Array): number {
  return (offsets.at(-1) ?? 0) - (offsets[0] ?? 0);
}
