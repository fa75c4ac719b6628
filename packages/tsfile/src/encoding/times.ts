import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import { malformed } from "../errors.ts";
import { TimeEncoding } from "./codes.ts";
import { decodeInt64s, doublesToPairs, encodeInt64s, pairsToDoubles } from "./longs.ts";
import type { Sink } from "./sink.ts";
import { Source } from "./source.ts";

const pairs = new Int32Array(2 * MAX_BLOCK_ROWS);

/** Writes ascending offsets, at least one; returns their encoding. */
export function encodeTimes(sink: Sink, offsets: Float64Array): number {
  if (isRegular(offsets)) return TimeEncoding.REGULAR;
  doublesToPairs(offsets, pairs, offsets.length);
  const start = sink.length;
  encodeInt64s(sink, pairs, offsets.length);
  if (sink.length - start < offsets.byteLength) return TimeEncoding.PACKED;
  sink.length = start;
  sink.raw(new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength));
  return TimeEncoding.PLAIN;
}

function isRegular(offsets: Float64Array): boolean {
  if (offsets.length < 2) return true;
  const step = (offsets[1] as number) - (offsets[0] as number);
  for (let i = 2; i < offsets.length; i++)
    if ((offsets[i] as number) - (offsets[i - 1] as number) !== step) return false;
  return true;
}

/** Reads `rows` offsets, of which the header says the first and the last. */
export function decodeTimes(
  bytes: Uint8Array,
  encoding: number,
  rows: number,
  first: number,
  last: number,
): Float64Array {
  const source = new Source(bytes, "times");
  const offsets = new Float64Array(rows);
  switch (encoding) {
    case TimeEncoding.REGULAR:
      fillRegular(offsets, first, last);
      break;
    case TimeEncoding.PLAIN:
      new Uint8Array(offsets.buffer).set(source.raw(offsets.byteLength));
      break;
    case TimeEncoding.PACKED:
      decodeInt64s(source, pairs, rows);
      pairsToDoubles(pairs, offsets, rows);
      break;
    default:
      throw malformed(`unknown encoding ${encoding} of times`);
  }
  source.finish();
  return offsets;
}

function fillRegular(offsets: Float64Array, first: number, last: number): void {
  const step = offsets.length < 2 ? 0 : (last - first) / (offsets.length - 1);
  if (!Number.isInteger(step)) throw malformed(`${offsets.length} regular times from ${first} to ${last}`);
  for (let i = 0; i < offsets.length; i++) offsets[i] = first + i * step;
}
