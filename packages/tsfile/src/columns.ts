import { RingtideError, utf8Bytes } from "@ringtide/common";
import { hasBit, presenceBytes, setBit } from "./presence.ts";
import { type Column, type ColumnValues, DataType, type DataTypeName, type TextVector, type Value } from "./types.ts";

/** Values of all types but TEXT. */
export type FixedValues = Exclude<ColumnValues["values"], TextVector>;

const TYPE_NAMES: readonly DataTypeName[] = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "TEXT"];
const WIDTHS: readonly number[] = [1, 4, 8, 4, 8, 4];

// Keeps a byte order mark: it is part of the text.
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `DOUBLE` for 4. */
export function typeName(type: DataType): DataTypeName {
  return TYPE_NAMES[type] as DataTypeName;
}

/** The type of a name, upper or lower case; TYPE_MISMATCH when there is none. */
export function typeOf(name: string): DataType {
  const code = TYPE_NAMES.indexOf(name.toUpperCase() as DataTypeName);
  if (code < 0) throw new RingtideError("TYPE_MISMATCH", `no data type '${name}': expected one of ${TYPE_NAMES}`);
  return code as DataType;
}

/** True for a code that this version can read; 6–11 are reserved. */
export function isDataType(code: number): code is DataType {
  return code < TYPE_NAMES.length;
}

/** Bytes that a value takes in memory (of TEXT: its offset; the text comes on top). */
export function widthOf(type: DataType): number {
  return WIDTHS[type] as number;
}

/** Zeroed values. TEXT gets `textBytes` bytes and offsets that are still to be set. */
export function allocateValues(type: DataType, rows: number, textBytes = 0): ColumnValues {
  switch (type) {
    case DataType.BOOLEAN:
      return { type, values: new Uint8Array(rows) };
    case DataType.INT32:
      return { type, values: new Int32Array(rows) };
    case DataType.INT64:
      return { type, values: new BigInt64Array(rows) };
    case DataType.FLOAT:
      return { type, values: new Float32Array(rows) };
    case DataType.DOUBLE:
      return { type, values: new Float64Array(rows) };
    case DataType.TEXT:
      return { type, values: { offsets: new Uint32Array(rows + 1), bytes: new Uint8Array(textBytes) } };
  }
}

/** The values as bytes of memory; a view. */
export function bytesOf(values: FixedValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The values as 32-bit words (two for an 8-byte value, low half first); a view. Moving words keeps every bit, NaN payloads included. */
export function wordsOf(values: Exclude<FixedValues, Uint8Array>): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >>> 2);
}

/** A column of `rows` rows without a value. */
export function emptyColumn(type: DataType, rows: number): Column {
  return { ...allocateValues(type, rows), present: rows === 0 ? undefined : new Uint8Array(presenceBytes(rows)) };
}

/** True when row `i` has a value. */
export function isPresent(column: Column, i: number): boolean {
  return hasBit(column.present, i);
}

/** The text of row `i`; BLOCK_MALFORMED when it is not UTF-8. */
export function textAt(values: TextVector, i: number): string {
  const bytes = values.bytes.subarray(values.offsets[i], values.offsets[i + 1]);
  try {
    return textDecoder.decode(bytes);
  } catch {
    throw new RingtideError("BLOCK_MALFORMED", `text of row ${i} is not valid UTF-8`);
  }
}

/** The value of row `i`, or null. */
export function valueAt(column: Column, i: number): Value | null {
  if (!hasBit(column.present, i)) return null;
  switch (column.type) {
    case DataType.BOOLEAN:
      return column.values[i] === 1;
    case DataType.TEXT:
      return textAt(column.values, i);
    case DataType.INT64:
      return column.values[i] as bigint;
    case DataType.INT32:
    case DataType.FLOAT:
    case DataType.DOUBLE:
      return column.values[i] as number;
  }
}

/** Rows of a column. */
export function rowsOf(column: Column): number {
  return column.type === DataType.TEXT ? column.values.offsets.length - 1 : column.values.length;
}

/**
 * A column of JavaScript values; null and undefined are "no value". INT32 and INT64 take whole numbers and bigints, FLOAT rounds to
 * the nearest. TYPE_MISMATCH for a value of another type, VALUE_OUT_OF_RANGE for one that does not fit; both name the row.
 */
export function columnFromValues(type: DataType, values: readonly (Value | null | undefined)[]): Column {
  const rows = values.length;
  const present = new Uint8Array(presenceBytes(rows));
  let count = 0;
  for (let i = 0; i < rows; i++) {
    if (values[i] === null || values[i] === undefined) continue;
    setBit(present, i);
    count++;
  }
  const filled = type === DataType.TEXT ? textsOf(values) : fixedOf(type, values);
  return { ...filled, present: count === rows ? undefined : present };
}

function fixedOf(
  type: Exclude<DataType, typeof DataType.TEXT>,
  values: readonly (Value | null | undefined)[],
): ColumnValues {
  const out = allocateValues(type, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== null && value !== undefined) setValue(out, i, value);
  }
  return out;
}

function setValue(out: ColumnValues, i: number, value: Value): void {
  switch (out.type) {
    case DataType.BOOLEAN:
      if (typeof value !== "boolean") throw mismatch(out.type, i, value);
      out.values[i] = value ? 1 : 0;
      break;
    case DataType.INT32:
      out.values[i] = Number(wholeNumber(out.type, i, value, -0x80000000n, 0x7fffffffn));
      break;
    case DataType.INT64:
      out.values[i] = BigInt(wholeNumber(out.type, i, value, -(2n ** 63n), 2n ** 63n - 1n));
      break;
    case DataType.FLOAT:
      if (typeof value !== "number") throw mismatch(out.type, i, value);
      out.values[i] = value;
      if (Number.isFinite(value) && !Number.isFinite(out.values[i] as number)) throw outOfRange(out.type, i, value);
      break;
    case DataType.DOUBLE:
      if (typeof value !== "number") throw mismatch(out.type, i, value);
      out.values[i] = value;
      break;
    case DataType.TEXT:
      throw mismatch(out.type, i, value);
  }
}

function wholeNumber(type: DataType, row: number, value: Value, min: bigint, max: bigint): number | bigint {
  if (typeof value !== "number" && typeof value !== "bigint") throw mismatch(type, row, value);
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw outOfRange(type, row, value);
  if (value < min || value > max) throw outOfRange(type, row, value);
  return value;
}

function textsOf(values: readonly (Value | null | undefined)[]): ColumnValues {
  const texts: Uint8Array[] = [];
  const offsets = new Uint32Array(values.length + 1);
  let length = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== null && value !== undefined) {
      if (typeof value !== "string") throw mismatch(DataType.TEXT, i, value);
      const bytes = utf8Bytes(value);
      texts.push(bytes);
      length += bytes.length;
    }
    offsets[i + 1] = length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return { type: DataType.TEXT, values: { offsets, bytes } };
}

function mismatch(type: DataType, row: number, value: Value): RingtideError {
  return new RingtideError(
    "TYPE_MISMATCH",
    `row ${row}: ${typeName(type)} expected, got ${typeof value} ${shown(value)}`,
  );
}

function outOfRange(type: DataType, row: number, value: Value): RingtideError {
  return new RingtideError("VALUE_OUT_OF_RANGE", `row ${row}: ${shown(value)} does not fit ${typeName(type)}`);
}

function shown(value: Value): string {
  const text = String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
