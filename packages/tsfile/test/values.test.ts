import { type ErrorCode, hasCode } from "@ringtide/common";
import { describe, expect, it } from "vitest";
import {
  columnFromValues,
  DataType,
  eraOf,
  MAX_TIME,
  MIN_TIME,
  splitByEra,
  timeAt,
  timesFromBigints,
  timesFromNumbers,
  typeName,
  typeOf,
  type Value,
  valueAt,
} from "../src/index.ts";

function expectCode(work: () => unknown, code: ErrorCode, text: string): void {
  expect(work).toThrow(expect.toSatisfy((error) => hasCode(error, code) && error.message.includes(text)));
}

describe("columns of JavaScript values", () => {
  it("take what fits, and give it back", () => {
    const cases: [DataType, (Value | null)[]][] = [
      [DataType.BOOLEAN, [true, false, null]],
      [DataType.INT32, [-0x80000000, 0x7fffffff, null]],
      [DataType.INT64, [-(2n ** 63n), 2n ** 63n - 1n, null]],
      [DataType.FLOAT, [1.5, Infinity, Number.NaN, null]],
      [DataType.DOUBLE, [0.1, -Infinity, -0, null]],
      [DataType.TEXT, ["", "é\u0000", "\uFEFFx", null]],
    ];
    for (const [type, values] of cases) {
      const column = columnFromValues(type, values);
      expect(values.map((_, i) => valueAt(column, i))).toEqual(values);
    }
    expect(valueAt(columnFromValues(DataType.INT64, [5]), 0)).toBe(5n);
    expect(valueAt(columnFromValues(DataType.INT32, [undefined, 7n]), 1)).toBe(7);
    expect(valueAt(columnFromValues(DataType.FLOAT, [0.1]), 0)).toBe(Math.fround(0.1));
  });

  it("refuse what does not fit, naming row and type", () => {
    expectCode(
      () => columnFromValues(DataType.INT32, [1, 2 ** 31]),
      "VALUE_OUT_OF_RANGE",
      "row 1: 2147483648 does not fit INT32",
    );
    expectCode(() => columnFromValues(DataType.INT32, [1.5]), "VALUE_OUT_OF_RANGE", "1.5");
    expectCode(() => columnFromValues(DataType.INT64, [2n ** 63n]), "VALUE_OUT_OF_RANGE", "INT64");
    expectCode(() => columnFromValues(DataType.INT64, [2 ** 53]), "VALUE_OUT_OF_RANGE", "INT64");
    expectCode(() => columnFromValues(DataType.FLOAT, [1e39]), "VALUE_OUT_OF_RANGE", "FLOAT");
    for (const [type, value] of [
      [DataType.BOOLEAN, 1],
      [DataType.INT32, "1"],
      [DataType.INT64, true],
      [DataType.FLOAT, 1n],
      [DataType.DOUBLE, "x"],
      [DataType.TEXT, 5],
    ] as const)
      expectCode(() => columnFromValues(type, [null, value]), "TYPE_MISMATCH", `row 1: ${typeName(type)} expected`);
  });

  it("have types with names", () => {
    for (const type of Object.values(DataType)) expect(typeOf(typeName(type).toLowerCase())).toBe(type);
    expectCode(() => typeOf("DATE"), "TYPE_MISMATCH", "no data type 'DATE'");
  });
});

describe("times", () => {
  it("are exact over all 64 bits", () => {
    for (const time of [MIN_TIME, -1n, 0n, 1n, 1_600_000_000_000n, MAX_TIME]) {
      const times = timesFromBigints([time]);
      expect([times.base, timeAt(times, 0)]).toEqual([eraOf(time), time]);
    }
    expect(Object.is(timesFromNumbers([-0]).offsets[0], 0)).toBe(true);
    const numbers = timesFromNumbers([-1, -5]);
    expect([timeAt(numbers, 0), timeAt(numbers, 1)]).toEqual([-1n, -5n]);
  });

  it("of one vector lie in one era", () => {
    expectCode(() => timesFromBigints([0n, -1n]), "TIME_OUT_OF_RANGE", "row 1");
    expectCode(() => timesFromNumbers([0, 2 ** 52]), "TIME_OUT_OF_RANGE", "row 1");
    expectCode(() => timesFromBigints([MAX_TIME + 1n]), "TIME_OUT_OF_RANGE", "64 bits");
    expectCode(() => timesFromNumbers([0.5]), "TIME_OUT_OF_RANGE", "row 0");
  });

  it("of several eras can be told apart", () => {
    const eras = splitByEra([5, -1n, 6n, 2 ** 52, -2]);
    expect(eras.map(({ base, rows }) => [base, [...rows]])).toEqual([
      [-(2n ** 52n), [1, 4]],
      [0n, [0, 2]],
      [2n ** 52n, [3]],
    ]);
  });
});
