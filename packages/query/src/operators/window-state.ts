import type { AggregateName } from "@ringtide/sql";
import {
  aggregateRange,
  type Column,
  type ColumnStatistics,
  columnFromValues,
  DataType,
  type TimeVector,
  type Value,
} from "@ringtide/tsfile";
import type { WindowGrid } from "./window-grid.ts";

/** Bytes that one window of one series takes. */
export const WINDOW_BYTES = 96;

/**
 * What one series has in windows [from, to) of a grid, so far. Points come in runs of rows in ascending order of time, or as the statistics of
 * spans; per window there is a little work a run, none a point.
 */
export class WindowState {
  readonly #grid: WindowGrid;
  readonly #from: number;
  readonly #to: number;
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #mins: (number | bigint | undefined)[];
  readonly #maxs: (number | bigint | undefined)[];
  readonly #firsts: (Value | undefined)[];
  readonly #lasts: (Value | undefined)[];
  readonly #firstTimes: BigInt64Array;
  readonly #lastTimes: BigInt64Array;

  constructor(grid: WindowGrid, from: number, to: number) {
    this.#grid = grid;
    this.#from = from;
    this.#to = to;
    const windows = to - from;
    this.#counts = new Float64Array(windows);
    this.#sums = new Float64Array(windows);
    this.#mins = new Array(windows).fill(undefined);
    this.#maxs = new Array(windows).fill(undefined);
    this.#firsts = new Array(windows).fill(undefined);
    this.#lasts = new Array(windows).fill(undefined);
    this.#firstTimes = new BigInt64Array(windows);
    this.#lastTimes = new BigInt64Array(windows);
  }

  /** True when every window holds all of the span or nothing of it. */
  canTakeWhole(first: bigint, last: bigint): boolean {
    const low = this.#grid.firstEndingFrom(first);
    const high = this.#grid.lastBeginningBy(last);
    return low > high || (this.#grid.first(high) <= first && this.#grid.last(low) >= last);
  }

  /** Adds a span that `canTakeWhole` agreed to. */
  addStatistics(base: bigint, statistics: ColumnStatistics): void {
    if (statistics.count === 0) return;
    const first = base + BigInt(statistics.firstTime);
    const last = base + BigInt(statistics.lastTime);
    const high = Math.min(this.#grid.lastBeginningBy(first), this.#to - 1);
    for (let window = Math.max(this.#grid.firstEndingFrom(last), this.#from); window <= high; window++) {
      this.#add(window, base, statistics);
    }
  }

  addRows(times: TimeVector, column: Column): void {
    const { base, offsets } = times;
    let row = 0;
    let window = this.#from;
    while (row < offsets.length) {
      window = Math.max(window, this.#grid.firstEndingFrom(base + BigInt(offsets[row] as number)));
      if (window >= this.#to) return;
      row = lowerBound(offsets, row, Number(this.#grid.first(window) - base));
      const end = upperBound(offsets, row, Number(this.#grid.last(window) - base));
      if (end > row) this.#add(window, base, aggregateRange(column, times, row, end));
      window++;
      // Rows before the next window's begin are done with; overlapping windows see rows again.
      if (window >= this.#to) return;
      row = lowerBound(offsets, row, Number(this.#grid.first(window) - base));
    }
  }

  /** Parts come in order of time. */
  #add(window: number, base: bigint, part: ColumnStatistics): void {
    if (part.count === 0) return;
    const at = window - this.#from;
    if (this.#counts[at] === 0) {
      this.#firsts[at] = part.first;
      this.#firstTimes[at] = base + BigInt(part.firstTime);
    }
    this.#lasts[at] = part.last;
    this.#lastTimes[at] = base + BigInt(part.lastTime);
    this.#counts[at] = (this.#counts[at] as number) + part.count;
    this.#sums[at] = (this.#sums[at] as number) + part.sum;
    this.#mins[at] = lesser(this.#mins[at], part.min);
    this.#maxs[at] = greater(this.#maxs[at], part.max);
  }

  /** The function's value in windows [from, to), nothing where there are no points. */
  column(name: AggregateName, type: DataType, from: number, to: number): Column {
    const begin = from - this.#from;
    const end = to - this.#from;
    const where = (value: (at: number) => Value | undefined): (Value | undefined)[] => {
      const values: (Value | undefined)[] = [];
      for (let at = begin; at < end; at++) values.push(this.#counts[at] === 0 ? undefined : value(at));
      return values;
    };
    switch (name) {
      case "count":
        return {
          type: DataType.INT64,
          values: BigInt64Array.from(this.#counts.subarray(begin, end), (count) => BigInt(count)),
          present: undefined,
        };
      case "sum":
        return columnFromValues(
          DataType.DOUBLE,
          where((at) => this.#sums[at]),
        );
      case "avg":
        return columnFromValues(
          DataType.DOUBLE,
          where((at) => (this.#sums[at] as number) / (this.#counts[at] as number)),
        );
      case "min_value":
        return columnFromValues(type, this.#mins.slice(begin, end));
      case "max_value":
        return columnFromValues(type, this.#maxs.slice(begin, end));
      case "first_value":
        return columnFromValues(type, this.#firsts.slice(begin, end));
      case "last_value":
        return columnFromValues(type, this.#lasts.slice(begin, end));
      case "min_time":
        return columnFromValues(
          DataType.INT64,
          where((at) => this.#firstTimes[at]),
        );
      case "max_time":
        return columnFromValues(
          DataType.INT64,
          where((at) => this.#lastTimes[at]),
        );
    }
  }
}

/** −0 is less than 0; undefined is no value. */
export function lesser<T extends number | bigint>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined) return b;
  if (b === undefined || a < b) return a;
  return b < a || Object.is(b, -0) ? b : a;
}

export function greater<T extends number | bigint>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined) return b;
  if (b === undefined || a > b) return a;
  return b > a || Object.is(a, -0) ? b : a;
}

/** The first position from `from` on whose offset is at least `bound`. */
function lowerBound(offsets: Float64Array, from: number, bound: number): number {
  if (from >= offsets.length || (offsets[from] as number) >= bound) return from;
  // Doubling steps first: the bound is mostly near.
  let low = from;
  let step = 1;
  while (low + step < offsets.length && (offsets[low + step] as number) < bound) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, offsets.length);
  low++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(offsets: Float64Array, from: number, bound: number): number {
  return lowerBound(offsets, from, bound + 1);
}
