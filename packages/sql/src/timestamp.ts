import { RingtideError } from "@ringtide/common";
import type { ParseOptions } from "./ast.ts";
import { NANOS_PER_TICK } from "./duration.ts";
import { isInt64, parseInt64 } from "./range.ts";
import { shorten } from "./shorten.ts";
import { localToEpochMs, offsetsOf } from "./zone.ts";

const NANOS_PER_MS = 1_000_000n;
const FRACTION_DIGITS: Readonly<Record<ParseOptions["precision"], number>> = { ms: 3, us: 6, ns: 9 };
const TIMESTAMP =
  /^(-?\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(?:T|[ \t]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?[ \t]?(Z|[+-]\d{2}:\d{2}(?::\d{2})?)?$/i;
/** Date.UTC takes the years 0 to 99 for 1900 to 1999. The calendar repeats every 400 years, so all years are moved beyond that. */
const SHIFT_YEARS = 12_000;
const SHIFT_MS = (SHIFT_YEARS / 400) * 146_097 * 86_400_000;

/**
 * Ticks of a time as text: a whole number of ticks, or a date (`2020-01-01`, also with / or .) with an optional time of day
 * (` 10:00`, `T10:00:00.123`) and offset (`Z`, `+08:00`); without an offset it is local to `options.zone`.
 * Throws SQL_SYNTAX for any other text, SQL_SEMANTIC for a day or hour that does not exist and for a fraction finer than the
 * precision, TIME_OUT_OF_RANGE beyond signed 64 bits.
 */
export function parseTimestamp(text: string, options: ParseOptions): bigint {
  const trimmed = text.trim();
  if (/^[+-]?\d+$/.test(trimmed)) return ticksOfNumber(trimmed);
  const match = TIMESTAMP.exec(trimmed);
  if (match === null) {
    throw new RingtideError(
      "SQL_SYNTAX",
      `'${shorten(text)}' is no time: expected a whole number or a date such as 2020-01-31 10:00:00.000+08:00`,
    );
  }
  const [, year = "", , month = "", day = "", hour = "0", minute = "0", second = "0", fraction = "", offset] = match;
  const localMs = localMilliseconds([year, month, day, hour, minute, second].map(Number), trimmed);
  const secondMs = localToEpochMs(localMs, offsetsOf(offset ?? options.zone));
  const nanos = BigInt(secondMs) * NANOS_PER_MS + nanosOfFraction(fraction, trimmed);
  const nanosPerTick = NANOS_PER_TICK[options.precision];
  if (nanos % nanosPerTick !== 0n) {
    throw new RingtideError(
      "SQL_SEMANTIC",
      `'${shorten(text)}' is finer than ${options.precision}, the time precision here`,
    );
  }
  const ticks = nanos / nanosPerTick;
  if (!isInt64(ticks)) throw outOfRange(text);
  return ticks;
}

function ticksOfNumber(text: string): bigint {
  const ticks = parseInt64(text);
  if (ticks === undefined) throw outOfRange(text);
  return ticks;
}

function localMilliseconds(fields: readonly number[], text: string): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const localMs = Date.UTC(year + SHIFT_YEARS, month - 1, day, hour, minute, second) - SHIFT_MS;
  const check = new Date(localMs);
  if (month > 12 || check.getUTCMonth() !== month - 1 || check.getUTCDate() !== day || check.getUTCHours() !== hour) {
    throw new RingtideError("SQL_SEMANTIC", `'${shorten(text)}' names a day or hour that does not exist`);
  }
  if (minute > 59 || second > 59) {
    throw new RingtideError("SQL_SEMANTIC", `'${shorten(text)}' has more than 59 minutes or seconds`);
  }
  return localMs;
}

function nanosOfFraction(digits: string, text: string): bigint {
  const significant = digits.replace(/0+$/, "");
  if (significant.length > 9) throw new RingtideError("SQL_SEMANTIC", `'${shorten(text)}' is finer than a nanosecond`);
  return BigInt(significant.padEnd(9, "0"));
}

/**
 * A time for people: `2020-01-01T10:00:00.123+08:00`, with as many decimals as the precision has. Exact for every signed
 * 64-bit value: what lies beyond the years -9999 to 9999 comes as the plain number.
 */
export function formatTimestamp(time: bigint, precision: ParseOptions["precision"], zone: string): string {
  const nanos = time * NANOS_PER_TICK[precision];
  const nanosOfMs = ((nanos % NANOS_PER_MS) + NANOS_PER_MS) % NANOS_PER_MS;
  const epochMs = Number((nanos - nanosOfMs) / NANOS_PER_MS);
  // Compared before Date is asked: ms of 64 bits reach far beyond what it takes.
  if (Math.abs(epochMs) > 4e14) return time.toString();
  const offset = offsetsOf(zone)(epochMs);
  const local = new Date(epochMs + offset * 1000);
  const year = local.getUTCFullYear();
  if (Math.abs(year) > 9999) return time.toString();
  const day = `${year < 0 ? "-" : ""}${pad(Math.abs(year), 4)}-${pad(local.getUTCMonth() + 1)}-${pad(local.getUTCDate())}`;
  const clock = `${pad(local.getUTCHours())}:${pad(local.getUTCMinutes())}:${pad(local.getUTCSeconds())}`;
  const fraction = pad(local.getUTCMilliseconds(), 3) + nanosOfMs.toString().padStart(6, "0");
  return `${day}T${clock}.${fraction.slice(0, FRACTION_DIGITS[precision])}${formatOffset(offset)}`;
}

function formatOffset(offset: number): string {
  if (offset === 0) return "Z";
  const size = Math.abs(offset);
  const seconds = size % 60 === 0 ? "" : `:${pad(size % 60)}`;
  return `${offset < 0 ? "-" : "+"}${pad(Math.floor(size / 3600))}:${pad(Math.floor(size / 60) % 60)}${seconds}`;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

function outOfRange(text: string): RingtideError {
  return new RingtideError("TIME_OUT_OF_RANGE", `time ${shorten(text)} does not fit in signed 64 bits`);
}
