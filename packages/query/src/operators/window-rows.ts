import { assert } from "@ringtide/common";
import { type Column, type ColumnBatch, eraOf, reverseBatch, sliceBatch } from "@ringtide/tsfile";
import type { AggregateColumn } from "./aggregate-columns.ts";
import type { WindowGrid } from "./window-grid.ts";
import type { WindowState } from "./window-state.ts";

const ROWS_PER_BATCH = 16384;

/** Windows [from, to) of a grid as rows: time is the label, one column a function of a series. Batches stay within an era. */
export function* assembleWindows(
  grid: WindowGrid,
  from: number,
  to: number,
  columns: readonly AggregateColumn[],
  stateOf: (series: number) => WindowState | undefined,
  descending: boolean,
): Generator<ColumnBatch> {
  const filled: Column[] = columns.map((column) => {
    const state = stateOf(column.series);
    assert(state !== undefined, "every series of a column was read");
    return state.column(column.name, column.type);
  });
  const batches = [...rowsOfEras(grid, from, to, filled)];
  for (const batch of descending ? batches.reverse() : batches) yield descending ? reverseBatch(batch) : batch;
}

function* rowsOfEras(grid: WindowGrid, from: number, to: number, columns: readonly Column[]): Generator<ColumnBatch> {
  let begin = from;
  while (begin < to) {
    const base = eraOf(grid.label(begin));
    let end = begin;
    const offsets = new Float64Array(Math.min(to - begin, ROWS_PER_BATCH));
    while (end < to && end - begin < offsets.length && eraOf(grid.label(end)) === base) {
      offsets[end - begin] = Number(grid.label(end) - base);
      end++;
    }
    const all: ColumnBatch = { rows: to - from, times: undefined, columns };
    const part = sliceBatch(all, begin - from, end - from);
    yield { ...part, times: { base, offsets: offsets.subarray(0, end - begin) } };
    begin = end;
  }
}
