import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockHeader } from "../src/block/header.ts";
import { Encoding, TimeEncoding } from "../src/encoding/codes.ts";
import { type Column, columnFromValues, DataType, encodeBlock, openBlock, timesFromNumbers } from "../src/index.ts";
import { ascendingTimes, bitsOf } from "./arbitraries.ts";
import { gaussianWalk } from "./data.ts";

function roundTrip(column: Column): Column {
  const rows = column.type === DataType.TEXT ? column.values.offsets.length - 1 : column.values.length;
  return openBlock(encodeBlock({ rows, times: undefined, columns: [column] })).column(0);
}

function expectExact(column: Column): void {
  expect(bitsOf(roundTrip(column))).toEqual(bitsOf(column));
}

/** Encoding and bytes of a single column. */
function encodingOf(column: Column): { encoding: number; sizeBytes: number } {
  const rows = column.type === DataType.TEXT ? column.values.offsets.length - 1 : column.values.length;
  const header = new BlockHeader(encodeBlock({ rows, times: undefined, columns: [column] }), true);
  return { encoding: header.encoding(0), sizeBytes: header.columnBytes(0) };
}

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const numbers = (maxLength: number) =>
  fc.oneof(
    fc.array(word, { maxLength }),
    fc.array(fc.integer({ min: -300, max: 300 }), { maxLength }),
    fc
      .tuple(word, fc.array(fc.integer({ min: -9, max: 9 }), { maxLength }))
      .map(([start, steps]) => sums(start, steps)),
    // Few outliers among small numbers, which become patches.
    fc.array(fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 0, max: 9 }) }, { weight: 1, arbitrary: word }), {
      maxLength,
    }),
  );

function sums(start: number, steps: readonly number[]): number[] {
  let at = start;
  return steps.map((step) => {
    at = (at + step) | 0;
    return at;
  });
}

describe("each encoding gives back every bit", () => {
  it("of INT32", () => {
    fc.assert(
      fc.property(numbers(3000), (values) => {
        expectExact({ type: DataType.INT32, values: Int32Array.from(values), present: undefined });
      }),
    );
  });

  it("of INT64", () => {
    fc.assert(
      fc.property(numbers(2500), numbers(2500), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (a, b, base) => {
        const values = BigInt64Array.from(a, (low, i) => BigInt.asIntN(64, base + BigInt(low) * BigInt(b[i] ?? 1)));
        expectExact({ type: DataType.INT64, values, present: undefined });
      }),
    );
  });

  it("of DOUBLE, whatever the bits", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 300 }), (pairs) => {
        const values = new Float64Array(Int32Array.from(pairs.flat()).buffer);
        expectExact({ type: DataType.DOUBLE, values, present: undefined });
      }),
    );
  });

  it("of decimals with NaN payloads, zeros of both signs, infinities and long numbers between them", () => {
    const exponent = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(numbers(2500), exponent, fc.array(fc.nat(2499), { maxLength: 40 }), (digits, e, places) => {
        const doubles = Float64Array.from(digits, (n) => n / 10 ** e);
        const floats = Float32Array.from(doubles);
        const doubleBits = new BigUint64Array(doubles.buffer);
        const floatBits = new Uint32Array(floats.buffer);
        places.forEach((place, i) => {
          if (place >= digits.length) return;
          doubleBits[place] = ODD_DOUBLES[i % ODD_DOUBLES.length] as bigint;
          floatBits[place] = ODD_FLOATS[i % ODD_FLOATS.length] as number;
        });
        expectExact({ type: DataType.DOUBLE, values: doubles, present: undefined });
        expectExact({ type: DataType.FLOAT, values: floats, present: undefined });
      }),
    );
  });

  it("of FLOAT, whatever the bits, in rows between nulls too", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 300 }), fc.array(fc.boolean(), { minLength: 300 }), (words, have) => {
        const kept = words.map((bits, i) => (have[i] === true ? bits : 0));
        const present = new Uint8Array(Math.ceil(words.length / 8));
        kept.forEach((_, i) => {
          if (have[i] === true) present[i >>> 3] = (present[i >>> 3] as number) | (1 << (i & 7));
        });
        const isFull = words.every((_, i) => have[i] === true);
        const values = new Float32Array(Int32Array.from(kept).buffer);
        expectExact({ type: DataType.FLOAT, values, present: isFull ? undefined : present });
      }),
    );
  });

  it("of TEXT and BOOLEAN", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "on", "off"));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 200 }), fc.array(fc.boolean(), { maxLength: 200 }), (texts, flags) => {
        expectExact(columnFromValues(DataType.TEXT, texts));
        expectExact(columnFromValues(DataType.BOOLEAN, flags));
      }),
    );
  });

  it("of times", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2500 }).chain((rows) => ascendingTimes(rows)),
        (times) => {
          const rows = times.offsets.length;
          const block = encodeBlock({ rows, times, columns: [] });
          expect(openBlock(block).times()).toEqual(times);
        },
      ),
    );
  });
});

/** Quiet and signalling NaNs with payloads, −0, infinities, the least subnormal, a long fraction. */
const ODD_DOUBLES = [
  0x7ff8000000000001n,
  0xfff0000000000abcn,
  0x7ff4000000000000n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  1n,
  0x3fd5555555555555n,
];
const ODD_FLOATS = [0x7fc00001, 0xff800abc, 0x7fa00000, 0x80000000, 0x7f800000, 0xff800000, 1, 0x3eaaaaab];

describe("known shapes take known sizes", () => {
  const rows = 1000;
  const ramp = Array.from({ length: rows }, (_, i) => i);

  it("regular times: nothing", () => {
    const header = new BlockHeader(encodeBlock({ rows, times: timesFromNumbers(ramp), columns: [] }), true);
    expect([header.timeEncoding, header.timeBytes]).toEqual([TimeEncoding.REGULAR, 0]);
  });

  it("regular times with one gap of a month: a few bytes", () => {
    const times = timesFromNumbers(ramp.map((i) => 1000 * i + (i > 500 ? 30 * 86_400_000 : 0)));
    const header = new BlockHeader(encodeBlock({ rows, times, columns: [] }), true);
    expect(header.timeEncoding).toBe(TimeEncoding.PACKED);
    expect(header.timeBytes).toBeLessThan(50);
  });

  it("one value: one value", () => {
    const same = columnFromValues(DataType.DOUBLE, new Array<number>(rows).fill(Math.PI));
    expect(encodingOf(same)).toEqual({ encoding: Encoding.CONSTANT, sizeBytes: 8 });
    const word = encodingOf(columnFromValues(DataType.TEXT, new Array<string>(rows).fill("running")));
    expect(word.encoding).toBe(Encoding.DICTIONARY);
    expect(word.sizeBytes).toBeLessThan(40);
  });

  it("a random walk of two decimals: near its entropy of 1.09 bytes a value", () => {
    const { encoding, sizeBytes } = encodingOf(columnFromValues(DataType.DOUBLE, gaussianWalk(1, rows, 2)));
    expect(encoding).toBe(Encoding.DECIMAL);
    expect(sizeBytes / rows).toBeLessThan(1.2);
  });

  it("a counter: the bits of its steps", () => {
    const steps = sums(
      0,
      gaussianWalk(2, rows, 0).map((n) => Math.abs(n) % 16),
    );
    const ints = encodingOf(columnFromValues(DataType.INT32, steps));
    expect(ints.encoding).toBe(Encoding.PACKED);
    expect(ints.sizeBytes).toBeLessThanOrEqual(rows / 2 + 16);
    const longs = encodingOf(
      columnFromValues(
        DataType.INT64,
        steps.map((n) => 10n ** 17n + BigInt(n)),
      ),
    );
    expect(longs.sizeBytes).toBeLessThanOrEqual(rows / 2 + 32);
  });

  it("random doubles: 8 bytes each, not more", () => {
    const values = Array.from({ length: rows }, (_, i) => Math.sin(i));
    expect(encodingOf(columnFromValues(DataType.DOUBLE, values))).toEqual({
      encoding: Encoding.PLAIN,
      sizeBytes: 8 * rows,
    });
  });

  it("mostly missing values: bits for the map, and the values that are there", () => {
    const sparse = ramp.map((i) => (i % 100 === 0 ? i / 100 : null));
    expect(encodingOf(columnFromValues(DataType.DOUBLE, sparse)).sizeBytes).toBeLessThan(rows / 8 + 40);
  });

  it("texts that were made to collide in a hash table: plain, before they cost time", () => {
    const colliding: string[] = [];
    for (let i = 0; colliding.length < 30; i++) if ((fnv(`${i}`) & 63) === 5) colliding.push(`${i}`);
    const column = columnFromValues(DataType.TEXT, [...colliding, ...colliding]);
    expect(encodingOf(column).encoding).toBe(Encoding.PLAIN);
    expectExact(column);
  });
});

/** The hash that dictionaries are built with. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash ^ (hash >>> 15);
}
