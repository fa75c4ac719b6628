import { RingtideError } from "@ringtide/common";
import type { Duration, GroupByTime } from "@ringtide/sql";
import { MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import { type CalendarOptions, monthAdder } from "./calendar.ts";
import { fixTime } from "./predicate.ts";

/** The windows of GROUP BY, times inclusive on both ends. A window's label is the time of its row. */
export type WindowSpec =
  | {
      /** Window i begins at `first + i × step` and has `interval` ticks, cut at `last`. */
      readonly kind: "regular";
      readonly first: bigint;
      readonly last: bigint;
      readonly interval: bigint;
      readonly step: bigint;
      readonly count: number;
      readonly label: "first" | "last";
    }
  /** Calendar windows, each spelled out. */
  | {
      readonly kind: "listed";
      readonly firsts: readonly bigint[];
      readonly lasts: readonly bigint[];
      readonly labels: readonly bigint[];
    };

/** More windows than this are refused: QUERY_TOO_LARGE. */
const MAX_WINDOWS = 10_000_000;
/** Calendar windows travel as lists. */
const MAX_CALENDAR_WINDOWS = 100_000;

/**
 * `[s, e)` windows as they are, `(s, e]` moved up by one tick. The label of `[s, e)` is s, that of `(s, e]` is e, or, where windows overlap and
 * the cut at the range's end would make labels repeat, where e would be without the cut.
 */
export function windowsOf(groupBy: GroupByTime, now: bigint, calendar: CalendarOptions): WindowSpec {
  const shift = groupBy.bounds === "(]" ? 1n : 0n;
  const first = fixTime(groupBy.start, now) + shift;
  const last = fixTime(groupBy.end, now) + shift - 1n;
  if (last < first) {
    throw new RingtideError("SQL_SEMANTIC", "GROUP BY: the start of the range must be before its end");
  }
  checkDuration(groupBy.interval, "interval");
  checkDuration(groupBy.step, "sliding step");
  const label = shift === 1n ? "last" : "first";
  if (groupBy.interval.months !== 0 || groupBy.step.months !== 0) {
    return listedWindows(groupBy, first, last, shift, calendar);
  }
  const step = groupBy.step.ticks;
  const interval = groupBy.interval.ticks;
  const count = (last - first) / step + 1n;
  if (count > BigInt(MAX_WINDOWS)) throw tooMany(count);
  if (first < MIN_TIME || first + (count - 1n) * step + interval - 1n > MAX_TIME) {
    throw new RingtideError("TIME_OUT_OF_RANGE", "GROUP BY: the last window ends beyond signed 64 bits");
  }
  return { kind: "regular", first, last, interval, step, count: Number(count), label };
}

function checkDuration(duration: Duration, what: string): void {
  if (duration.months < 0 || duration.ticks < 0n || (duration.months === 0 && duration.ticks === 0n)) {
    throw new RingtideError("SQL_SEMANTIC", `GROUP BY: the ${what} must be greater than 0`);
  }
}

function tooMany(count: bigint | number): RingtideError {
  return new RingtideError(
    "QUERY_TOO_LARGE",
    `GROUP BY: ${count} windows are more than ${MAX_WINDOWS} (${MAX_CALENDAR_WINDOWS} of calendar months): use a longer interval`,
  );
}

/** Month i is counted from the start each time, so that windows from the 31st do not drift to the 28th. */
function listedWindows(
  groupBy: GroupByTime,
  first: bigint,
  last: bigint,
  shift: bigint,
  calendar: CalendarOptions,
): WindowSpec {
  const plus = monthAdder(calendar);
  const start = first - shift;
  const { interval, step } = groupBy;
  const firsts: bigint[] = [];
  const ends: bigint[] = [];
  for (let i = 0; ; i++) {
    const begin = plus(start, step.months * i) + step.ticks * BigInt(i);
    if (begin + shift > last) break;
    if (i === MAX_CALENDAR_WINDOWS) throw tooMany(i + 1);
    const end =
      step.months === interval.months && step.ticks === interval.ticks
        ? plus(start, step.months * (i + 1)) + step.ticks * BigInt(i + 1)
        : plus(begin, interval.months) + interval.ticks;
    firsts.push(begin + shift);
    ends.push(end + shift - 1n);
  }
  const overlap = firsts.some((begin, i) => i > 0 && begin <= (ends[i - 1] ?? begin));
  const lasts = ends.map((end) => (end < last ? end : last));
  return { kind: "listed", firsts, lasts, labels: shift === 0n ? firsts : overlap ? ends : lasts };
}
