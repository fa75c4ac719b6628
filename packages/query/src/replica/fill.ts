import type { TimeRange } from "@ringtide/engine";
import {
  type Column,
  columnFromValues,
  MAX_TIME,
  MIN_TIME,
  type Point,
  timeAt,
  timesFromBigints,
  type Value,
  valueAt,
} from "@ringtide/tsfile";
import { columnAt } from "../columns/copy.ts";
import { throwIfAborted } from "../operators/budget.ts";
import { interpolate, ruleFor } from "../operators/interpolate.ts";
import type { Fragment } from "../wire/fragment.ts";
import { encodeRows, type ResolvedSeries } from "../wire/message.ts";
import type { ReplicaContext } from "./context.ts";

type FillOperation = Extract<Fragment["operation"], { kind: "fill" }>;

/** One row at the fill's time: the values that are there, and filled ones where there are none. */
export async function* runFill(
  context: ReplicaContext,
  operation: FillOperation,
  series: readonly ResolvedSeries[],
): AsyncGenerator<Uint8Array> {
  if (series.length === 0) return;
  const columns: Column[] = [];
  for (const one of series) {
    throwIfAborted(context.signal);
    columns.push(columnFromValues(one.type, [await filledValue(context, operation, one)]));
  }
  yield* encodeRows(0, { rows: 1, times: timesFromBigints([operation.time]), columns });
}

async function filledValue(
  context: ReplicaContext,
  operation: FillOperation,
  series: ResolvedSeries,
): Promise<Value | undefined> {
  const { time } = operation;
  const rule = ruleFor(operation.rules, series.type);
  const from = rule === undefined ? time : boundOf(time, rule.before, -1n);
  const before = await nearest(context, series, { from, to: time }, true);
  if (before?.time === time || rule === undefined) return before?.value;
  if (rule.method === "previous" || before === undefined || time === MAX_TIME) {
    return rule.method === "previous" ? before?.value : undefined;
  }
  const after = await nearest(context, series, { from: time + 1n, to: boundOf(time, rule.after, 1n) }, false);
  return after === undefined ? undefined : interpolate(series.type, before, after, time);
}

function boundOf(time: bigint, distance: bigint | undefined, sign: bigint): bigint {
  const limit = sign < 0n ? MIN_TIME : MAX_TIME;
  if (distance === undefined) return limit;
  const bound = time + sign * distance;
  return bound < MIN_TIME || bound > MAX_TIME ? limit : bound;
}

/** The first point of the range, or the last. */
async function nearest(
  context: ReplicaContext,
  series: ResolvedSeries,
  range: TimeRange,
  descending: boolean,
): Promise<Point | undefined> {
  const { reader, signal } = context;
  const { device, measurement } = series;
  for await (const batch of reader.scan({ device, measurements: [measurement], range, descending, signal })) {
    const value = batch.rows === 0 ? null : valueAt(columnAt(batch, 0), 0);
    if (value !== null && batch.times !== undefined) return { time: timeAt(batch.times, 0), value };
  }
  return undefined;
}
