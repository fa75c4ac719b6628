import type { EngineReader } from "@ringtide/engine";
import type { ColumnBatch } from "@ringtide/tsfile";
import { columnAt } from "../columns/copy.ts";
import { type AggregateColumn, aggregateColumns } from "../operators/aggregate-columns.ts";
import { throwIfAborted } from "../operators/budget.ts";
import { foldColumns, levelColumns } from "../operators/level.ts";
import { type WindowGrid, wholeRange, windowGrid } from "../operators/window-grid.ts";
import { assembleWindows, windowsPerBatch } from "../operators/window-rows.ts";
import { WINDOW_BYTES, WindowState } from "../operators/window-state.ts";
import { intersectRanges, isEmptyRange } from "../plan/range.ts";
import { byDevice, isSelected } from "../plan/series.ts";
import type { Fragment } from "../wire/fragment.ts";
import { encodeRows, type ResolvedSeries } from "../wire/message.ts";
import type { ReplicaContext } from "./context.ts";
import { withFilterSeries } from "./resolve.ts";
import { filterRows } from "./source.ts";

type AggregateOperation = Extract<Fragment["operation"], { kind: "aggregate" }>;

/** One row, or one row a window, with one column for each function of each series (of each level group). */
export async function* runAggregate(
  context: ReplicaContext,
  operation: AggregateOperation,
  series: readonly ResolvedSeries[],
): AsyncGenerator<Uint8Array> {
  const { fragment, reader } = context;
  const parts = fragment.byDevice ? byDevice(series).map((part) => withFilterSeries(part, fragment, reader)) : [series];
  let device = 0;
  for (const part of parts) {
    for await (const batch of aggregatePart(context, operation, part)) {
      yield* encodeRows(device, batch, fragment.compact);
    }
    device++;
  }
}

async function* aggregatePart(
  context: ReplicaContext,
  operation: AggregateOperation,
  series: readonly ResolvedSeries[],
): AsyncGenerator<ColumnBatch> {
  const { fragment } = context;
  const grid = operation.windows === undefined ? wholeRange(fragment.range) : windowGrid(operation.windows);
  const columns = aggregateColumns(operation.items, series, operation.level !== undefined);
  if (columns.length === 0) return;
  const levels = operation.level === undefined ? undefined : levelColumns(columns, series, operation.level);
  for await (const batch of windowBatches(context, grid, series, columns)) {
    yield levels === undefined ? batch : foldColumns(batch, levels);
  }
}

/** With a value filter all windows fill up in one pass over the rows; without, windows are done in chunks, each series from its pieces. */
async function* windowBatches(
  context: ReplicaContext,
  grid: WindowGrid,
  series: readonly ResolvedSeries[],
  columns: readonly AggregateColumn[],
): AsyncGenerator<ColumnBatch> {
  const { fragment, budget } = context;
  const { descending } = fragment;
  if (fragment.predicate !== undefined) {
    const states = await filteredStates(context, grid, series);
    yield* assembleWindows(grid, 0, grid.count, columns, (at) => states.get(at), descending);
    return;
  }
  const perChunk = windowsPerBatch(columns.length);
  const used = [...new Set(columns.map((column) => column.series))];
  const chunks = Math.ceil(grid.count / perChunk);
  const heldBytes = Math.min(grid.count, perChunk) * used.length * WINDOW_BYTES;
  budget.reserve(heldBytes);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = (descending ? chunks - 1 - chunk : chunk) * perChunk;
    const to = Math.min(grid.count, from + perChunk);
    const states = new Map<number, WindowState>();
    for (const at of used) {
      const state = new WindowState(grid, from, to);
      states.set(at, state);
      const one = series[at];
      if (one !== undefined) await readPieces(context, grid, from, to, one, state);
    }
    yield* assembleWindows(grid, from, to, columns, (at) => states.get(at), descending);
  }
  budget.release(heldBytes);
}

async function readPieces(
  context: ReplicaContext,
  grid: WindowGrid,
  from: number,
  to: number,
  series: ResolvedSeries,
  state: WindowState,
): Promise<void> {
  const { fragment, reader, signal } = context;
  throwIfAborted(signal);
  const range = intersectRanges(fragment.range, { from: grid.first(from), to: grid.last(to - 1) });
  if (isEmptyRange(range)) return;
  const pieces = reader.pieces({
    device: series.device,
    measurement: series.measurement,
    range,
    useStatistics: (begin, end) => state.canTakeWhole(begin, end),
    signal,
  });
  await addPieces(pieces, state, signal);
}

async function addPieces(
  pieces: ReturnType<EngineReader["pieces"]>,
  state: WindowState,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of pieces) {
    throwIfAborted(signal);
    if (piece.kind === "statistics") state.addStatistics(piece.base, piece.statistics);
    else if (piece.batch.times !== undefined) state.addRows(piece.batch.times, columnAt(piece.batch, 0));
  }
}

async function filteredStates(
  context: ReplicaContext,
  grid: WindowGrid,
  series: readonly ResolvedSeries[],
): Promise<Map<number, WindowState>> {
  const selected = series.flatMap((one, at) => (isSelected(one, context.fragment) ? [at] : []));
  context.budget.reserve(grid.count * selected.length * WINDOW_BYTES);
  const states = new Map(selected.map((at) => [at, new WindowState(grid, 0, grid.count)]));
  const ascending = { ...context, fragment: { ...context.fragment, descending: false } };
  for await (const batch of filterRows(ascending, series, selected, false)) {
    addBatch(batch, selected, states);
  }
  return states;
}

/** Column i of the batch belongs to series `of[i]`. */
function addBatch(batch: ColumnBatch, of: readonly number[], states: ReadonlyMap<number, WindowState>): void {
  if (batch.times === undefined) return;
  for (const [i, at] of of.entries()) states.get(at)?.addRows(batch.times, columnAt(batch, i));
}
