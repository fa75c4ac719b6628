import { bytesOf, type FixedValues, wordsOf } from "../columns.ts";
import { type ColumnValues, DataType } from "../types.ts";
import { decodeBits, encodeBits } from "./booleans.ts";
import { Encoding } from "./codes.ts";
import { decodeDecimals, encodeDecimals } from "./decimals.ts";
import { decodeInt32s, encodeInt32s } from "./integers.ts";
import { decodeInt64s, encodeInt64s } from "./longs.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";
import { decodeDictionaryTexts, decodePlainTexts, encodeTexts } from "./texts.ts";

type NumericValues = Exclude<FixedValues, Uint8Array>;

/** Writes all values in the encoding that suits them best; returns which. */
export function encodeValues(sink: Sink, column: ColumnValues): Encoding {
  if (column.type === DataType.TEXT) return encodeTexts(sink, column.values);
  if (isConstant(column.values)) {
    sink.raw(bytesOf(column.values).subarray(0, column.values.BYTES_PER_ELEMENT));
    return Encoding.CONSTANT;
  }
  if (column.type === DataType.BOOLEAN) {
    encodeBits(sink, column.values);
    return Encoding.PLAIN;
  }
  const start = sink.length;
  const encoding = compress(sink, column);
  if (encoding !== undefined && sink.length - start < column.values.byteLength) return encoding;
  sink.length = start;
  sink.raw(bytesOf(column.values));
  return Encoding.PLAIN;
}

/** Undefined when nothing was written. */
function compress(sink: Sink, column: ColumnValues): Encoding | undefined {
  switch (column.type) {
    case DataType.INT32:
      encodeInt32s(sink, column.values, column.values.length);
      return Encoding.PACKED;
    case DataType.INT64:
      encodeInt64s(sink, wordsOf(column.values), column.values.length);
      return Encoding.PACKED;
    case DataType.FLOAT:
    case DataType.DOUBLE:
      return encodeDecimals(sink, column.values) ? Encoding.DECIMAL : undefined;
    case DataType.BOOLEAN:
    case DataType.TEXT:
      return undefined;
  }
}

/** True when there are two or more values and all have the same bits. */
function isConstant(values: FixedValues): boolean {
  if (values.length < 2) return false;
  const units = values instanceof Uint8Array ? values : wordsOf(values);
  const perValue = units.length / values.length;
  for (let i = perValue; i < units.length; i++) if (units[i] !== units[i - perValue]) return false;
  return true;
}

/** Reads `count` values into the first places of `out`. */
export function decodeValues(source: Source, encoding: number, out: ColumnValues, count: number): void {
  if (out.type === DataType.TEXT) {
    if (encoding === Encoding.PLAIN) decodePlainTexts(source, out.values, count);
    else if (encoding === Encoding.DICTIONARY) decodeDictionaryTexts(source, out.values, count);
    else throw unknown(source, encoding);
  } else if (out.type === DataType.BOOLEAN) {
    decodeBooleans(source, encoding, out.values, count);
  } else if (encoding === Encoding.PLAIN) {
    bytesOf(out.values).set(source.raw(count * out.values.BYTES_PER_ELEMENT));
  } else if (encoding === Encoding.CONSTANT) {
    fillConstant(source, out.values, count);
  } else if (out.type === DataType.INT32 && encoding === Encoding.PACKED) {
    decodeInt32s(source, out.values, count);
  } else if (out.type === DataType.INT64 && encoding === Encoding.PACKED) {
    decodeInt64s(source, wordsOf(out.values), count);
  } else if ((out.type === DataType.FLOAT || out.type === DataType.DOUBLE) && encoding === Encoding.DECIMAL) {
    decodeDecimals(source, out.values, count);
  } else {
    throw unknown(source, encoding);
  }
}

function decodeBooleans(source: Source, encoding: number, out: Uint8Array, count: number): void {
  if (encoding === Encoding.PLAIN) decodeBits(source, out, count);
  else if (encoding !== Encoding.CONSTANT) throw unknown(source, encoding);
  else {
    const value = source.u8();
    if (value > 1) throw source.malformed(`a BOOLEAN of ${value}`);
    out.fill(value, 0, count);
  }
}

/** Through words: a number that is a NaN need not keep its bits. */
function fillConstant(source: Source, out: NumericValues, count: number): void {
  const words = wordsOf(out);
  const low = source.i32();
  if (out.BYTES_PER_ELEMENT === 4) {
    words.fill(low, 0, count);
    return;
  }
  const high = source.i32();
  for (let i = 0; i < 2 * count; i += 2) {
    words[i] = low;
    words[i + 1] = high;
  }
}

function unknown(source: Source, encoding: number): Error {
  return source.malformed(`unknown encoding ${encoding}`);
}
