import { type ColumnBatch, valueAt } from "@ringtide/tsfile";
import type { Walks } from "./load.ts";
import { deviceName, groupsOf, SERIES_NAMES, WORKLOAD } from "./workload.ts";

/** One query of the bench: its text for a repetition (ranges shift, so that nothing can be cached), and a check of its answer. */
export interface Case {
  readonly name: string;
  at(repetition: number): { readonly sql: string; readonly check: (batches: readonly ColumnBatch[]) => void };
}

const D = deviceName("query", 0);
const ALL = groupsOf("query");
const ROWS = WORKLOAD.tabletsOfDevice0 * WORKLOAD.rows;
const END = WORKLOAD.startMs + ROWS * WORKLOAD.stepMs;
const TEN = SERIES_NAMES.join(", ");
const WINDOW_MS = 100_000;

function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: found ${String(found)}, the generator says ${String(expected)}`);
}

function expectClose(what: string, found: unknown, expected: number): void {
  if (typeof found !== "number" || Math.abs(found - expected) > 1e-6 * Math.max(1, Math.abs(expected))) {
    throw new Error(`${what}: found ${String(found)}, the generator says ${expected}`);
  }
}

function rowsOf(batches: readonly ColumnBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.rows, 0);
}

/** Sum of all present DOUBLE values of a result. */
function sumOf(batches: readonly ColumnBatch[]): number {
  let sum = 0;
  for (const batch of batches) {
    for (const column of batch.columns) {
      if (column.type !== 4) throw new Error(`a column of type ${column.type}`);
      for (const value of column.values) sum += value;
    }
  }
  return sum;
}

function sumRange(walk: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += walk[i] as number;
  return sum;
}

function maxRange(walk: Float64Array, from: number, to: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) max = Math.max(max, walk[i] as number);
  return max;
}

function cell(batches: readonly ColumnBatch[], column: number, row = 0): unknown {
  const batch = batches.find((each) => each.rows > 0);
  const found = batch?.columns[column];
  return found === undefined ? undefined : valueAt(found, row);
}

function raw(name: string, rows: number, walks: readonly Float64Array[]): Case {
  return {
    name,
    at(repetition) {
      const from = rows === ROWS ? 0 : (repetition * 4391) % (ROWS - rows);
      const start = WORKLOAD.startMs + from * WORKLOAD.stepMs;
      const where = rows === ROWS ? "" : ` WHERE time >= ${start} AND time < ${start + rows * WORKLOAD.stepMs}`;
      return {
        sql: `SELECT ${TEN} FROM ${D}${where}`,
        check(batches) {
          expectEqual(`${name} rows`, rowsOf(batches), rows);
          expectClose(
            `${name} sum`,
            sumOf(batches),
            walks.reduce((sum, walk) => sum + sumRange(walk, from, from + rows), 0),
          );
        },
      };
    },
  };
}

function aggregate(name: string, cutMs: number, walk: Float64Array): Case {
  return {
    name,
    at(repetition) {
      const shift = cutMs === 0 ? 0 : repetition * WORKLOAD.stepMs;
      const start = WORKLOAD.startMs + cutMs + shift;
      const end = END - cutMs - shift;
      const where = cutMs === 0 ? "" : ` WHERE time >= ${start} AND time < ${end}`;
      const from = Math.ceil((start - WORKLOAD.startMs) / WORKLOAD.stepMs);
      const to = Math.ceil((end - WORKLOAD.startMs) / WORKLOAD.stepMs);
      return {
        sql: `SELECT count(s0), avg(s0), max_value(s0) FROM ${D}${where}`,
        check(batches) {
          expectEqual(`${name} count`, Number(cell(batches, 0)), to - from);
          expectClose(`${name} avg`, cell(batches, 1), sumRange(walk, from, to) / (to - from));
          expectEqual(`${name} max`, cell(batches, 2), maxRange(walk, from, to));
        },
      };
    },
  };
}

/** An aggregate of all 1000 series: the columns together are checked. */
function everywhere(name: string, call: string, expected: (walk: Float64Array) => number, walks: Walks): Case {
  const total = walks.byDevice.flat().reduce((sum, walk) => sum + expected(walk), 0);
  return {
    name,
    at: () => ({
      sql: `SELECT ${call}(*) FROM ${ALL}`,
      check(batches) {
        const columns = batches.find((batch) => batch.rows > 0)?.columns ?? [];
        expectEqual(`${name} columns`, columns.length, WORKLOAD.devices * WORKLOAD.series);
        expectClose(
          `${name} total`,
          columns.reduce((sum, column) => sum + Number(valueAt(column, 0)), 0),
          total,
        );
      },
    }),
  };
}

function groupBy(walk: Float64Array): Case {
  return {
    name: "groupBy1000",
    at(repetition) {
      const shiftRows = repetition % 100;
      const start = WORKLOAD.startMs + shiftRows * WORKLOAD.stepMs;
      const rowsPerWindow = WINDOW_MS / WORKLOAD.stepMs;
      return {
        sql: `SELECT avg(s0), max_value(s0), count(s0) FROM ${D} GROUP BY ([${start}, ${start + 1000 * WINDOW_MS}), 100s)`,
        check(batches) {
          expectEqual("groupBy1000 rows", rowsOf(batches), 1000);
          let from = shiftRows;
          for (const batch of batches) {
            for (let row = 0; row < batch.rows; row++, from += rowsPerWindow) {
              const to = Math.min(from + rowsPerWindow, walk.length);
              const [avg, max, count] = batch.columns.map((column) => valueAt(column, row));
              expectClose(`groupBy1000 avg from row ${from}`, avg, sumRange(walk, from, to) / (to - from));
              expectEqual(`groupBy1000 max from row ${from}`, max, maxRange(walk, from, to));
              expectEqual(`groupBy1000 count from row ${from}`, Number(count), to - from);
            }
          }
        },
      };
    },
  };
}

function last(walks: Walks): Case {
  const total = walks.byDevice.flat().reduce((sum, walk) => sum + (walk.at(-1) as number), 0);
  return {
    name: "last1000",
    at: () => ({
      sql: `SELECT LAST * FROM ${ALL}`,
      check(batches) {
        expectEqual("last1000 rows", rowsOf(batches), WORKLOAD.devices * WORKLOAD.series);
        let sum = 0;
        for (const batch of batches) {
          const values = batch.columns[1];
          if (values === undefined) throw new Error("last1000 has no value column");
          for (let row = 0; row < batch.rows; row++) sum += Number(valueAt(values, row));
        }
        expectClose("last1000 total", sum, total);
      },
    }),
  };
}

/** The value of s1 that about a sixth of the rows lies above. */
function filter(walks: readonly Float64Array[]): Case {
  const s1 = walks[1] as Float64Array;
  const sorted = Float64Array.from(s1).sort();
  return {
    name: "filter",
    at(repetition) {
      const bound = sorted[Math.floor((sorted.length * 5) / 6) - repetition] as number;
      return {
        sql: `SELECT ${TEN} FROM ${D} WHERE s1 > ${bound}`,
        check(batches) {
          let rows = 0;
          let sum = 0;
          for (let row = 0; row < s1.length; row++) {
            if ((s1[row] as number) <= bound) continue;
            rows++;
            for (const walk of walks) sum += walk[row] as number;
          }
          expectEqual("filter rows", rowsOf(batches), rows);
          expectClose("filter sum", sumOf(batches), sum);
        },
      };
    },
  };
}

export function casesOf(walks: Walks): Case[] {
  const ofD = walks.byDevice[0] ?? [];
  const s0 = ofD[0] as Float64Array;
  return [
    raw("raw100kx10", ROWS, ofD),
    raw("raw1k", 1000, ofD),
    aggregate("agg1", 0, s0),
    aggregate("aggPart1", 333_500, s0),
    everywhere("count1000", "count", (walk) => walk.length, walks),
    everywhere("avg1000", "avg", (walk) => sumRange(walk, 0, walk.length) / walk.length, walks),
    everywhere("max1000", "max_value", (walk) => maxRange(walk, 0, walk.length), walks),
    groupBy(s0),
    last(walks),
    filter(ofD),
  ];
}
