import fc from "fast-check";
import {
  type Column,
  type ColumnBatch,
  columnFromValues,
  DataType,
  type TimeVector,
  type Value,
} from "../src/index.ts";

/** Doubles of every bit pattern: NaN payloads, −0, infinities, subnormals. */
const anyDouble: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 100),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 31), 1e22),
);

const anyLong: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n),
);

const anyInt: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom(-0x80000000, 0x7fffffff, 0),
);

const VALUES: Record<DataType, fc.Arbitrary<Value>> = {
  [DataType.BOOLEAN]: fc.boolean(),
  [DataType.INT32]: anyInt,
  [DataType.INT64]: anyLong,
  [DataType.FLOAT]: anyDouble.map((value) => Math.fround(value)),
  [DataType.DOUBLE]: anyDouble,
  [DataType.TEXT]: fc.oneof(
    fc.constantFrom("", "ok", "\uFEFFmark", "fail"),
    fc.string({ unit: "binary", maxLength: 20 }),
  ),
};

const ALL_TYPES = Object.values(DataType);

/** Values of a type, of which some are missing, and some come in runs of one value. */
export function valuesOf(type: DataType, rows: number): fc.Arbitrary<(Value | null)[]> {
  const value = VALUES[type];
  const exactly = { minLength: rows, maxLength: rows };
  return fc.oneof(
    fc.array(value, exactly),
    fc.array(fc.option(value, { nil: null, freq: 3 }), exactly),
    value.map((one) => new Array<Value>(rows).fill(one)),
    fc.constant(new Array<null>(rows).fill(null)),
  );
}

export function columnOfType(type: DataType, rows: number): fc.Arbitrary<Column> {
  return valuesOf(type, rows).map((values) => columnFromValues(type, values));
}

/** Strictly ascending times of one era, of every kind of spacing. */
export function ascendingTimes(rows: number): fc.Arbitrary<TimeVector> {
  const step = fc.oneof(
    fc.constant(1000),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 990, max: 1010 }),
    fc.integer({ min: 1, max: 2 ** 33 }),
  );
  const steps = fc.oneof(
    fc.array(step, { minLength: rows, maxLength: rows }),
    step.map((one) => new Array<number>(rows).fill(one)),
  );
  const base = fc.constantFrom(0n, -(2n ** 52n), -(2n ** 63n), 2n ** 63n - 2n ** 52n);
  return fc.tuple(base, fc.integer({ min: 0, max: 2 ** 51 }), steps).map(([eraBase, start, all]) => {
    const offsets = new Float64Array(rows);
    let at = start;
    all.forEach((ticks, i) => {
      offsets[i] = at;
      at += ticks;
    });
    return { base: rows === 0 ? 0n : eraBase, offsets };
  });
}

/** Batches of up to `maxRows` rows and four columns of any types. */
export function anyBatch(maxRows: number, minRows = 0): fc.Arbitrary<ColumnBatch> {
  return fc
    .tuple(
      fc.integer({ min: minRows, max: maxRows }),
      fc.array(fc.constantFrom(...ALL_TYPES), { minLength: 1, maxLength: 4 }),
    )
    .chain(([rows, types]) =>
      fc
        .tuple(ascendingTimes(rows), fc.tuple(...types.map((type) => columnOfType(type, rows))))
        .map(([times, columns]) => ({ rows, times, columns })),
    );
}

/** A column as comparable data: bits instead of numbers, so that NaN payloads and −0 count. */
export function bitsOf(column: Column): unknown {
  const present = column.present && [...column.present];
  if (column.type === DataType.TEXT) {
    const { offsets, bytes } = column.values;
    const texts: number[][] = [];
    for (let i = 0; i + 1 < offsets.length; i++) texts.push([...bytes.subarray(offsets[i], offsets[i + 1])]);
    return { type: column.type, present, texts };
  }
  const { buffer, byteOffset, byteLength } = column.values;
  return { type: column.type, present, bytes: [...new Uint8Array(buffer, byteOffset, byteLength)] };
}

export function batchBits(batch: ColumnBatch): unknown {
  return {
    rows: batch.rows,
    base: batch.times?.base,
    offsets: batch.times && [...batch.times.offsets],
    columns: batch.columns.map(bitsOf),
  };
}
