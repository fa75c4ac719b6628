import {
  type Column,
  type ColumnBatch,
  type ColumnValues,
  DataType,
  filterRows,
  isPresent,
  type TextVector,
} from "@ringtide/tsfile";

/** The batch without the rows in which no column has a value. */
export function withoutEmptyRows(batch: ColumnBatch): ColumnBatch {
  const used = new Uint8Array((batch.rows + 7) >> 3);
  for (const { present } of batch.columns) {
    if (present === undefined) return batch;
    for (let i = 0; i < used.length; i++) used[i] = (used[i] as number) | (present[i] as number);
  }
  return filterRows(batch, used);
}

/** The column without values in rows [from, to); the given one stays as it is. */
export function withoutValues(column: Column, rows: number, from: number, to: number): Column {
  if (from >= to) return column;
  const present = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row++)
    if ((row < from || row >= to) && isPresent(column, row))
      present[row >> 3] = (present[row >> 3] as number) | (1 << (row & 7));
  return { ...zeroed(column, from, to), present };
}

/** Where there is no value, the slot holds 0 or the empty text. */
function zeroed(column: ColumnValues, from: number, to: number): ColumnValues {
  switch (column.type) {
    case DataType.BOOLEAN:
      return { type: column.type, values: column.values.slice().fill(0, from, to) };
    case DataType.INT32:
      return { type: column.type, values: column.values.slice().fill(0, from, to) };
    case DataType.INT64:
      return { type: column.type, values: column.values.slice().fill(0n, from, to) };
    case DataType.FLOAT:
      return { type: column.type, values: column.values.slice().fill(0, from, to) };
    case DataType.DOUBLE:
      return { type: column.type, values: column.values.slice().fill(0, from, to) };
    case DataType.TEXT:
      return { type: column.type, values: emptied(column.values, from, to) };
  }
}

function emptied({ offsets, bytes }: TextVector, from: number, to: number): TextVector {
  const cutFrom = offsets[from] as number;
  const cut = (offsets[to] as number) - cutFrom;
  const rest = new Uint8Array(bytes.length - cut);
  rest.set(bytes.subarray(0, cutFrom));
  rest.set(bytes.subarray(cutFrom + cut), cutFrom);
  const moved = offsets.map((at, row) => (row <= from ? at : row <= to ? cutFrom : at - cut));
  return { offsets: moved, bytes: rest };
}
