import type { Condition, PathText, Place, TimeExpression } from "./ast.ts";
import { seriesIn } from "./condition.ts";
import { Fault } from "./fault.ts";
import { isInt64 } from "./range.ts";
import { ticksOf } from "./time-expression.ts";

interface TimeRange {
  from: TimeExpression | undefined;
  to: TimeExpression | undefined;
}

/** The one range, bounds included, that comparisons of time joined by AND leave. `place` is that of the condition. */
export function timeRangeOf(condition: Condition | undefined, place: Place): Readonly<TimeRange> {
  const range: TimeRange = { from: undefined, to: undefined };
  if (condition === undefined) return range;
  const series: PathText | undefined = seriesIn(condition)[0];
  if (series !== undefined) throw new Fault("SQL_SEMANTIC", series.place, "the WHERE of DELETE can only be about time");
  narrow(range, condition, place);
  const { from, to } = range;
  if (from?.kind === to?.kind && from !== undefined && to !== undefined && ticksOf(from) > ticksOf(to))
    throw empty(place);
  return range;
}

function narrow(range: TimeRange, condition: Condition, place: Place): void {
  if (condition.kind === "and") {
    for (const operand of condition.operands) narrow(range, operand, place);
  } else if (condition.kind === "time" && condition.comparison !== "!=") {
    const { comparison, time } = condition;
    if (comparison !== "<" && comparison !== "<=") {
      range.from = tighter(range.from, comparison === ">" ? moved(time, 1n, place) : time, 1, place);
    }
    if (comparison !== ">" && comparison !== ">=") {
      range.to = tighter(range.to, comparison === "<" ? moved(time, -1n, place) : time, -1, place);
    }
  } else {
    throw new Fault("SQL_SEMANTIC", place, "DELETE takes one range of time: <, <=, =, >= and > joined by AND");
  }
}

/** The bound that leaves less: the later one for direction 1, the earlier one for -1. */
function tighter(
  bound: TimeExpression | undefined,
  other: TimeExpression,
  direction: 1 | -1,
  place: Place,
): TimeExpression {
  if (bound === undefined) return other;
  if (bound.kind !== other.kind) {
    throw new Fault("SQL_SEMANTIC", place, "DELETE cannot bound the same side by now() and by a fixed time");
  }
  const isLater = ticksOf(other) > ticksOf(bound);
  return isLater === (direction === 1) ? other : bound;
}

function moved(time: TimeExpression, ticks: bigint, place: Place): TimeExpression {
  const sum = ticksOf(time) + ticks;
  if (!isInt64(sum)) throw empty(place);
  return time.kind === "now" ? { kind: "now", offset: sum } : { kind: "ticks", value: sum };
}

function empty(place: Place): Fault {
  return new Fault("SQL_SEMANTIC", place, "the range of time to delete is empty");
}
