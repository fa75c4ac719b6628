import { bytesOf, type FixedValues } from "../columns.ts";
import { textBytesOf } from "../rows.ts";
import { type ColumnValues, DataType, type TextVector } from "../types.ts";
import { Encoding } from "./codes.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** Writes all values in the encoding that suits them best; returns which. */
export function encodeValues(sink: Sink, column: ColumnValues): Encoding {
  switch (column.type) {
    case DataType.BOOLEAN:
      encodeBits(sink, column.values);
      return Encoding.PLAIN;
    case DataType.TEXT:
      encodeTexts(sink, column.values);
      return Encoding.PLAIN;
    case DataType.INT32:
    case DataType.INT64:
    case DataType.FLOAT:
    case DataType.DOUBLE:
      sink.raw(bytesOf(column.values));
      return Encoding.PLAIN;
  }
}

/** Reads `count` values into the first places of `out`. */
export function decodeValues(source: Source, encoding: number, out: ColumnValues, count: number): void {
  if (encoding !== Encoding.PLAIN) throw source.malformed(`unknown encoding ${encoding}`);
  switch (out.type) {
    case DataType.BOOLEAN:
      decodeBits(source, out.values, count);
      break;
    case DataType.TEXT:
      decodeTexts(source, out.values, count);
      break;
    case DataType.INT32:
    case DataType.INT64:
    case DataType.FLOAT:
    case DataType.DOUBLE:
      fillPlain(source, out.values, count);
  }
}

/** Copies bytes into the first `count` values. */
function fillPlain(source: Source, out: FixedValues, count: number): void {
  bytesOf(out).set(source.raw(count * out.BYTES_PER_ELEMENT));
}

function encodeBits(sink: Sink, values: Uint8Array): void {
  const size = (values.length + 7) >>> 3;
  const at = sink.reserve(size);
  for (let b = 0; b < size; b++) {
    let byte = 0;
    const end = Math.min(values.length, 8 * b + 8);
    for (let i = 8 * b; i < end; i++) byte |= (values[i] as number) << (i & 7);
    sink.bytes[at + b] = byte;
  }
}

function decodeBits(source: Source, out: Uint8Array, count: number): void {
  const bits = source.raw((count + 7) >>> 3);
  for (let i = 0; i < count; i++) out[i] = ((bits[i >>> 3] as number) >>> (i & 7)) & 1;
  if ((count & 7) !== 0 && (bits[bits.length - 1] as number) >>> (count & 7) !== 0)
    throw source.malformed("bits past the last value");
}

function encodeTexts(sink: Sink, values: TextVector): void {
  const { offsets, bytes } = values;
  for (let i = 1; i < offsets.length; i++) sink.i32((offsets[i] as number) - (offsets[i - 1] as number));
  const start = offsets[0] as number;
  sink.raw(bytes.subarray(start, start + textBytesOf(values)));
}

function decodeTexts(source: Source, out: TextVector, count: number): void {
  let length = 0;
  for (let i = 0; i < count; i++) {
    length += source.u32();
    if (length > out.bytes.length) throw source.malformed("texts longer than the directory says");
    out.offsets[i + 1] = length;
  }
  if (length !== out.bytes.length) throw source.malformed("texts shorter than the directory says");
  out.bytes.set(source.raw(length));
}
