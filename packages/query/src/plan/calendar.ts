import { RingtideError } from "@ringtide/common";

export interface CalendarOptions {
  readonly precision: "ms" | "us" | "ns";
  /** IANA name, or an offset like `+08:00`. */
  readonly zone: string;
}

const TICKS_PER_MS = { ms: 1n, us: 1000n, ns: 1_000_000n } as const;
/** JavaScript dates reach this far from 1970. */
const MAX_DATE_MS = 8.64e15;

/**
 * Adds calendar months to a time, in a zone: the wall clock stays, the day is cut to the month's last. A wall time that a clock change
 * skips moves on by the change.
 */
export function monthAdder(options: CalendarOptions): (time: bigint, months: number) => bigint {
  const perMs = TICKS_PER_MS[options.precision];
  const offsetAt = zoneOffset(options.zone);
  return (time, months) => {
    if (months === 0) return time;
    const ms = time / perMs - (time % perMs < 0n ? 1n : 0n);
    const rest = time - ms * perMs;
    const utc = inDateRange(Number(ms));
    const wall = utc + offsetAt(utc);
    const moved = inDateRange(addWallMonths(wall, months));
    const guess = moved - offsetAt(inDateRange(moved - offsetAt(utc)));
    const settled = moved - offsetAt(inDateRange(guess));
    return BigInt(settled) * perMs + rest;
  };
}

function inDateRange(ms: number): number {
  if (Math.abs(ms) < MAX_DATE_MS) return ms;
  throw new RingtideError("TIME_OUT_OF_RANGE", "calendar months reach only 270,000 years from 1970");
}

function addWallMonths(wallMs: number, months: number): number {
  const date = new Date(wallMs);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(2000, 0, 1));
  lastDay.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
  date.setUTCDate(Math.min(day, lastDay.getUTCDate()));
  return date.getTime();
}

/** Milliseconds that a zone is ahead of UTC at a time; SQL_SEMANTIC for an unknown zone. */
function zoneOffset(zone: string): (utcMs: number) => number {
  const fixed = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (fixed !== null) {
    const ms = (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000 * (fixed[1] === "-" ? -1 : 1);
    return () => ms;
  }
  if (zone === "UTC" || zone === "Z") return () => 0;
  const format = formatOf(zone);
  return (utcMs) => {
    const parts: Record<string, number> = {};
    for (const part of format.formatToParts(utcMs)) parts[part.type] = Number(part.value);
    const field = (name: string): number => parts[name] ?? 0;
    const wall = new Date(0);
    wall.setUTCFullYear(field("year"), field("month") - 1, field("day"));
    wall.setUTCHours(field("hour"), field("minute"), field("second"));
    return wall.getTime() - Math.floor(utcMs / 1000) * 1000;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      calendar: "iso8601",
      numberingSystem: "latn",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    throw new RingtideError("SQL_SEMANTIC", `unknown time zone '${zone}'`, { cause: error });
  }
}
