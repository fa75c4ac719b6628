import { assert } from "@ringtide/common";
import { hasBit } from "./presence.ts";
import { columnOf, concatBatches, sliceBatch, takeColumn, takeTimes } from "./rows.ts";
import type { Column, ColumnBatch } from "./types.ts";

/**
 * The rows in ascending order of time, one row a time: where several have the same time, each column has the last value
 * that is not null, in the order of the rows. The batch itself is returned when it is in order.
 */
export function sortBatchByTime(batch: ColumnBatch): ColumnBatch {
  const { times } = batch;
  assert(times !== undefined, "a batch with times");
  const runs = ascendingRuns(times.offsets);
  if (runs.length === 1) return batch;
  return dedupe(batch, mergeRuns(times.offsets, runs));
}

/**
 * Merges versions of the same columns in one era, oldest first, each in ascending order of time: for equal times the newest value
 * that is not null wins, column by column.
 */
export function mergeBatches(batches: readonly ColumnBatch[]): ColumnBatch {
  const filled = batches.filter((batch) => batch.rows > 0);
  if (filled.length === 0) {
    const [empty] = batches;
    assert(empty !== undefined, "at least one batch");
    return sliceBatch(empty, 0, 0);
  }
  const byStart = filled.toSorted((a, b) => firstOffset(a) - firstOffset(b));
  for (let i = 1; i < byStart.length; i++)
    if (lastOffset(byStart[i - 1] as ColumnBatch) >= firstOffset(byStart[i] as ColumnBatch))
      return sortBatchByTime(concatBatches(filled));
  return concatBatches(byStart);
}

function firstOffset(batch: ColumnBatch): number {
  return batch.times?.offsets[0] as number;
}

function lastOffset(batch: ColumnBatch): number {
  return batch.times?.offsets[batch.rows - 1] as number;
}

/** Starts of the longest pieces that strictly ascend. */
function ascendingRuns(offsets: Float64Array): Uint32Array {
  let count = 1;
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] as number) <= (offsets[i - 1] as number)) count++;
  const runs = new Uint32Array(count);
  let n = 1;
  for (let i = 1; i < offsets.length; i++) if ((offsets[i] as number) <= (offsets[i - 1] as number)) runs[n++] = i;
  return runs;
}

/** Row numbers in order of time, equal times in order of row: a stable merge sort of the runs, pairs of them first. */
function mergeRuns(offsets: Float64Array, starts: Uint32Array): Uint32Array {
  const rows = offsets.length;
  let source = new Uint32Array(rows);
  let target = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) source[i] = i;
  for (let step = 1; step < starts.length; step *= 2) {
    for (let r = 0; r < starts.length; r += 2 * step) {
      const from = starts[r] as number;
      const middle = r + step < starts.length ? (starts[r + step] as number) : rows;
      const to = r + 2 * step < starts.length ? (starts[r + 2 * step] as number) : rows;
      mergeTwo(offsets, source, target, from, middle, to);
    }
    [source, target] = [target, source];
  }
  return source;
}

function mergeTwo(
  offsets: Float64Array,
  source: Uint32Array,
  target: Uint32Array,
  from: number,
  middle: number,
  to: number,
): void {
  let a = from;
  let b = middle;
  let out = from;
  while (a < middle && b < to) {
    const rowA = source[a] as number;
    const rowB = source[b] as number;
    if ((offsets[rowB] as number) < (offsets[rowA] as number)) {
      target[out++] = rowB;
      b++;
    } else {
      target[out++] = rowA;
      a++;
    }
  }
  while (a < middle) target[out++] = source[a++] as number;
  while (b < to) target[out++] = source[b++] as number;
}

/** Takes the rows in the given order; of rows with equal times one remains. */
function dedupe(batch: ColumnBatch, order: Uint32Array): ColumnBatch {
  assert(batch.times !== undefined, "a batch with times");
  const { offsets } = batch.times;
  // ends[g] is the position in `order` just past the rows of time g.
  const ends = new Uint32Array(order.length);
  let groups = 0;
  for (let i = 1; i <= order.length; i++)
    if (i === order.length || offsets[order[i] as number] !== offsets[order[i - 1] as number]) ends[groups++] = i;
  const lastRows = new Uint32Array(groups);
  for (let g = 0; g < groups; g++) lastRows[g] = order[(ends[g] as number) - 1] as number;
  return {
    rows: groups,
    times: takeTimes(batch.times, lastRows),
    columns: batch.columns.map((_, c) => {
      const column = columnOf(batch, c);
      const isPlain = column.present === undefined || groups === order.length;
      return takeColumn(column, isPlain ? lastRows : lastValues(column, order, ends, groups));
    }),
  };
}

/** Of each group, the last row in which the column has a value; the last row when there is none. */
function lastValues(column: Column, order: Uint32Array, ends: Uint32Array, groups: number): Uint32Array {
  const rows = new Uint32Array(groups);
  let from = 0;
  for (let g = 0; g < groups; g++) {
    const end = ends[g] as number;
    let i = end - 1;
    while (i > from && !hasBit(column.present, order[i] as number)) i--;
    rows[g] = order[hasBit(column.present, order[i] as number) ? i : end - 1] as number;
    from = end;
  }
  return rows;
}
