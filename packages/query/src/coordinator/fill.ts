import type { SelectStatement } from "@ringtide/sql";
import type { ResultSet } from "../api.ts";
import { limitRows } from "../operators/limit.ts";
import { mergeByTime } from "../operators/merge.ts";
import { fillRules } from "../plan/fill.ts";
import { type SelectPlan, semantic } from "../plan/select.ts";
import { checkFound, findSeries } from "./found.ts";
import { project, seriesColumns } from "./raw.ts";
import type { QueryRun } from "./reply.ts";
import { closingBatches, emptyResult, noBatches } from "./result.ts";

/** FILL at one time: one row there, with values from before and after where there are none. */
export async function selectFill(run: QueryRun, plan: SelectPlan, statement: SelectStatement): Promise<ResultSet> {
  const time = plan.range.from;
  if (plan.range.to !== time || plan.predicate !== undefined) {
    throw semantic("FILL needs WHERE time = one time, and no other condition");
  }
  const rules = fillRules(statement.fill, { time, calendar: run.options });
  const fragment = {
    patterns: plan.patterns,
    filterPatterns: [],
    range: plan.range,
    predicate: undefined,
    byDevice: false,
    descending: false,
    maxMemoryBytes: run.options.maxMemoryBytes,
    operation: { kind: "fill", time, rules },
  } as const;
  const replies = await run.openSelect(new Map(plan.groups.map((group) => [group, fragment])));
  const found = findSeries(plan, replies);
  checkFound(plan, found);
  const { columns, sources } = seriesColumns(plan, found);
  if (columns.length === 0) return { ...emptyResult("FILL", true), batches: closingBatches(run, noBatches()) };
  const filled = replies.filter((reply) => reply.series.length > 0);
  const starts = new Map<number, number>();
  let start = 0;
  for (const reply of filled) {
    starts.set(replies.indexOf(reply), start);
    start += reply.series.length;
  }
  const streams = filled.map((reply) => ({ types: reply.series.map((one) => one.type), batches: reply.batches() }));
  const merged = mergeByTime(streams, { descending: false, budget: run.budget });
  const picked = sources.map((series) => (starts.get(series.reply) ?? 0) + series.at);
  return {
    columns,
    hasTime: true,
    descending: false,
    timesOrdered: true,
    operation: "FILL",
    batches: closingBatches(run, limitRows(project(merged, picked), statement.offset, statement.limit)),
  };
}
