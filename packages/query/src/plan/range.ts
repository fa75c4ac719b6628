import type { TimeRange } from "@ringtide/engine";
import { MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import type { Predicate } from "./predicate.ts";
import { earlier, later } from "./times.ts";

export const ALL_TIMES: TimeRange = { from: MIN_TIME, to: MAX_TIME };
/** A range without any time. */
const NO_TIMES: TimeRange = { from: MAX_TIME, to: MIN_TIME };

export function isEmptyRange(range: TimeRange): boolean {
  return range.from > range.to;
}

export function intersectRanges(a: TimeRange, b: TimeRange): TimeRange {
  const range = { from: later(a.from, b.from), to: earlier(a.to, b.to) };
  return isEmptyRange(range) ? NO_TIMES : range;
}

function hullOf(a: TimeRange, b: TimeRange): TimeRange {
  if (isEmptyRange(a)) return b;
  if (isEmptyRange(b)) return a;
  return { from: earlier(a.from, b.from), to: later(a.to, b.to) };
}

/** The range outside of which a predicate is false, and what is left to check inside of it. */
export interface SplitPredicate {
  readonly range: TimeRange;
  readonly rest: Predicate | undefined;
}

export function splitByTime(predicate: Predicate | undefined): SplitPredicate {
  if (predicate === undefined) return { range: ALL_TIMES, rest: undefined };
  switch (predicate.kind) {
    case "value":
    case "valueIn":
      return { range: ALL_TIMES, rest: predicate };
    case "time":
      if (predicate.comparison === "!=") return { range: ALL_TIMES, rest: predicate };
      return { range: rangeOfComparison(predicate.comparison, predicate.time), rest: undefined };
    case "timeIn":
      return splitTimeIn(predicate);
    case "and":
      return splitAnd(predicate.operands);
    case "or":
      return {
        range: predicate.operands.map((operand) => splitByTime(operand).range).reduce(hullOf, NO_TIMES),
        rest: predicate,
      };
  }
}

function rangeOfComparison(comparison: "<" | "<=" | ">" | ">=" | "=", time: bigint): TimeRange {
  switch (comparison) {
    case "<":
      return time === MIN_TIME ? NO_TIMES : { from: MIN_TIME, to: time - 1n };
    case "<=":
      return { from: MIN_TIME, to: time };
    case ">":
      return time === MAX_TIME ? NO_TIMES : { from: time + 1n, to: MAX_TIME };
    case ">=":
      return { from: time, to: MAX_TIME };
    case "=":
      return { from: time, to: time };
  }
}

function splitTimeIn(predicate: Extract<Predicate, { kind: "timeIn" }>): SplitPredicate {
  if (predicate.negated) return { range: ALL_TIMES, rest: predicate };
  const range = predicate.times.map((time) => ({ from: time, to: time })).reduce(hullOf, NO_TIMES);
  return { range, rest: range.from >= range.to ? undefined : predicate };
}

function splitAnd(operands: readonly Predicate[]): SplitPredicate {
  const parts = operands.map(splitByTime);
  const rest = parts.flatMap((part) => (part.rest === undefined ? [] : [part.rest]));
  const [only] = rest;
  return {
    range: parts.map((part) => part.range).reduce(intersectRanges, ALL_TIMES),
    rest: rest.length > 1 ? { kind: "and", operands: rest } : only,
  };
}
