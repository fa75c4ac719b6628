import { widthOf } from "../columns.ts";
import { textBytesOf } from "../rows.ts";
import { type ColumnBatch, DataType } from "../types.ts";

/** Memory that a batch takes. */
export function decodedBytesOf(batch: ColumnBatch): number {
  let bytes = batch.times === undefined ? 0 : batch.rows * 8;
  for (const column of batch.columns) {
    bytes += batch.rows * widthOf(column.type);
    if (column.present !== undefined) bytes += column.present.length;
    if (column.type === DataType.TEXT) bytes += textBytesOf(column.values);
  }
  return bytes;
}
