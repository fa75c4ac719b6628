import {
  type ColumnBatch,
  columnFromValues,
  type DataType,
  encodeBlock,
  timeAt,
  timesFromBigints,
  type Value,
  valueAt,
} from "@ringtide/tsfile";
import type { DeviceBlock } from "../../src/api.ts";

/** One column of a test block: measurement, type, values (undefined: none). */
export type TestColumn = readonly [measurement: string, type: DataType, values: readonly (Value | undefined)[]];

/** A block from plain values; times ascend. */
export function block(device: string, times: readonly bigint[], ...columns: readonly TestColumn[]): DeviceBlock {
  const batch: ColumnBatch = {
    rows: times.length,
    times: timesFromBigints(times),
    columns: columns.map(([, type, values]) => columnFromValues(type, values)),
  };
  return { device, measurements: columns.map(([measurement]) => measurement), block: encodeBlock(batch) };
}

/** Whole numbers from `from` on, `count` of them. */
export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Rows of batches as plain values: time, then a value or null a column. */
export function rowsOf(batches: readonly ColumnBatch[]): (bigint | Value | null)[][] {
  return batches.flatMap(({ rows, times, columns }) =>
    range(0, rows).map((row) => {
      if (times === undefined) throw new Error("a batch without times");
      return [timeAt(times, row), ...columns.map((column) => valueAt(column, row))];
    }),
  );
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
