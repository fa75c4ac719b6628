import type { Duration, FillItem } from "@ringtide/sql";
import { DataType } from "@ringtide/tsfile";
import type { FillRule } from "../wire/fragment.ts";
import { type CalendarOptions, monthAdder } from "./calendar.ts";
import { semantic } from "./select.ts";

/** Rules with distances in ticks. Calendar months count from the time that is filled, which GROUP BY has many of: there they are refused. */
export function fillRules(
  items: readonly FillItem[],
  at?: { readonly time: bigint; readonly calendar: CalendarOptions },
): FillRule[] {
  return items.map((item) => ({
    type: item.type === "ALL" ? undefined : DataType[item.type],
    method: item.method,
    before: distance(item.before, -1, at),
    after: distance(item.after, 1, at),
  }));
}

function distance(
  duration: Duration | undefined,
  sign: 1 | -1,
  at: { readonly time: bigint; readonly calendar: CalendarOptions } | undefined,
): bigint | undefined {
  if (duration === undefined) return undefined;
  if (duration.months === 0) return duration.ticks;
  if (at === undefined) throw semantic("FILL with GROUP BY takes ranges without calendar months");
  const moved = monthAdder(at.calendar)(at.time, sign * duration.months);
  return (moved - at.time) * BigInt(sign) + duration.ticks;
}
