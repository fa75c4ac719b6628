import type { SelectStatement } from "@ringtide/sql";
import type { ColumnBatch } from "@ringtide/tsfile";
import type { ResultColumn, ResultSet } from "../api.ts";
import { projectColumns } from "../columns/copy.ts";
import { limitRows } from "../operators/limit.ts";
import { type SelectPlan, semantic } from "../plan/select.ts";
import type { FoundSeries } from "./found.ts";
import type { QueryRun } from "./reply.ts";
import { closingBatches, emptyResult, noBatches } from "./result.ts";
import { openRows } from "./rows.ts";

/** Rows as they are, all series side by side. */
export async function selectRaw(run: QueryRun, plan: SelectPlan, statement: SelectStatement): Promise<ResultSet> {
  const { descending, limit, offset } = statement;
  const mostRows = limit === undefined ? undefined : limit + offset;
  const rows = await openRows(run, plan, { descending, mostRows });
  const { columns, sources } = seriesColumns(plan, rows.found);
  if (columns.length === 0) {
    return { ...emptyResult("QUERY", true), batches: closingBatches(run, noBatches()) };
  }
  const picked = sources.map((series) => rows.columnOf(series));
  const batches = project(limitRows(rows.batches, offset, limit), picked);
  return {
    columns,
    hasTime: true,
    descending,
    timesOrdered: true,
    operation: "QUERY",
    batches: closingBatches(run, batches),
  };
}

/** In order of items, then FROM prefixes, then paths. */
export function seriesColumns(
  plan: SelectPlan,
  found: readonly (readonly FoundSeries[])[],
): { columns: ResultColumn[]; sources: FoundSeries[] } {
  const columns: ResultColumn[] = [];
  const sources: FoundSeries[] = [];
  for (const item of plan.items) {
    const matches = item.patterns.flatMap((pattern) => found[pattern] ?? []);
    checkAlias(item.alias, matches.length);
    for (const series of matches) {
      columns.push({ name: item.alias ?? series.path, type: series.type });
      sources.push(series);
    }
  }
  return { columns, sources };
}

export function checkAlias(alias: string | undefined, columns: number): void {
  if (alias !== undefined && columns > 1) throw semantic(`alias '${alias}' would name ${columns} columns`);
}

export async function* project(
  batches: AsyncIterable<ColumnBatch>,
  columns: readonly number[],
): AsyncGenerator<ColumnBatch> {
  for await (const batch of batches) yield projectColumns(batch, columns);
}
