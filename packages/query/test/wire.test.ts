import { RingtideError } from "@ringtide/common";
import { type ColumnBatch, columnFromValues, DataType, timesFromBigints, valueAt } from "@ringtide/tsfile";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeRows, encodeSeries } from "../src/wire/message.ts";

const { BOOLEAN, INT32, INT64, FLOAT, DOUBLE, TEXT } = DataType;

function batchOf(rows: number, hasTimes: boolean): fc.Arbitrary<ColumnBatch> {
  const cells = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof(
      fc.constant(Array.from({ length: rows }, () => undefined)),
      fc.array(fc.option(value, { nil: undefined }), { minLength: rows, maxLength: rows }),
    );
  return fc
    .record({
      descends: fc.boolean(),
      b: cells(fc.boolean()),
      i: cells(fc.integer()),
      l: cells(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      f: cells(fc.float()),
      d: cells(fc.double()),
      t: cells(fc.string({ maxLength: 8, unit: "grapheme" })),
    })
    .map(({ descends, b, i, l, f, d, t }) => {
      const times = Array.from({ length: rows }, (_, at) => BigInt(descends ? rows - at : at) * 7n);
      return {
        rows,
        times: hasTimes ? timesFromBigints(times) : undefined,
        columns: [
          columnFromValues(BOOLEAN, b),
          columnFromValues(INT32, i),
          columnFromValues(INT64, l),
          columnFromValues(FLOAT, f),
          columnFromValues(DOUBLE, d),
          columnFromValues(TEXT, t),
        ],
      };
    });
}

const batches = fc.oneof(batchOf(0, true), batchOf(5, true), batchOf(5, false), batchOf(100, true));

function valuesOf(batch: ColumnBatch): unknown {
  const rows = Array.from({ length: batch.rows }, (_, row) => row);
  return {
    times: batch.times && [batch.times.base, ...batch.times.offsets],
    values: batch.columns.map((column) => rows.map((row) => valueAt(column, row))),
  };
}

describe("messages", () => {
  it("carry any batch, plain or as blocks", () => {
    fc.assert(
      fc.property(batches, fc.boolean(), (batch, compact) => {
        const [bytes, ...more] = encodeRows(3, batch, compact);
        expect(more).toEqual([]);
        const message = decodeMessage(bytes ?? new Uint8Array(0));
        if (message.kind !== "rows") throw new Error("another kind");
        expect(message.device).toBe(3);
        expect(valuesOf(message.batch)).toEqual(valuesOf(batch));
      }),
      { numRuns: 200 },
    );
  });

  it("are cut when they would be large", () => {
    const text = "x".repeat(100_000);
    const batch = { rows: 100, times: undefined, columns: [columnFromValues(TEXT, new Array<string>(100).fill(text))] };
    const messages = [...encodeRows(0, batch)];
    expect(messages.length).toBeGreaterThan(4);
    for (const message of messages) expect(message.length).toBeLessThan(3 << 20);
    let rows = 0;
    for (const bytes of messages) {
      const message = decodeMessage(bytes);
      if (message.kind === "rows") rows += message.batch.rows;
    }
    expect(rows).toBe(100);
  });

  it("name series over several messages", () => {
    const series = Array.from({ length: 10_000 }, (_, at) => ({
      device: `root.sg.d${Math.floor(at / 10)}`,
      measurement: `s${at % 10}`,
      type: DOUBLE,
      patterns: [0, 2],
    }));
    const messages = [...encodeSeries(series)].map(decodeMessage);
    expect(messages.length).toBeGreaterThan(1);
    expect(messages.flatMap((message) => (message.kind === "series" ? message.series : []))).toEqual(series);
    expect(messages.map((message) => message.kind === "series" && message.last)).toEqual([
      ...messages.slice(1).map(() => false),
      true,
    ]);
  });

  it("that are damaged give an error of the table, never a crash", () => {
    fc.assert(
      fc.property(batches, fc.boolean(), fc.nat(), fc.nat({ max: 255 }), (batch, compact, at, value) => {
        const [bytes] = encodeRows(0, batch, compact);
        if (bytes === undefined) throw new Error("no message");
        const damaged = bytes.slice();
        damaged[at % damaged.length] = value;
        for (const input of [damaged, bytes.slice(0, at % bytes.length)]) {
          try {
            decodeMessage(input);
          } catch (error) {
            expect(error).toBeInstanceOf(RingtideError);
            expect((error as RingtideError).code).not.toBe("INTERNAL");
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
