import type { Place, TimeExpression } from "./ast.ts";
import { Fault } from "./fault.ts";
import { isInt64 } from "./range.ts";

/** What orders times of the same kind: their ticks, or their distance from now(). */
export function ticksOf(time: TimeExpression): bigint {
  return time.kind === "now" ? time.offset : time.value;
}

/** A time moved by ticks; TIME_OUT_OF_RANGE at `place` when it leaves signed 64 bits. */
export function shiftTime(time: TimeExpression, ticks: bigint, place: Place): TimeExpression {
  const moved = ticksOf(time) + ticks;
  if (!isInt64(moved)) throw new Fault("TIME_OUT_OF_RANGE", place, "the time does not fit in signed 64 bits");
  return time.kind === "now" ? { kind: "now", offset: moved } : { kind: "ticks", value: moved };
}
