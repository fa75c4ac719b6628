import type { SelectStatement } from "@ringtide/sql";
import type { ColumnBatch } from "@ringtide/tsfile";
import { columnAt } from "../columns/copy.ts";
import { type AggregateColumn, aggregateColumns } from "../operators/aggregate-columns.ts";
import { type KeyedColumn, levelColumns, levelKey } from "../operators/level.ts";
import { mergeByTime } from "../operators/merge.ts";
import { type WindowGrid, wholeRange, windowGrid } from "../operators/window-grid.ts";
import { assembleWindows } from "../operators/window-rows.ts";
import { WINDOW_BYTES, WindowState } from "../operators/window-state.ts";
import { aggregateItems, type SelectPlan } from "../plan/select.ts";
import { pathOf } from "../plan/series.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import { checkFound, type FoundSeries, findSeries } from "./found.ts";
import type { QueryRun } from "./reply.ts";
import { filterPlace, type OpenedRows, openRows } from "./rows.ts";

/** Results of functions: one row (with a meaningless time) or one a window. With GROUP BY LEVEL they are parts, still to be folded. */
export interface AggregateSource {
  readonly found: readonly (readonly FoundSeries[])[];
  /** The key is the series' path, or its name by level. */
  readonly columns: readonly KeyedColumn[];
  readonly batches: AsyncGenerator<ColumnBatch>;
}

export async function openAggregates(
  run: QueryRun,
  plan: SelectPlan,
  statement: SelectStatement,
): Promise<AggregateSource> {
  return filterPlace(plan) === "here"
    ? await aggregateAtReplicas(run, plan, statement)
    : await aggregateHere(run, plan, statement);
}

async function aggregateAtReplicas(
  run: QueryRun,
  plan: SelectPlan,
  statement: SelectStatement,
): Promise<AggregateSource> {
  const items = aggregateItems(plan);
  const level = statement.groupByLevel;
  const { patterns, filterPatterns, range, predicate, windows, groups } = plan;
  const fragment = {
    patterns,
    filterPatterns,
    range,
    predicate,
    byDevice: false,
    descending: statement.descending,
    maxMemoryBytes: run.options.maxMemoryBytes,
    operation: { kind: "aggregate", items, windows, level },
  } as const;
  const replies = await run.openSelect(new Map(groups.map((group) => [group, fragment])));
  const found = findSeries(plan, replies);
  checkFound(plan, found);
  const parts = replies.map((reply) => {
    const columns = aggregateColumns(items, reply.series, level !== undefined);
    const keyed = level === undefined ? keyedByPath(columns, reply.series) : levelColumns(columns, reply.series, level);
    return { keyed, types: keyed.map((column) => column.type), batches: reply.batches() };
  });
  const filled = parts.filter((part) => part.keyed.length > 0);
  return {
    found,
    columns: filled.flatMap((part) => part.keyed),
    batches: mergeByTime(filled, { descending: statement.descending, budget: run.budget }),
  };
}

function keyedByPath(columns: readonly AggregateColumn[], series: readonly ResolvedSeries[]): KeyedColumn[] {
  return columns.map(({ name, item, type, series: at }) => {
    const one = series[at];
    return { name, item, type, key: one === undefined ? "" : pathOf(one) };
  });
}

/** A value filter over several groups: rows are aligned here, so functions are computed here too. */
async function aggregateHere(run: QueryRun, plan: SelectPlan, statement: SelectStatement): Promise<AggregateSource> {
  const rows = await openRows(run, plan, { descending: false, mostRows: undefined });
  const series = rows.selected.map((one) => one.series);
  const level = statement.groupByLevel;
  const columns = aggregateColumns(aggregateItems(plan), series, level !== undefined);
  const keyed =
    level === undefined
      ? keyedByPath(columns, series)
      : columns.map(({ name, item, type, series: at }) => {
          const one = series[at];
          return { name, item, type, key: one === undefined ? "" : levelKey(one.device, one.measurement, level) };
        });
  const grid = plan.windows === undefined ? wholeRange(plan.range) : windowGrid(plan.windows);
  return { found: rows.found, columns: keyed, batches: windowsOfRows(run, grid, rows, columns, statement.descending) };
}

async function* windowsOfRows(
  run: QueryRun,
  grid: WindowGrid,
  rows: OpenedRows,
  columns: readonly AggregateColumn[],
  descending: boolean,
): AsyncGenerator<ColumnBatch> {
  run.budget.reserve(grid.count * rows.selected.length * WINDOW_BYTES);
  const states = rows.selected.map(() => new WindowState(grid, 0, grid.count));
  for await (const batch of rows.batches) {
    for (const [at, { column }] of rows.selected.entries()) {
      if (batch.times !== undefined) states[at]?.addRows(batch.times, columnAt(batch, column));
    }
  }
  yield* assembleWindows(grid, 0, grid.count, columns, (at) => states[at], descending);
}
