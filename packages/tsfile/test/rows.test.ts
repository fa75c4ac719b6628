import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aggregateRange,
  type Column,
  type ColumnBatch,
  type ColumnStatistics,
  columnFromValues,
  concatBatches,
  DataType,
  emptyColumn,
  filterRows,
  isPresent,
  mergeBatches,
  reverseBatch,
  rowsOf,
  sliceBatch,
  sortBatchByTime,
  takeRows,
  timeAt,
  timesFromNumbers,
  type Value,
  valueAt,
} from "../src/index.ts";
import { anyBatch, batchBits, columnOfType, valuesOf } from "./arbitraries.ts";

type Row = { readonly time: bigint; readonly values: (Value | null)[] };

/** A batch as rows of JavaScript values: the naive model. */
function rowsIn(batch: ColumnBatch): Row[] {
  return Array.from({ length: batch.rows }, (_, i) => ({
    time: batch.times === undefined ? 0n : timeAt(batch.times, i),
    values: batch.columns.map((column) => valueAt(column, i)),
  }));
}

/** What is left of rows that were written one after the other. */
function writtenInOrder(rows: readonly Row[]): Row[] {
  const byTime = new Map<bigint, (Value | null)[]>();
  for (const { time, values } of rows) {
    const old = byTime.get(time);
    byTime.set(time, old === undefined ? values : values.map((value, c) => value ?? (old[c] as Value | null)));
  }
  return [...byTime].map(([time, values]) => ({ time, values })).sort((a, b) => (a.time < b.time ? -1 : 1));
}

const TYPES = [DataType.DOUBLE, DataType.TEXT, DataType.INT64, DataType.BOOLEAN, DataType.INT32, DataType.FLOAT];

/** Rows of all types with few distinct times, in any order. */
function disorderly(maxRows: number): fc.Arbitrary<ColumnBatch> {
  return fc.array(fc.nat(maxRows), { maxLength: maxRows }).chain((times) =>
    fc.tuple(...TYPES.map((type) => columnOfType(type, times.length))).map((columns) => ({
      rows: times.length,
      times: timesFromNumbers(times),
      columns,
    })),
  );
}

describe("rows of a batch", () => {
  it("sort by time, the later row of a time winning where it has a value", () => {
    fc.assert(
      fc.property(disorderly(40), (batch) => {
        expect(rowsIn(sortBatchByTime(batch))).toEqual(writtenInOrder(rowsIn(batch)));
      }),
    );
  });

  it("merge, the newest version of a time winning where it has a value", () => {
    fc.assert(
      fc.property(fc.array(disorderly(30), { minLength: 1, maxLength: 5 }), (versions) => {
        const sorted = versions.map(sortBatchByTime);
        expect(rowsIn(mergeBatches(sorted))).toEqual(writtenInOrder(sorted.flatMap(rowsIn)));
      }),
    );
  });

  it("merge without being compared when versions do not overlap", () => {
    const column = columnFromValues(DataType.INT32, [1, 2]);
    const batchAt = (time: number) => ({ rows: 2, times: timesFromNumbers([time, time + 1]), columns: [column] });
    expect(rowsIn(mergeBatches([batchAt(10), batchAt(0), batchAt(5)])).map(({ time }) => time)).toEqual([
      0n,
      1n,
      5n,
      6n,
      10n,
      11n,
    ]);
  });

  it("can be sliced, taken, filtered, reversed and concatenated", () => {
    fc.assert(
      fc.property(anyBatch(40), fc.array(fc.nat(), { maxLength: 50 }), fc.nat(), fc.nat(), (batch, picks, a, b) => {
        const model = rowsIn(batch);
        const from = a % (batch.rows + 1);
        const to = from + (b % (batch.rows - from + 1));
        const slice = sliceBatch(batch, from, to);
        expect(rowsIn(slice)).toEqual(model.slice(from, to));
        expect(rowsIn(reverseBatch(batch))).toEqual(model.toReversed());
        const rows = batch.rows === 0 ? [] : picks.map((pick) => pick % batch.rows);
        expect(rowsIn(takeRows(batch, Uint32Array.from(rows)))).toEqual(rows.map((row) => model[row]));
        const keep = new Uint8Array(Math.ceil(batch.rows / 8)).map((_, i) => picks[i] ?? 0);
        const isKept = (i: number) => (((keep[i >>> 3] as number) >>> (i & 7)) & 1) === 1;
        expect(rowsIn(filterRows(batch, keep))).toEqual(model.filter((_, i) => isKept(i)));
        const whole = concatBatches([sliceBatch(batch, 0, from), slice, sliceBatch(batch, to, batch.rows)]);
        expect(batchBits(whole)).toEqual(batchBits(batch));
      }),
    );
  });

  it("without a value are null", () => {
    for (const type of TYPES) {
      const column = emptyColumn(type, 11);
      expect(rowsOf(column)).toBe(11);
      for (let i = 0; i < 11; i++) expect([isPresent(column, i), valueAt(column, i)]).toEqual([false, null]);
    }
  });
});

describe("statistics of a range of rows", () => {
  it("are those of a naive loop", () => {
    const column = fc
      .tuple(fc.constantFrom(...TYPES), fc.integer({ min: 0, max: 50 }))
      .chain(([type, rows]) => valuesOf(type, rows).map((values) => ({ type, values })));
    fc.assert(
      fc.property(column, fc.nat(), fc.nat(), ({ type, values }, a, b) => {
        const from = a % (values.length + 1);
        const to = from + (b % (values.length - from + 1));
        const times = timesFromNumbers(values.map((_, i) => 7 * i));
        const built = columnFromValues(type, values);
        expect(aggregateRange(built, times, from, to)).toEqual(naive(built, from, to));
      }),
      { numRuns: 500 },
    );
  });
});

/** −0 before +0, NaN left out. */
function isLess(a: number | bigint, b: number | bigint): boolean {
  return a < b || (Object.is(a, -0) && Object.is(b, 0));
}

function naive(column: Column, from: number, to: number): ColumnStatistics {
  let statistics: ColumnStatistics = {
    count: 0,
    firstTime: 0,
    lastTime: 0,
    first: undefined,
    last: undefined,
    min: undefined,
    max: undefined,
    sum: 0,
  };
  for (let i = from; i < to; i++) {
    const value = valueAt(column, i);
    if (value === null) continue;
    const { count, firstTime, first, sum } = statistics;
    const ends = { first: count === 0 ? value : first, firstTime: count === 0 ? 7 * i : firstTime, last: value };
    statistics = { ...statistics, ...ends, count: count + 1, lastTime: 7 * i };
    if (typeof value === "boolean" || typeof value === "string") continue;
    let { min, max } = statistics;
    if (!Number.isNaN(value) && (min === undefined || isLess(value, min))) min = value;
    if (!Number.isNaN(value) && (max === undefined || isLess(max, value))) max = value;
    statistics = { ...statistics, min, max, sum: sum + Number(value) };
  }
  return statistics;
}
