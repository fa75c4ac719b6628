import { type Column, DataType, type Value, valueAt } from "@ringtide/tsfile";

/** A value as it is shown: as `valueAt`, but a FLOAT is the shortest decimal that means the same FLOAT (0.1, not 0.10000000149011612). */
export function shownValue(column: Column, row: number): Value | null {
  const value = valueAt(column, row) ?? null;
  return column.type === DataType.FLOAT && typeof value === "number" ? shortestFloat(value) : value;
}

const FLOAT_DIGITS_MIN = 6;
const FLOAT_DIGITS_MAX = 9;

function shortestFloat(value: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = FLOAT_DIGITS_MIN; digits < FLOAT_DIGITS_MAX; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(FLOAT_DIGITS_MAX));
}

/** A value as text, with nothing escaped. */
export function textOf(value: Value): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text for a terminal: control characters would break the table or command the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    return ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
