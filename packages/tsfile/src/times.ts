import { RingtideError } from "@ringtide/common";
import { ERA_SPAN, eraOf, MAX_TIME, MIN_TIME } from "./eras.ts";
import type { TimeVector } from "./types.ts";

const ERA_TICKS = Number(ERA_SPAN);

/** The time of row `i`. */
export function timeAt(times: TimeVector, i: number): bigint {
  return times.base + BigInt(times.offsets[i] as number);
}

/** Times that lie within one era, in any order. TIME_OUT_OF_RANGE when they do not fit 64 bits or span eras (cut with splitByEra). */
export function timesFromBigints(values: ArrayLike<bigint>): TimeVector {
  const offsets = new Float64Array(values.length);
  const base = values.length === 0 ? 0n : eraOf(checkTime(values[0] as bigint, 0));
  for (let i = 0; i < values.length; i++) offsets[i] = offsetIn(base, checkTime(values[i] as bigint, i), i);
  return { base, offsets };
}

/** The same for times that are safe integers. */
export function timesFromNumbers(values: ArrayLike<number>): TimeVector {
  const base = values.length === 0 ? 0n : eraOf(BigInt(checkNumber(values[0] as number, 0)));
  const start = Number(base);
  const offsets = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    // Adding 0 makes 0 of −0, which is the same time.
    const offset = checkNumber(values[i] as number, i) - start + 0;
    if (offset < 0 || offset >= ERA_TICKS) throw spansEras(i);
    offsets[i] = offset;
  }
  return { base, offsets };
}

/** Rows of one era. */
export interface EraRows {
  readonly base: bigint;
  /** Row numbers, ascending. */
  readonly rows: Uint32Array;
}

/** Which rows lie in which era, eras ascending: one block cannot span two. */
export function splitByEra(values: ArrayLike<number | bigint>): EraRows[] {
  const groups = new Map<bigint, number[]>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    const base = eraOf(typeof value === "bigint" ? checkTime(value, i) : BigInt(checkNumber(value, i)));
    const rows = groups.get(base);
    if (rows === undefined) groups.set(base, [i]);
    else rows.push(i);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([base, rows]) => ({ base, rows: Uint32Array.from(rows) }));
}

/** Index of the first of ascending offsets that is ≥ `offset`; their number when there is none. */
export function lowerBound(offsets: Float64Array, offset: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function offsetIn(base: bigint, time: bigint, row: number): number {
  const offset = time - base;
  if (offset < 0n || offset >= ERA_SPAN) throw spansEras(row);
  return Number(offset);
}

function checkTime(time: bigint, row: number): bigint {
  if (time < MIN_TIME || time > MAX_TIME)
    throw new RingtideError("TIME_OUT_OF_RANGE", `row ${row}: time ${time} does not fit signed 64 bits`);
  return time;
}

function checkNumber(time: number, row: number): number {
  if (!Number.isSafeInteger(time))
    throw new RingtideError("TIME_OUT_OF_RANGE", `row ${row}: time ${time} is no safe integer; give it as bigint`);
  return time;
}

function spansEras(row: number): RingtideError {
  return new RingtideError("TIME_OUT_OF_RANGE", `row ${row}: its time lies in another era than that of row 0`);
}
