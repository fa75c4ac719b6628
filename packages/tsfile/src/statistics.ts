import { rowsOf, textAt, wordsOf } from "./columns.ts";
import { countBits, hasBit } from "./presence.ts";
import { type Column, type ColumnStatistics, DataType, type TimeVector } from "./types.ts";

/** Statistics of all rows. Without times, firstTime and lastTime are 0. */
export function computeStatistics(column: Column, times: TimeVector | undefined): ColumnStatistics {
  return aggregateRange(column, times, 0, rowsOf(column));
}

interface Numbers {
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
  readonly sum: number;
}

const NO_NUMBERS: Numbers = { min: undefined, max: undefined, sum: 0 };
const TWO_32 = 4294967296;

/** Statistics of a column without values. */
export const EMPTY_STATISTICS: ColumnStatistics = {
  count: 0,
  firstTime: 0,
  lastTime: 0,
  first: undefined,
  last: undefined,
  ...NO_NUMBERS,
};

/** Statistics of the rows [from, to). */
export function aggregateRange(
  column: Column,
  times: TimeVector | undefined,
  from: number,
  to: number,
): ColumnStatistics {
  const { present } = column;
  const count = present === undefined ? to - from : countBits(present, from, to);
  if (count <= 0) return EMPTY_STATISTICS;
  let first = from;
  let last = to - 1;
  while (!hasBit(present, first)) first++;
  while (!hasBit(present, last)) last--;
  const firstTime = times === undefined ? 0 : (times.offsets[first] as number);
  const lastTime = times === undefined ? 0 : (times.offsets[last] as number);
  const ends = endValues(column, first, last);
  const { min, max, sum } = numbersOf(column, first, last + 1);
  return { count, firstTime, lastTime, first: ends.first, last: ends.last, min, max, sum };
}

function endValues(column: Column, first: number, last: number): Pick<ColumnStatistics, "first" | "last"> {
  switch (column.type) {
    case DataType.BOOLEAN:
      return { first: column.values[first] === 1, last: column.values[last] === 1 };
    case DataType.TEXT:
      return { first: textAt(column.values, first), last: textAt(column.values, last) };
    case DataType.INT32:
    case DataType.INT64:
    case DataType.FLOAT:
    case DataType.DOUBLE:
      return { first: column.values[first], last: column.values[last] };
  }
}

function numbersOf(column: Column, from: number, to: number): Numbers {
  switch (column.type) {
    case DataType.BOOLEAN:
    case DataType.TEXT:
      return NO_NUMBERS;
    case DataType.INT64:
      return longNumbers(column.values, column.present, from, to);
    case DataType.DOUBLE:
      return doubleNumbers(column.values, column.present, from, to, from);
    case DataType.INT32:
    case DataType.FLOAT:
      // Widening is exact, and leaves one loop over one kind of array.
      return doubleNumbers(new Float64Array(column.values.subarray(from, to)), column.present, 0, to - from, from);
  }
}

/** Of `values[from, to)`; `row` is the row of `values[from]` in the null map. */
function doubleNumbers(
  values: Float64Array,
  present: Uint8Array | undefined,
  from: number,
  to: number,
  row: number,
): Numbers {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  // NaN fails both comparisons and so stays out of min and max.
  if (present === undefined) {
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  } else {
    for (let i = from, r = row; i < to; i++, r++) {
      if ((((present[r >>> 3] as number) >>> (r & 7)) & 1) === 0) continue;
      const value = values[i] as number;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (min > max) return { min: undefined, max: undefined, sum };
  const shift = row - from;
  if (min === 0) min = hasZero(values, present, from, to, shift, -0) ? -0 : 0;
  if (max === 0) max = hasZero(values, present, from, to, shift, 0) ? 0 : -0;
  return { min, max, sum };
}

/** True when a present value is the zero of that sign: the comparisons above take −0 and +0 for equal, statistics do not. */
function hasZero(
  values: Float64Array,
  present: Uint8Array | undefined,
  from: number,
  to: number,
  shift: number,
  zero: number,
): boolean {
  for (let i = from; i < to; i++) if (Object.is(values[i], zero) && hasBit(present, i + shift)) return true;
  return false;
}

/** The same for 64-bit integers, in halves; the sum adds each value rounded to the nearest double. */
function longNumbers(values: BigInt64Array, present: Uint8Array | undefined, from: number, to: number): Numbers {
  const words = wordsOf(values);
  let min = from;
  let max = from;
  let minHigh = 0x7fffffff;
  let minLow = 0xffffffff;
  let maxHigh = -0x80000000;
  let maxLow = 0;
  let sum = 0;
  for (let i = from; i < to; i++) {
    if (present !== undefined && (((present[i >>> 3] as number) >>> (i & 7)) & 1) === 0) continue;
    const low = (words[2 * i] as number) >>> 0;
    const high = words[2 * i + 1] as number;
    sum += high * TWO_32 + low;
    if (high < minHigh || (high === minHigh && low <= minLow)) {
      min = i;
      minHigh = high;
      minLow = low;
    }
    if (high > maxHigh || (high === maxHigh && low >= maxLow)) {
      max = i;
      maxHigh = high;
      maxLow = low;
    }
  }
  return { min: values[min], max: values[max], sum };
}
