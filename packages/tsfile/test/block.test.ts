import { hasCode } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Column,
  type ColumnBatch,
  checkBlock,
  columnFromValues,
  computeStatistics,
  DataType,
  emptyColumn,
  encodeBlock,
  MAX_BLOCK_ROWS,
  openBlock,
  selectColumns,
  sliceBatch,
  timesFromNumbers,
} from "../src/index.ts";
import { anyBatch, batchBits, bitsOf } from "./arbitraries.ts";

describe("a block", () => {
  it("gives back every batch bit for bit, with the statistics of its columns", () => {
    fc.assert(
      fc.property(anyBatch(200), (batch) => {
        const view = openBlock(encodeBlock(batch));
        expect(batchBits(view.batch())).toEqual(batchBits(batch));
        batch.columns.forEach((column, i) => {
          expect(view.statistics(i)).toEqual(computeStatistics(column, batch.times));
          expect(view.count(i)).toBe(view.statistics(i).count);
        });
      }),
    );
  });

  it("passes the full check when it is what the encoder made", () => {
    fc.assert(
      fc.property(anyBatch(100, 1), (batch) => {
        expect(checkBlock(encodeBlock(batch)).rows).toBe(batch.rows);
      }),
    );
  });

  it("is the same for a slice as for a copy of it", () => {
    fc.assert(
      fc.property(anyBatch(60, 1), fc.nat(), fc.nat(), (batch, a, b) => {
        const from = a % (batch.rows + 1);
        const to = from + (b % (batch.rows + 1 - from));
        const slice = sliceBatch(batch, from, to);
        const block = encodeBlock(slice);
        expect(encodeBlock(openBlock(block).batch())).toEqual(block);
      }),
    );
  });

  it("keeps rows without times, and no rows at all", () => {
    const columns = [columnFromValues(DataType.TEXT, ["a", null]), emptyColumn(DataType.DOUBLE, 2)];
    const untimed: ColumnBatch = { rows: 2, times: undefined, columns };
    const view = openBlock(encodeBlock(untimed));
    expect(view.hasTimes).toBe(false);
    expect(batchBits(view.batch())).toEqual(batchBits(untimed));
    const none = { rows: 0, times: timesFromNumbers([]), columns: [emptyColumn(DataType.TEXT, 0)] };
    expect(batchBits(openBlock(encodeBlock(none)).batch())).toEqual(batchBits(none));
  });

  it("with some columns only is the block of these columns", () => {
    fc.assert(
      fc.property(anyBatch(50), fc.array(fc.nat(), { maxLength: 5 }), (batch, picks) => {
        const columns = picks.map((pick) => pick % batch.columns.length);
        const selected = selectColumns(encodeBlock(batch), columns);
        const direct = { ...batch, columns: columns.map((c) => batch.columns[c]) } as ColumnBatch;
        expect(selected).toEqual(encodeBlock(direct));
      }),
    );
  });

  it("decodes one column without touching the others", () => {
    const values = columnFromValues(DataType.INT32, [1, 2, 3]);
    const batch = { rows: 3, times: timesFromNumbers([1, 2, 9]), columns: [values, values] };
    const block = encodeBlock(batch);
    block[block.length - 1] = (block[block.length - 1] as number) ^ 1;
    const view = openBlock(block);
    expect(bitsOf(view.column(0))).toEqual(bitsOf(values));
    expect(() => view.column(1)).toThrow("the checksum of column 1 (INT32) fails");
  });

  it("holds the most rows that it may have, of every type, with outliers in all places", () => {
    const numbers = Array.from({ length: MAX_BLOCK_ROWS }, (_, i) =>
      i % 2500 === 2499 || i > 65_530 ? 1e7 + i * i : i % 50,
    );
    const columns = [
      columnFromValues(
        DataType.BOOLEAN,
        numbers.map((n) => n > 20),
      ),
      columnFromValues(
        DataType.INT32,
        numbers.map((n) => n | 0),
      ),
      columnFromValues(
        DataType.INT64,
        numbers.map((n) => BigInt(n) * 1_000_000_000n),
      ),
      columnFromValues(
        DataType.FLOAT,
        numbers.map((n) => (n > 50 ? Number.NaN : n / 10)),
      ),
      columnFromValues(
        DataType.DOUBLE,
        numbers.map((n) => (n > 50 ? Math.sqrt(n) : n / 100)),
      ),
      columnFromValues(
        DataType.DOUBLE,
        numbers.map((n) => (n > 50 ? null : Math.log(n + 2))),
      ),
      columnFromValues(
        DataType.TEXT,
        numbers.map((n) => `${n}`),
      ),
    ];
    const batch = { rows: MAX_BLOCK_ROWS, times: timesFromNumbers(numbers.map((n, i) => 1e9 * i + (n % 50))), columns };
    const view = checkBlock(encodeBlock(batch));
    expect(Buffer.compare(encodeBlock(view.batch()), encodeBlock(batch))).toBe(0);
    columns.forEach((column, i) => {
      expect(Buffer.compare(memoryOf(view.column(i)), memoryOf(column)), `column ${i}`).toBe(0);
    });
  });

  it("is refused when it would be too large, or its times do not ascend", () => {
    const large = { rows: MAX_BLOCK_ROWS + 1, times: undefined, columns: [] };
    expect(() => encodeBlock(large)).toThrow(expect.toSatisfy((error) => hasCode(error, "TABLET_TOO_LARGE")));
    const twice = { rows: 2, times: timesFromNumbers([5, 5]), columns: [] };
    expect(() => encodeBlock(twice)).toThrow(expect.toSatisfy((error) => hasCode(error, "TABLET_SHAPE")));
  });
});

/** The bytes of a column's values. */
function memoryOf(column: Column): Uint8Array {
  const array = column.type === DataType.TEXT ? column.values.bytes : column.values;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
