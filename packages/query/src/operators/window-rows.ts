import { assert } from "@ringtide/common";
import { type Column, type ColumnBatch, eraOf, reverseBatch } from "@ringtide/tsfile";
import type { AggregateColumn } from "./aggregate-columns.ts";
import type { WindowGrid } from "./window-grid.ts";
import type { WindowState } from "./window-state.ts";

/** Cells of a batch at most, as far as 64 rows do not have more: a few milliseconds of work. */
const MAX_CELLS = 65536;
const MAX_ROWS = 16384;

/** Windows of a batch with this many columns. */
export function windowsPerBatch(columns: number): number {
  return Math.max(64, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / Math.max(1, columns))));
}

/** Windows [from, to) of a grid as rows: time is the label, one column a function of a series. Batches stay within an era. */
export function* assembleWindows(
  grid: WindowGrid,
  from: number,
  to: number,
  columns: readonly AggregateColumn[],
  stateOf: (series: number) => WindowState | undefined,
  descending: boolean,
): Generator<ColumnBatch> {
  const most = windowsPerBatch(columns.length);
  let low = from;
  let high = to;
  while (low < high) {
    const [begin, end] = descending ? [runBack(grid, low, high, most), high] : [low, runOn(grid, low, high, most)];
    const base = eraOf(grid.label(begin));
    const offsets = Float64Array.from({ length: end - begin }, (_, i) => Number(grid.label(begin + i) - base));
    const values = columns.map((column) => columnOf(column, stateOf, begin, end));
    const batch: ColumnBatch = { rows: end - begin, times: { base, offsets }, columns: values };
    yield descending ? reverseBatch(batch) : batch;
    if (descending) high = begin;
    else low = end;
  }
}

function columnOf(
  column: AggregateColumn,
  stateOf: (series: number) => WindowState | undefined,
  begin: number,
  end: number,
): Column {
  const state = stateOf(column.series);
  assert(state !== undefined, "every series of a column was read");
  return state.column(column.name, column.type, begin, end);
}

/** End of the windows from `low` on whose labels are in one era, at most `most`. */
function runOn(grid: WindowGrid, low: number, high: number, most: number): number {
  const era = eraOf(grid.label(low));
  let end = low + 1;
  while (end < high && end - low < most && eraOf(grid.label(end)) === era) end++;
  return end;
}

/** Begin of the windows before `high` whose labels are in one era, at most `most`. */
function runBack(grid: WindowGrid, low: number, high: number, most: number): number {
  const era = eraOf(grid.label(high - 1));
  let begin = high - 1;
  while (begin > low && high - begin < most && eraOf(grid.label(begin - 1)) === era) begin--;
  return begin;
}
