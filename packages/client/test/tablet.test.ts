import { RingtideError } from "@ringtide/common";
import { openBlock, timeAt, valueAt } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import { LeaderHints } from "../src/hints.ts";
import { type Tablet, type TabletColumn, type Times, tabletFromArrays } from "../src/index.ts";
import { Sequences } from "../src/sequences.ts";

const device = "root.sg.d1";

function make(times: Times, ...columns: TabletColumn[]): Tablet {
  return tabletFromArrays({ device, times, columns });
}

function rowsOf(tablet: Tablet): unknown[][] {
  return tablet.blocks.flatMap((bytes) => {
    const { rows, times, columns } = openBlock(bytes).batch();
    return Array.from({ length: rows }, (_, i) => [
      times && timeAt(times, i),
      ...columns.map((column) => valueAt(column, i)),
    ]);
  });
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RingtideError) return error.code;
    throw error;
  }
  return "no error";
}

const one: TabletColumn = { name: "s", type: "DOUBLE", values: [1] };

describe("a tablet", () => {
  it("holds arrays and typed arrays of all types, with rows that have no value", () => {
    const tablet = make(
      [1, 2],
      { name: "a", type: "BOOLEAN", values: [true, null] },
      { name: "b", type: "INT32", values: Int32Array.of(1, -2) },
      { name: "c", type: "INT64", values: [2n ** 62n, undefined] },
      { name: "d", type: "FLOAT", values: Float32Array.of(0.5, 1.5) },
      { name: "e", type: "DOUBLE", values: Float64Array.of(0.1, Number.NaN) },
      { name: "f", type: "TEXT", values: ["ä", ""] },
    );
    expect(tablet.rows).toBe(2);
    expect(rowsOf(tablet)).toEqual([
      [1n, true, 1, 2n ** 62n, 0.5, 0.1, "ä"],
      [2n, null, -2, null, 1.5, Number.NaN, ""],
    ]);
  });

  it("sorts rows; of equal times the later row wins", () => {
    const tablet = make([3, 1, 3, 2], { name: "s", type: "INT32", values: [30, 10, 31, 20] });
    expect(rowsOf(tablet)).toEqual([
      [1n, 10],
      [2n, 20],
      [3n, 31],
    ]);
    expect(tablet.rows).toBe(3);
  });

  it("takes times as numbers, bigints and typed arrays, on both sides of an era's border", () => {
    const border = 2n ** 52n;
    expect(rowsOf(make(BigInt64Array.of(border, border - 1n, -5n), { ...one, values: [3, 2, 1] }))).toEqual([
      [-5n, 1],
      [border - 1n, 2],
      [border, 3],
    ]);
    expect(rowsOf(make(Float64Array.of(7), one))).toEqual([[7n, 1]]);
    expect(rowsOf(make([9n], one))).toEqual([[9n, 1]]);
  });

  it.each([
    ["TABLET_SHAPE", [1, 2], one],
    ["TABLET_SHAPE", [], { ...one, values: [] }],
    ["TYPE_MISMATCH", [1], { ...one, values: ["text"] }],
    ["TYPE_MISMATCH", [1], { ...one, values: Int32Array.of(1) }],
    ["TYPE_MISMATCH", [1], { name: "s", type: "TEXT", values: [1] }],
    ["VALUE_OUT_OF_RANGE", [1], { name: "s", type: "INT32", values: [2 ** 31] }],
    ["VALUE_OUT_OF_RANGE", [1], { name: "s", type: "INT64", values: [2n ** 63n] }],
    ["VALUE_OUT_OF_RANGE", [1], { name: "s", type: "BOOLEAN", values: Uint8Array.of(2) }],
    ["TIME_OUT_OF_RANGE", [1.5], one],
    ["TIME_OUT_OF_RANGE", [2 ** 53], one],
    ["TIME_OUT_OF_RANGE", [2n ** 63n], one],
  ] as [string, Times, TabletColumn][])("refuses with %s (%o, %o)", (code, times, column) => {
    expect(codeOf(() => make(times, column))).toBe(code);
  });

  it("refuses a column that is there twice, no column, and a bad device", () => {
    expect(codeOf(() => make([1], one, one))).toBe("TABLET_SHAPE");
    expect(codeOf(() => make([1]))).toBe("TABLET_SHAPE");
    expect(codeOf(() => tabletFromArrays({ device: "root..d", times: [1], columns: [one] }))).toBe("PATH_INVALID");
  });

  it("cuts rows that do not fit one block", () => {
    const times = Float64Array.from({ length: 70_000 }, (_, i) => i);
    const tablet = make(times, { name: "s", type: "DOUBLE", values: times });
    expect(tablet.blocks.length).toBe(2);
    expect(tablet.rows).toBe(70_000);
  });
});

describe("sequences", () => {
  it("raise the floor only over what is answered without a gap", () => {
    const sequences = new Sequences();
    expect([1, 2, 3].map(() => sequences.next())).toEqual([1, 2, 3]);
    sequences.answered(2);
    expect(sequences.acknowledged).toBe(0);
    sequences.answered(1);
    expect(sequences.acknowledged).toBe(2);
    sequences.answered(3);
    expect(sequences.acknowledged).toBe(3);
  });
});

describe("leader hints", () => {
  it("forget what was not used for longest", () => {
    const hints = new LeaderHints(2);
    hints.set("a", "x");
    hints.set("b", "y");
    expect(hints.get("a")).toBe("x");
    hints.set("c", "z");
    expect([hints.get("a"), hints.get("b"), hints.get("c")]).toEqual(["x", undefined, "z"]);
  });
});
