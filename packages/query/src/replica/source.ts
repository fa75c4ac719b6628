import { type Column, type ColumnBatch, DataType, takeRows } from "@ringtide/tsfile";
import { keepRows, projectColumns } from "../columns/copy.ts";
import { throwIfAborted } from "../operators/budget.ts";
import { compilePredicate, countMask, type FilterColumn, rowsWithValues } from "../operators/filter.ts";
import { mergeByTime, type TypedStream } from "../operators/merge.ts";
import { isEmptyRange } from "../plan/range.ts";
import { byDevice, pathOf } from "../plan/series.ts";
import type { Fragment } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import type { ReplicaContext } from "./context.ts";

/** Rows of these series (in path order), aligned by time over their devices, with one column a series. */
export function readRows(context: ReplicaContext, series: readonly ResolvedSeries[]): AsyncGenerator<ColumnBatch> {
  const streams = byDevice(series).map((part): { stream: TypedStream; at: number[] } => ({
    stream: {
      types: part.series.map((one) => one.type),
      batches: scanDevice(
        context,
        part.device,
        part.series.map((one) => one.measurement),
      ),
    },
    at: part.series.map((one) => series.indexOf(one)),
  }));
  return mergeDevices(
    context,
    streams.map(({ stream }) => stream),
    streams.flatMap(({ at }) => at),
  );
}

/** `order[i]` is where column i of the merged streams belongs. */
async function* mergeDevices(
  context: ReplicaContext,
  streams: readonly TypedStream[],
  order: readonly number[],
): AsyncGenerator<ColumnBatch> {
  const inOrder = order.every((at, i) => at === i);
  const source = new Array<number>(order.length).fill(0);
  order.forEach((at, i) => {
    source[at] = i;
  });
  const merged = mergeByTime(streams, { descending: context.fragment.descending, budget: context.budget });
  for await (const batch of merged) {
    throwIfAborted(context.signal);
    yield inOrder ? batch : projectColumns(batch, source);
  }
}

async function* scanDevice(
  context: ReplicaContext,
  device: string,
  measurements: readonly string[],
): AsyncGenerator<ColumnBatch> {
  const { fragment, reader, signal } = context;
  throwIfAborted(signal);
  if (isEmptyRange(fragment.range)) return;
  const { range, descending } = fragment;
  yield* firstRows(reader.scan({ device, measurements, range, descending, signal }), mostRows(fragment));
}

/** Without a filter, rows behind the limit cannot be in the result whatever other devices have. */
function mostRows({ operation, predicate }: Fragment): number | undefined {
  if (operation.kind !== "raw" || operation.limit === undefined || predicate !== undefined) return undefined;
  return operation.filter === "here" ? operation.offset + operation.limit : undefined;
}

/** Copies what it cuts: the whole batches of many devices would be held for a few rows of each. */
async function* firstRows(batches: AsyncIterable<ColumnBatch>, most: number | undefined): AsyncGenerator<ColumnBatch> {
  let left = most ?? Number.POSITIVE_INFINITY;
  if (left === 0) return;
  for await (const batch of batches) {
    yield batch.rows <= left
      ? batch
      : takeRows(
          batch,
          Uint32Array.from({ length: left }, (_, row) => row),
        );
    left -= batch.rows;
    if (left <= 0) return;
  }
}

/** The columns that the predicate's series stand for, among the columns of these series. */
function findColumns(fragment: Fragment, series: readonly ResolvedSeries[]): (text: string) => readonly FilterColumn[] {
  const columns = series.map((one, index) => ({ index, type: one.type, name: pathOf(one) }));
  if (fragment.byDevice) {
    return (text) => columns.filter((column) => series[column.index]?.measurement === text);
  }
  const patterns = [...fragment.patterns, ...fragment.filterPatterns];
  return (text) => {
    const wanted = new Set(patterns.flatMap((pattern, at) => (pattern === text ? [at] : [])));
    return columns.filter((column) => series[column.index]?.patterns.some((at) => wanted.has(at)));
  };
}

/**
 * The rows in which the fragment's predicate holds, with the columns at `selected`; rows without any selected value are left out,
 * or, with `mark`, kept, and a last BOOLEAN column is true in every row.
 */
export async function* filterRows(
  context: ReplicaContext,
  series: readonly ResolvedSeries[],
  selected: readonly number[],
  mark: boolean,
): AsyncGenerator<ColumnBatch> {
  const { predicate } = context.fragment;
  const judge =
    predicate === undefined ? undefined : compilePredicate(predicate, findColumns(context.fragment, series));
  for await (const batch of readRows(context, series)) {
    const mask = judge === undefined ? new Uint8Array(batch.rows).fill(1) : judge(batch);
    if (!mark && selected.length < series.length) {
      const filled = rowsWithValues(batch, selected);
      for (let row = 0; row < mask.length; row++) mask[row] = (mask[row] as number) & (filled[row] as number);
    }
    const kept = countMask(mask);
    if (kept === 0) continue;
    const rows = keepRows(selected.length < series.length ? projectColumns(batch, selected) : batch, mask, kept);
    yield mark ? { ...rows, columns: [...rows.columns, trueColumn(rows.rows)] } : rows;
  }
}

function trueColumn(rows: number): Column {
  return { type: DataType.BOOLEAN, values: new Uint8Array(rows).fill(1), present: undefined };
}
