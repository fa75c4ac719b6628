import type { SelectStatement } from "@ringtide/sql";
import { type ColumnBatch, DataType, eraOf, MAX_TIME, sliceBatch, timesFromBigints } from "@ringtide/tsfile";
import type { ResultColumn, ResultSet } from "../api.ts";
import { columnAt } from "../columns/copy.ts";
import { type SelectPlan, semantic } from "../plan/select.ts";
import { checkFound, findSeries } from "./found.ts";
import type { QueryRun } from "./reply.ts";
import { closingBatches, emptyResult, noBatches } from "./result.ts";
import { batchRows, limitKeys, mergeByKey } from "./sorted.ts";

const COLUMNS: readonly ResultColumn[] = ["timeseries", "value", "dataType"].map((name) => ({
  name,
  type: DataType.TEXT,
}));

/** SELECT LAST: one row a series, in path order; Time is that of its last point. */
export async function selectLast(run: QueryRun, plan: SelectPlan, statement: SelectStatement): Promise<ResultSet> {
  if (plan.predicate !== undefined || plan.range.to !== MAX_TIME) {
    throw semantic("SELECT LAST takes only WHERE time > or >= a time");
  }
  const fragment = {
    patterns: plan.patterns,
    filterPatterns: [],
    range: plan.range,
    predicate: undefined,
    byDevice: false,
    descending: false,
    maxMemoryBytes: run.options.maxMemoryBytes,
    operation: { kind: "last" },
  } as const;
  const replies = await run.openSelect(new Map(plan.groups.map((group) => [group, fragment])));
  const found = findSeries(plan, replies);
  checkFound(plan, found);
  if (found.every((matches) => matches.length === 0)) {
    return { ...emptyResult("LAST", true), batches: closingBatches(run, noBatches()) };
  }
  const { offset, limit } = statement;
  const rows = limitKeys(mergeByKey(replies), { offset, limit, unique: false });
  const batches = batchRows(rows, [DataType.TEXT, DataType.TEXT, DataType.TEXT, DataType.INT64]);
  return {
    columns: COLUMNS,
    hasTime: true,
    descending: false,
    timesOrdered: false,
    operation: "LAST",
    batches: closingBatches(run, withTimes(batches)),
  };
}

/** Makes the last column the time; batches are cut where the era changes. */
async function* withTimes(batches: AsyncIterable<ColumnBatch>): AsyncGenerator<ColumnBatch> {
  for await (const batch of batches) {
    const times = columnAt(batch, COLUMNS.length).values;
    if (!(times instanceof BigInt64Array)) continue;
    let from = 0;
    for (let to = 1; to <= batch.rows; to++) {
      if (to < batch.rows && eraOf(times[to] as bigint) === eraOf(times[from] as bigint)) continue;
      const part = sliceBatch(batch, from, to);
      yield {
        ...part,
        times: timesFromBigints(times.subarray(from, to)),
        columns: part.columns.slice(0, COLUMNS.length),
      };
      from = to;
    }
  }
}
