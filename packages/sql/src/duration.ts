import { RingtideError } from "@ringtide/common";
import type { Duration, ParseOptions } from "./ast.ts";
import { isInt64, parseInt64 } from "./range.ts";
import { shorten } from "./shorten.ts";

export const NANOS_PER_TICK: Readonly<Record<ParseOptions["precision"], bigint>> = {
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
};

const NANOS_PER_UNIT: Readonly<Record<string, bigint>> = {
  w: 604_800_000_000_000n,
  d: 86_400_000_000_000n,
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
};

/** More than any calendar has use for, and far from where month arithmetic would lose exactness. */
const MAX_MONTHS = 120_000n;

/**
 * The span that `1d2h30m`, `10ms` or `1mo` names. Throws SQL_SEMANTIC when it is no whole number of ticks or mixes calendar
 * months with fixed units, TIME_OUT_OF_RANGE beyond signed 64 bits of ticks.
 */
export function parseDuration(text: string, precision: ParseOptions["precision"]): Duration {
  let nanos = 0n;
  let months = 0n;
  let hasFixedUnit = false;
  for (const [part, digits = "", unit = ""] of text.toLowerCase().matchAll(/(\d+)(mo|ms|us|ns|[ywdhms])/g)) {
    const count = parseInt64(digits);
    if (count === undefined) throw tooLong(part);
    const nanosPerUnit = NANOS_PER_UNIT[unit];
    if (nanosPerUnit === undefined) {
      months += unit === "y" ? count * 12n : count;
    } else {
      hasFixedUnit = true;
      nanos += count * nanosPerUnit;
    }
  }
  if (hasFixedUnit && months > 0n) {
    throw new RingtideError(
      "SQL_SEMANTIC",
      `duration ${shorten(text)} mixes calendar months or years with units of fixed length`,
    );
  }
  const nanosPerTick = NANOS_PER_TICK[precision];
  if (nanos % nanosPerTick !== 0n) {
    throw new RingtideError(
      "SQL_SEMANTIC",
      `duration ${shorten(text)} is no whole number of ${precision}, the time precision here`,
    );
  }
  const ticks = nanos / nanosPerTick;
  if (!isInt64(ticks) || months > MAX_MONTHS) throw tooLong(text);
  return { months: Number(months), ticks };
}

function tooLong(text: string): RingtideError {
  return new RingtideError("TIME_OUT_OF_RANGE", `duration ${shorten(text)} is longer than a time can be`);
}
