import { utf8Bytes } from "@ringtide/common";
import { widthOf } from "../columns.ts";
import type { Sink } from "../encoding/sink.ts";
import { malformed } from "../errors.ts";
import { type ColumnStatistics, DataType, type Value } from "../types.ts";

/*
 * Statistics in a block's directory:
 *   when some rows have no value: u32 count, f64 first time, f64 last time (else they are those of the block);
 *   BOOLEAN        u8 first, u8 last
 *   INT32, FLOAT   4 × 4 bytes first, last, min, max; f64 sum
 *   INT64, DOUBLE  4 × 8 bytes first, last, min, max; f64 sum
 *   TEXT           u32 length and UTF-8 of first, the same of last
 * Nothing when no row has a value. min and max of FLOAT and DOUBLE are NaN when all values are. Every NaN is written with the same bits.
 */

const PARTIAL_BYTES = 20;
const VALUE_BYTES: readonly number[] = [2, 24, 40, 24, 40, 0];
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Writes the statistics of a column with at least one value. `isPartial`: some rows have none. */
export function writeStatistics(sink: Sink, type: DataType, isPartial: boolean, statistics: ColumnStatistics): void {
  if (isPartial) {
    const at = sink.reserve(PARTIAL_BYTES);
    sink.view.setUint32(at, statistics.count, true);
    sink.view.setFloat64(at + 4, statistics.firstTime, true);
    sink.view.setFloat64(at + 12, statistics.lastTime, true);
  }
  if (type === DataType.TEXT) {
    writeText(sink, statistics.first as string);
    writeText(sink, statistics.last as string);
    return;
  }
  const at = sink.reserve(VALUE_BYTES[type] as number);
  if (type === DataType.BOOLEAN) {
    sink.bytes[at] = statistics.first === true ? 1 : 0;
    sink.bytes[at + 1] = statistics.last === true ? 1 : 0;
    return;
  }
  const { first, last, min, max, sum } = statistics;
  const width = widthOf(type);
  writeNumber(sink.view, at, type, first);
  writeNumber(sink.view, at + width, type, last);
  writeNumber(sink.view, at + 2 * width, type, min);
  writeNumber(sink.view, at + 3 * width, type, max);
  writeNumber(sink.view, at + 4 * width, DataType.DOUBLE, sum);
}

function writeNumber(view: DataView, at: number, type: DataType, value: Value | undefined): void {
  if (type === DataType.INT64) view.setBigInt64(at, value as bigint, true);
  else if (type === DataType.INT32) view.setInt32(at, value as number, true);
  else if (value === undefined || Number.isNaN(value)) writeNan(view, at, type);
  else if (type === DataType.FLOAT) view.setFloat32(at, value as number, true);
  else view.setFloat64(at, value as number, true);
}

/** One NaN for all: which bits arithmetic gives differs between processors. */
function writeNan(view: DataView, at: number, type: DataType): void {
  if (type === DataType.FLOAT) {
    view.setUint32(at, 0x7fc00000, true);
  } else {
    view.setUint32(at, 0, true);
    view.setUint32(at + 4, 0x7ff80000, true);
  }
}

function writeText(sink: Sink, text: string): void {
  const bytes = utf8Bytes(text);
  sink.i32(bytes.length);
  sink.raw(bytes);
}

/** Bytes that the statistics at `at` take; BLOCK_MALFORMED when they end past `end`. */
export function statisticsBytes(view: DataView, at: number, end: number, type: DataType, isPartial: boolean): number {
  let length = (isPartial ? PARTIAL_BYTES : 0) + (VALUE_BYTES[type] as number);
  if (type === DataType.TEXT)
    for (let i = 0; i < 2; i++) {
      if (at + length + 4 > end) throw malformed("statistics end past the directory");
      length += 4 + view.getUint32(at + length, true);
    }
  if (at + length > end) throw malformed("statistics end past the directory");
  return length;
}

/** What a whole block knows, for columns in which all rows have a value. */
export interface BlockSpan {
  readonly rows: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

/** Reads what writeStatistics wrote. */
export function readStatistics(
  view: DataView,
  start: number,
  type: DataType,
  isPartial: boolean,
  span: BlockSpan,
): ColumnStatistics {
  const at = isPartial ? start + PARTIAL_BYTES : start;
  const count = isPartial ? view.getUint32(start, true) : span.rows;
  const firstTime = isPartial ? view.getFloat64(start + 4, true) : span.firstTime;
  const lastTime = isPartial ? view.getFloat64(start + 12, true) : span.lastTime;
  const none = { min: undefined, max: undefined, sum: 0 };
  if (type === DataType.BOOLEAN) {
    const first = view.getUint8(at) === 1;
    return { count, firstTime, lastTime, first, last: view.getUint8(at + 1) === 1, ...none };
  }
  if (type === DataType.TEXT) {
    const firstBytes = view.getUint32(at, true);
    const lastBytes = view.getUint32(at + 4 + firstBytes, true);
    const first = readText(view, at + 4, firstBytes);
    return { count, firstTime, lastTime, first, last: readText(view, at + 8 + firstBytes, lastBytes), ...none };
  }
  const width = widthOf(type);
  const first = readNumber(view, at, type);
  const last = readNumber(view, at + width, type);
  const min = readNumber(view, at + 2 * width, type);
  const max = readNumber(view, at + 3 * width, type);
  return {
    count,
    firstTime,
    lastTime,
    first,
    last,
    min: Number.isNaN(min) ? undefined : min,
    max: Number.isNaN(max) ? undefined : max,
    sum: view.getFloat64(at + 4 * width, true),
  };
}

function readNumber(view: DataView, at: number, type: DataType): number | bigint {
  if (type === DataType.INT64) return view.getBigInt64(at, true);
  if (type === DataType.INT32) return view.getInt32(at, true);
  if (type === DataType.FLOAT) return view.getFloat32(at, true);
  return view.getFloat64(at, true);
}

function readText(view: DataView, at: number, length: number): string {
  try {
    return textDecoder.decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
  } catch {
    throw malformed("a text in the statistics is not valid UTF-8");
  }
}
