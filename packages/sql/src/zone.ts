import { RingtideError } from "@ringtide/common";
import { shorten } from "./shorten.ts";

/** Local time minus UTC, in seconds, at an instant in milliseconds since 1970. */
export type OffsetAt = (epochMs: number) => number;

const FIXED_OFFSET = /^(?:UTC|GMT)?([+-])(\d{1,2}):(\d{2})(?::(\d{2}))?$/i;
/** Zones have the constant local mean time of their place before; the calendar fields of Intl are plain only after year 1. */
const EARLIEST_RULE_MS = Date.UTC(1800, 0, 1);
/** Zone names come from clients, so what is kept is bounded. */
const MAX_CACHED_ZONES = 64;
const cache = new Map<string, OffsetAt>();

/** The offsets of a zone: `Z`, `+08:00` or an IANA name. Throws CONFIG_INVALID_VALUE for anything else. */
export function offsetsOf(zone: string): OffsetAt {
  const known = cache.get(zone);
  if (known !== undefined) return known;
  const offsets = fixedOffsets(zone) ?? namedOffsets(zone);
  if (cache.size >= MAX_CACHED_ZONES) cache.clear();
  cache.set(zone, offsets);
  return offsets;
}

function fixedOffsets(zone: string): OffsetAt | undefined {
  if (/^(?:Z|UTC|GMT)$/i.test(zone)) return () => 0;
  const match = FIXED_OFFSET.exec(zone);
  if (match === null) return undefined;
  const [, sign, hours, minutes, seconds] = match;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds ?? 0)];
  if (h > 18 || m > 59 || s > 59) throw unknownZone(zone);
  const offset = (h * 3600 + m * 60 + s) * (sign === "-" ? -1 : 1);
  return () => offset;
}

function namedOffsets(zone: string): OffsetAt {
  const format = formatOf(zone);
  return (epochMs) => {
    const seconds = Math.floor(Math.max(epochMs, EARLIEST_RULE_MS) / 1000);
    const fields: Record<string, number> = {};
    for (const part of format.formatToParts(seconds * 1000)) fields[part.type] = Number(part.value);
    const local = Date.UTC(
      fields["year"] ?? 0,
      (fields["month"] ?? 1) - 1,
      fields["day"] ?? 1,
      fields["hour"] ?? 0,
      fields["minute"] ?? 0,
      fields["second"] ?? 0,
    );
    return local / 1000 - seconds;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) throw unknownZone(zone);
    throw error;
  }
}

function unknownZone(zone: string): RingtideError {
  return new RingtideError(
    "CONFIG_INVALID_VALUE",
    `'${shorten(zone)}' is no time zone: expected a name such as Europe/Berlin, an offset such as +08:00, or Z`,
  );
}

/**
 * The instant of a local time, both in milliseconds as if they were UTC. A time that occurs twice (clocks go back) is the
 * earlier one; a time that is skipped (clocks go forward) moves on by the gap.
 */
export function localToEpochMs(localMs: number, offsetAt: OffsetAt): number {
  const dayMs = 86_400_000;
  const before = offsetAt(localMs - dayMs) * 1000;
  const after = offsetAt(localMs + dayMs) * 1000;
  if (before === after || offsetAt(localMs - before) * 1000 === before) return localMs - before;
  return offsetAt(localMs - after) * 1000 === after ? localMs - after : localMs - before;
}
