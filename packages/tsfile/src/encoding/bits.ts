import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * Packed bits: value after value, least significant bit first, without gaps; the last byte is filled up with zeros.
 */

/** A 4-byte read at any bit holds a value of at most this width. */
const ONE_READ_BITS = 25;

function packedBytes(count: number, width: number): number {
  return Math.ceil((count * width) / 8);
}

function maskOf(width: number): number {
  return width === 32 ? -1 : (1 << width) - 1;
}

/** Writes the low `width` (0 to 32) bits of `values[from + i] - base` for `count` values. */
export function packBits(
  sink: Sink,
  values: Int32Array,
  from: number,
  count: number,
  base: number,
  width: number,
): void {
  if (width === 0) return;
  const size = packedBytes(count, width);
  // Whole words are written; what lies past the end is given back below.
  const start = sink.reserve(size + 4);
  const { view } = sink;
  const mask = maskOf(width);
  let at = start;
  let word = 0;
  let bits = 0;
  for (let i = from; i < from + count; i++) {
    const value = ((values[i] as number) - base) & mask;
    word |= value << bits;
    bits += width;
    if (bits < 32) continue;
    view.setInt32(at, word, true);
    at += 4;
    bits -= 32;
    word = bits === 0 ? 0 : value >>> (width - bits);
  }
  if (bits > 0) view.setInt32(at, word, true);
  sink.length = start + size;
}

/** Reads what packBits wrote into `out[from + i]`; sums wrap around at 32 bits. */
export function unpackBits(
  source: Source,
  out: Int32Array,
  from: number,
  count: number,
  base: number,
  width: number,
): void {
  const start = source.take(packedBytes(count, width));
  if (width === 0) {
    out.fill(base, from, from + count);
    return;
  }
  const { bytes, view } = source;
  const mask = maskOf(width);
  const wholeReads = Math.max(0, Math.ceil(((bytes.length - 3 - start) * 8) / width));
  const fast = width <= ONE_READ_BITS ? Math.min(count, wholeReads) : 0;
  let bit = 0;
  for (let i = from; i < from + fast; i++, bit += width)
    out[i] = ((view.getUint32(start + (bit >>> 3), true) >>> (bit & 7)) & mask) + base;
  for (let i = from + fast; i < from + count; i++, bit += width)
    out[i] = (bitsAt(bytes, start + (bit >>> 3), bit & 7, width) & mask) + base;
}

/** 32 bits from bit `shift` of byte `at` on; bytes past the end are 0. */
function bitsAt(bytes: Uint8Array, at: number, shift: number, width: number): number {
  const low = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16);
  const word = (low | (byteAt(bytes, at + 3) << 24)) >>> shift;
  return shift + width > 32 ? word | (byteAt(bytes, at + 4) << (32 - shift)) : word;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return at < bytes.length ? (bytes[at] as number) : 0;
}
