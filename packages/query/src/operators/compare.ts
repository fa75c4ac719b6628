import { utf8Bytes } from "@ringtide/common";
import type { Comparison } from "@ringtide/sql";
import { type Column, DataType, type TextVector } from "@ringtide/tsfile";
import type { TypedComparison } from "./literals.ts";

/** Sets mask[row] to 1 for the rows whose value compares so; rows without a value become 0. */
export function compareColumn(column: Column, rows: number, test: TypedComparison, mask: Uint8Array): void {
  if (test.kind === "never") {
    mask.fill(0);
    return;
  }
  if (test.kind === "always") mask.fill(1);
  else if (test.kind === "text") {
    if (column.type === DataType.TEXT) compareTexts(column.values, rows, test.comparison, utf8Bytes(test.value), mask);
  } else if (test.kind === "int64") {
    if (column.type === DataType.INT64) compareInt64(column.values, rows, test.comparison, test.value, mask);
  } else if (column.type !== DataType.TEXT && column.type !== DataType.INT64) {
    compareNumbers(column.values, rows, test.comparison, test.value, mask);
  }
  clearMissing(column.present, rows, mask);
}

function clearMissing(present: Uint8Array | undefined, rows: number, mask: Uint8Array): void {
  if (present === undefined) return;
  for (let row = 0; row < rows; row++) {
    mask[row] = (mask[row] as number) & ((present[row >>> 3] as number) >>> (row & 7)) & 1;
  }
}

type Numbers = Uint8Array | Int32Array | Float32Array | Float64Array;

/** Each comparison has a loop of its own, so that each stays a tight one. */
function compareNumbers(values: Numbers, rows: number, comparison: Comparison, value: number, mask: Uint8Array): void {
  switch (comparison) {
    case "<":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) < value ? 1 : 0;
      return;
    case "<=":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) <= value ? 1 : 0;
      return;
    case ">":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) > value ? 1 : 0;
      return;
    case ">=":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) >= value ? 1 : 0;
      return;
    case "=":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) === value ? 1 : 0;
      return;
    case "!=":
      for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) !== value ? 1 : 0;
      return;
  }
}

/** What −1, 0 and 1 (less, equal, greater) mean for a comparison. */
function verdicts(comparison: Comparison): readonly [less: number, equal: number, greater: number] {
  switch (comparison) {
    case "<":
      return [1, 0, 0];
    case "<=":
      return [1, 1, 0];
    case ">":
      return [0, 0, 1];
    case ">=":
      return [0, 1, 1];
    case "=":
      return [0, 1, 0];
    case "!=":
      return [1, 0, 1];
  }
}

/** Compares 32-bit halves: a BigInt per row would be an object per row. */
function compareInt64(
  values: BigInt64Array,
  rows: number,
  comparison: Comparison,
  value: bigint,
  mask: Uint8Array,
): void {
  const [less, equal, greater] = verdicts(comparison);
  const high = Number(value >> 32n);
  const low = Number(value & 0xffffffffn);
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0; i < rows; i++) {
    const h = halves[i * 2 + 1] as number;
    const l = (halves[i * 2] as number) >>> 0;
    if (h === high) mask[i] = l === low ? equal : l < low ? less : greater;
    else mask[i] = h < high ? less : greater;
  }
}

/** Texts compare by their UTF-8 bytes. */
function compareTexts(
  texts: TextVector,
  rows: number,
  comparison: Comparison,
  value: Uint8Array,
  mask: Uint8Array,
): void {
  const [less, equal, greater] = verdicts(comparison);
  const { bytes, offsets } = texts;
  for (let i = 0; i < rows; i++) {
    const start = offsets[i] as number;
    const length = (offsets[i + 1] as number) - start;
    const shared = Math.min(length, value.length);
    let at = 0;
    while (at < shared && bytes[start + at] === value[at]) at++;
    if (at < shared) mask[i] = (bytes[start + at] as number) < (value[at] as number) ? less : greater;
    else mask[i] = length === value.length ? equal : length < value.length ? less : greater;
  }
}
