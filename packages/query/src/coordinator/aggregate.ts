import type { AggregateName, SelectStatement } from "@ringtide/sql";
import { type Column, type ColumnBatch, columnFromValues, DataType, type Value, valueAt } from "@ringtide/tsfile";
import type { ResultColumn, ResultSet } from "../api.ts";
import { columnAt, projectColumns } from "../columns/copy.ts";
import { columnKey, WHOLE } from "../operators/aggregate-columns.ts";
import { fillWindows } from "../operators/fill-windows.ts";
import { foldColumns, foldPlan, type KeyedColumn, levelKey } from "../operators/level.ts";
import { limitRows } from "../operators/limit.ts";
import { fillRules } from "../plan/fill.ts";
import type { SelectPlan } from "../plan/select.ts";
import { openAggregates } from "./aggregate-source.ts";
import type { FoundSeries } from "./found.ts";
import { checkAlias } from "./raw.ts";
import type { QueryRun } from "./reply.ts";
import { closingBatches, emptyResult, noBatches } from "./result.ts";

/** Functions over all series side by side: one row, or one a window. */
export async function selectAggregates(
  run: QueryRun,
  plan: SelectPlan,
  statement: SelectStatement,
): Promise<ResultSet> {
  const hasTime = plan.windows !== undefined;
  const operation = hasTime ? (statement.fill.length > 0 ? "GROUP_BY_FILL" : "GROUPBYTIME") : "AGGREGATION";
  const source = await openAggregates(run, plan, statement);
  const level = statement.groupByLevel;
  const output =
    level === undefined ? plainOutput(plan, source.columns, source.found) : levelOutput(plan, source, level);
  if (output.columns.length === 0) {
    return { ...emptyResult(operation, hasTime), batches: closingBatches(run, noBatches()) };
  }
  let batches = mapBatches(source.batches, output.map, hasTime);
  if (statement.fill.length > 0) {
    const types = output.columns.map((column) => column.type);
    batches = fillWindows(batches, types, fillRules(statement.fill), statement.descending, run.budget);
  }
  batches = limitRows(batches, statement.offset, statement.limit);
  return {
    columns: output.columns,
    hasTime,
    descending: statement.descending,
    timesOrdered: true,
    operation,
    batches: closingBatches(run, batches),
  };
}

interface Output {
  readonly columns: readonly ResultColumn[];
  readonly map: (batch: ColumnBatch) => ColumnBatch;
}

function plainOutput(
  plan: SelectPlan,
  source: readonly KeyedColumn[],
  found: readonly (readonly FoundSeries[])[],
): Output {
  const positions = new Map(source.map((column, at) => [columnKey(column.item, column.name, column.key), at]));
  const columns: ResultColumn[] = [];
  const picked: number[] = [];
  for (const { aggregate, alias, patterns } of plan.items) {
    if (aggregate === undefined) continue;
    const matches = patterns.flatMap((pattern) => found[pattern] ?? []);
    checkAlias(alias, matches.length);
    for (const series of matches) {
      const at = positions.get(columnKey(WHOLE, aggregate, series.path)) ?? -1;
      columns.push({ name: alias ?? `${aggregate}(${series.path})`, type: source[at]?.type ?? series.type });
      picked.push(at);
    }
  }
  return { columns, map: (batch) => projectColumns(batch, picked) };
}

/** Folds the groups' parts by level; each name appears once an item. */
function levelOutput(
  plan: SelectPlan,
  source: { readonly columns: readonly KeyedColumn[]; readonly found: readonly (readonly FoundSeries[])[] },
  level: number,
): Output {
  const folded = foldPlan(source.columns);
  const positions = new Map(folded.map((column, at) => [columnKey(column.item, column.name, column.key), at]));
  const columns: ResultColumn[] = [];
  const makers: ((batch: ColumnBatch) => Column)[] = [];
  for (const [item, { aggregate, alias, patterns }] of plan.items.entries()) {
    if (aggregate === undefined) continue;
    const matches = patterns.flatMap((pattern) => source.found[pattern] ?? []);
    const keys = [...new Set(matches.map((series) => levelKey(series.device, series.measurement, level)))];
    checkAlias(alias, keys.length);
    for (const key of keys) {
      const at = (part: AggregateName): number => positions.get(columnKey(item, part, key)) ?? -1;
      const type = aggregate === "avg" ? DataType.DOUBLE : (folded[at(aggregate)]?.type ?? DataType.DOUBLE);
      columns.push({ name: alias ?? `${aggregate}(${key})`, type });
      makers.push(
        aggregate === "avg"
          ? (batch) => average(columnAt(batch, at("sum")), columnAt(batch, at("count")), batch.rows)
          : (batch) => columnAt(batch, at(aggregate)),
      );
    }
  }
  return {
    columns,
    map: (batch) => {
      const parts = foldColumns(batch, folded);
      return { ...parts, columns: makers.map((make) => make(parts)) };
    },
  };
}

function average(sums: Column, counts: Column, rows: number): Column {
  const values: (Value | null)[] = [];
  for (let row = 0; row < rows; row++) {
    const sum = valueAt(sums, row);
    values.push(sum === null ? null : Number(sum) / Number(valueAt(counts, row)));
  }
  return columnFromValues(DataType.DOUBLE, values);
}

async function* mapBatches(
  batches: AsyncIterable<ColumnBatch>,
  map: (batch: ColumnBatch) => ColumnBatch,
  hasTime: boolean,
): AsyncGenerator<ColumnBatch> {
  for await (const batch of batches) {
    const mapped = map(batch);
    yield hasTime ? mapped : { ...mapped, times: undefined };
  }
}
