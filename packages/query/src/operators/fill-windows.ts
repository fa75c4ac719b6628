import {
  type Column,
  type ColumnBatch,
  columnFromValues,
  type DataType,
  type Point,
  timeAt,
  type Value,
  valueAt,
} from "@ringtide/tsfile";
import { batchBytes } from "../columns/build.ts";
import { columnAt } from "../columns/copy.ts";
import type { FillRule } from "../wire/fragment.ts";
import type { MemoryBudget } from "./budget.ts";
import { interpolate, ruleFor } from "./interpolate.ts";

/**
 * Fills windows without a value from the windows before and after them. Holds all windows, within the budget: the value after may be
 * in the last of them.
 */
export async function* fillWindows(
  source: AsyncIterable<ColumnBatch>,
  types: readonly DataType[],
  rules: readonly FillRule[],
  descending: boolean,
  budget: MemoryBudget,
): AsyncGenerator<ColumnBatch> {
  const batches: ColumnBatch[] = [];
  for await (const batch of source) {
    budget.reserve(batchBytes(batch));
    batches.push(batch);
  }
  const filled = types.map((type, at) => {
    const rule = ruleFor(rules, type);
    return rule === undefined ? undefined : fillColumn(batches, at, type, rule, descending);
  });
  let start = 0;
  for (const batch of batches) {
    const columns: Column[] = types.map((type, at) => {
      const values = filled[at];
      if (values === undefined) return columnAt(batch, at);
      return columnFromValues(type, values.slice(start, start + batch.rows));
    });
    start += batch.rows;
    yield { ...batch, columns };
  }
}

function fillColumn(
  batches: readonly ColumnBatch[],
  at: number,
  type: DataType,
  rule: FillRule,
  descending: boolean,
): (Value | undefined)[] {
  const times: bigint[] = [];
  const values: (Value | undefined)[] = [];
  for (const batch of batches) {
    for (let row = 0; row < batch.rows; row++) {
      times.push(batch.times === undefined ? 0n : timeAt(batch.times, row));
      values.push(valueAt(columnAt(batch, at), row) ?? undefined);
    }
  }
  const before = nearest(times, values, !descending);
  const after = nearest(times, values, descending);
  return values.map((value, row) => value ?? fillOne(type, rule, times[row] ?? 0n, before[row], after[row]));
}

function fillOne(
  type: DataType,
  rule: FillRule,
  time: bigint,
  before: Point | undefined,
  after: Point | undefined,
): Value | undefined {
  if (before === undefined || (rule.before !== undefined && time - before.time > rule.before)) return undefined;
  if (rule.method === "previous") return before.value;
  if (after === undefined || (rule.after !== undefined && after.time - time > rule.after)) return undefined;
  return interpolate(type, before, after, time);
}

/** For each row the nearest point towards the beginning (or the end) of the rows. */
function nearest(
  times: readonly bigint[],
  values: readonly (Value | undefined)[],
  towardsBeginning: boolean,
): (Point | undefined)[] {
  const found = new Array<Point | undefined>(times.length).fill(undefined);
  let known: Point | undefined;
  for (let i = 0; i < times.length; i++) {
    const row = towardsBeginning ? i : times.length - 1 - i;
    const value = values[row];
    const time = times[row];
    if (value !== undefined && time !== undefined) known = { time, value };
    found[row] = known;
  }
  return found;
}
