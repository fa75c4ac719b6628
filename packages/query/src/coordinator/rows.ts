import type { GroupNumber } from "@ringtide/common";
import { type ColumnBatch, DataType } from "@ringtide/tsfile";
import { keepRows } from "../columns/copy.ts";
import { compilePredicate, countMask, type RowMask, rowsWithValues } from "../operators/filter.ts";
import { mergeByTime } from "../operators/merge.ts";
import type { SelectPlan } from "../plan/select.ts";
import type { Operation } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import { checkFound, type FoundSeries, findSeries } from "./found.ts";
import type { Asked, GroupReply, QueryRun } from "./reply.ts";

/** Rows of the plan's series over all groups, aligned by time and filtered. */
export interface OpenedRows {
  /** Of each pattern. */
  readonly found: readonly (readonly FoundSeries[])[];
  /** The selected series, each once, with their columns in the batches. */
  readonly selected: readonly { readonly series: ResolvedSeries; readonly column: number }[];
  columnOf(series: FoundSeries): number;
  readonly batches: AsyncGenerator<ColumnBatch>;
}

export interface RowsRequest {
  readonly descending: boolean;
  /** No more rows than this are needed (before any offset is taken off); undefined: all. */
  readonly mostRows: number | undefined;
}

type FilterPlace = Extract<Operation, { kind: "raw" }>["filter"];

/**
 * Where the filter runs. `here` (at the replicas): there is none on values, or one group has everything. `mark`: one group has all of the filter's
 * series, and says at which times it holds. `later`: at the coordinator, over aligned rows.
 */
export function filterPlace(plan: SelectPlan): FilterPlace {
  const onValues = plan.filterGroup !== undefined || hasValues(plan.predicate);
  if (!onValues || plan.groups.length === 1) return "here";
  return plan.filterGroup === undefined ? "later" : "mark";
}

function hasValues(predicate: SelectPlan["predicate"]): boolean {
  switch (predicate?.kind) {
    case undefined:
    case "time":
    case "timeIn":
      return false;
    case "value":
    case "valueIn":
      return true;
    case "and":
    case "or":
      return predicate.operands.some(hasValues);
  }
}

export async function openRows(run: QueryRun, plan: SelectPlan, request: RowsRequest): Promise<OpenedRows> {
  const place = filterPlace(plan);
  const replies = await run.openSelect(rowFragments(run, plan, request, place));
  const found = findSeries(plan, replies);
  checkFound(plan, found);
  const layout = new ColumnLayout(plan, replies, place);
  const merged = mergeByTime(layout.streams, { descending: request.descending, budget: run.budget });
  return {
    found,
    selected: layout.selected,
    columnOf: (series) => layout.columnOf(series),
    batches: place === "here" ? merged : keepPassing(merged, layout, judgeOf(plan, found, layout, place)),
  };
}

function rowFragments(
  run: QueryRun,
  plan: SelectPlan,
  request: RowsRequest,
  place: FilterPlace,
): ReadonlyMap<GroupNumber, Asked> {
  const fragmentFor = (group: GroupNumber): Asked => {
    const filters = place === "here" || (place === "mark" && group === plan.filterGroup);
    return {
      patterns: plan.patterns,
      filterPatterns: place === "mark" && !filters ? [] : plan.filterPatterns,
      range: plan.range,
      predicate: filters ? plan.predicate : undefined,
      byDevice: false,
      descending: request.descending,
      maxMemoryBytes: run.options.maxMemoryBytes,
      operation: {
        kind: "raw",
        filter: place === "mark" && !filters ? "here" : place,
        offset: 0,
        limit: place === "here" ? request.mostRows : undefined,
      },
    };
  };
  return new Map(plan.groups.map((group) => [group, fragmentFor(group)]));
}

/** Which columns the groups' batches have, one group after the other. */
class ColumnLayout {
  readonly streams: { readonly types: DataType[]; readonly batches: AsyncGenerator<ColumnBatch> }[] = [];
  readonly selected: { readonly series: ResolvedSeries; readonly column: number }[] = [];
  /** The column that says that the filter holds. */
  readonly mark: number | undefined;
  readonly #columns: ReadonlyMap<number, number>[] = [];

  constructor(plan: SelectPlan, replies: readonly GroupReply[], place: FilterPlace) {
    let column = 0;
    let mark: number | undefined;
    for (const reply of replies) {
      const types: DataType[] = [];
      const columns = new Map<number, number>();
      for (const [at, series] of reply.series.entries()) {
        const isSelected = series.patterns.some((pattern) => pattern < plan.patterns.length);
        if (!isSelected && place !== "later") continue;
        if (isSelected) this.selected.push({ series, column });
        columns.set(at, column++);
        types.push(series.type);
      }
      if (place === "mark" && reply.group === plan.filterGroup) {
        mark = column++;
        types.push(DataType.BOOLEAN);
      }
      this.#columns.push(columns);
      if (types.length > 0) this.streams.push({ types, batches: reply.batches() });
    }
    this.mark = mark;
  }

  columnOf(series: FoundSeries): number {
    return this.#columns[series.reply]?.get(series.at) ?? -1;
  }
}

function judgeOf(
  plan: SelectPlan,
  found: readonly (readonly FoundSeries[])[],
  layout: ColumnLayout,
  place: FilterPlace,
): RowMask {
  const { mark } = layout;
  if (place === "mark" && mark !== undefined) return (batch) => rowsWithValues(batch, [mark]);
  const texts = [...plan.patterns, ...plan.filterPatterns];
  const columnsOf = (text: string) =>
    (found[texts.indexOf(text)] ?? []).map((series) => ({
      index: layout.columnOf(series),
      type: series.type,
      name: series.path,
    }));
  return plan.predicate === undefined
    ? (batch) => new Uint8Array(batch.rows).fill(1)
    : compilePredicate(plan.predicate, columnsOf);
}

/** Rows that pass and have at least one selected value. */
async function* keepPassing(
  batches: AsyncIterable<ColumnBatch>,
  layout: ColumnLayout,
  judge: RowMask,
): AsyncGenerator<ColumnBatch> {
  const columns = layout.selected.map(({ column }) => column);
  for await (const batch of batches) {
    const mask = judge(batch);
    const filled = rowsWithValues(batch, columns);
    for (let row = 0; row < mask.length; row++) mask[row] = (mask[row] as number) & (filled[row] as number);
    const kept = countMask(mask);
    if (kept > 0) yield keepRows(batch, mask, kept);
  }
}
