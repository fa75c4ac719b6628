import { packBits, unpackBits } from "./bits.ts";
import { FRAME_VALUES, readFrame, writeFrame } from "./frames.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * Frames of 64-bit whole numbers, given as pairs of 32-bit words, low word first. When all values of a frame fit in 32 bits, it is
 * written as a frame of these (frames.ts); otherwise:
 *   u8 width w, u8 8, u16 patches, i64 base
 *   the low min(w, 32) bits of (value − base), then the w − 32 bits above them
 *   u16 position of each patched value, then each (value − base) as i64
 * All arithmetic is modulo 2^64.
 */

const WIDE_FORM = 8;
const HEADER_BYTES = 12;
const PATCH_BYTES = 10;
const SAMPLES = 31;
const TWO_32 = 4294967296;

const lows = new Int32Array(FRAME_VALUES);
const highs = new Int32Array(FRAME_VALUES);
const widths = new Uint8Array(FRAME_VALUES);
const histogram = new Int32Array(65);
const sample = new Float64Array(SAMPLES);
const sampleRows = new Int32Array(SAMPLES);

/** Writes `count` (at most FRAME_VALUES) pairs from pair `from` on. */
export function writeWideFrame(sink: Sink, pairs: Int32Array, from: number, count: number): void {
  let isNarrow = true;
  for (let i = 0; i < count; i++) {
    const low = pairs[2 * (from + i)] as number;
    lows[i] = low;
    if (low >> 31 !== pairs[2 * (from + i) + 1]) isNarrow = false;
  }
  if (isNarrow) {
    writeFrame(sink, lows, 0, count);
    return;
  }
  const centre = medianRow(pairs, from, count);
  const centreLow = pairs[2 * centre] as number;
  const centreHigh = pairs[2 * centre + 1] as number;
  const width = chooseWidth(pairs, from, count, centreLow, centreHigh);
  // base = centre − 2^(width−1)
  const below = width === 0 ? 0 : 2 ** (width - 1);
  const base = minus(centreLow, centreHigh, below | 0, Math.floor(below / TWO_32) | 0);
  writeOffsets(sink, pairs, from, count, width, base.low, base.high);
}

function minus(low: number, high: number, byLow: number, byHigh: number): { low: number; high: number } {
  return { low: (low - byLow) | 0, high: (high - byHigh - (low >>> 0 < byLow >>> 0 ? 1 : 0)) | 0 };
}

/** The pair whose value is the median of a sample, judged in doubles. */
function medianRow(pairs: Int32Array, from: number, count: number): number {
  const size = Math.min(SAMPLES, count);
  for (let s = 0; s < size; s++) {
    const row = from + Math.floor((s * count) / size);
    const value = (pairs[2 * row + 1] as number) * TWO_32 + ((pairs[2 * row] as number) >>> 0);
    let at = s;
    while (at > 0 && (sample[at - 1] as number) > value) {
      sample[at] = sample[at - 1] as number;
      sampleRows[at] = sampleRows[at - 1] as number;
      at--;
    }
    sample[at] = value;
    sampleRows[at] = row;
  }
  return sampleRows[size >>> 1] as number;
}

/** Notes in `widths` which window around the centre each value needs; returns the width that makes the frame smallest. */
function chooseWidth(pairs: Int32Array, from: number, count: number, centreLow: number, centreHigh: number): number {
  histogram.fill(0);
  for (let i = 0; i < count; i++) {
    const valueLow = pairs[2 * (from + i)] as number;
    const borrow = valueLow >>> 0 < centreLow >>> 0 ? 1 : 0;
    const low = (valueLow - centreLow) | 0;
    const high = ((pairs[2 * (from + i) + 1] as number) - centreHigh - borrow) | 0;
    const sign = high >> 31;
    let width = 0;
    if ((high ^ sign) !== 0) width = 65 - Math.clz32(high ^ sign);
    else if (low !== 0 || high !== 0) width = 33 - Math.clz32(low ^ sign);
    widths[i] = width;
    histogram[width] = (histogram[width] as number) + 1;
  }
  let best = 64;
  let bestBits = count * 64;
  let patches = 0;
  for (let width = 63; width >= 0; width--) {
    patches += histogram[width + 1] as number;
    const bits = count * width + patches * PATCH_BYTES * 8;
    if (bits > bestBits) continue;
    bestBits = bits;
    best = width;
  }
  return best;
}

function writeOffsets(
  sink: Sink,
  pairs: Int32Array,
  from: number,
  count: number,
  width: number,
  baseLow: number,
  baseHigh: number,
): void {
  let patches = 0;
  for (let i = 0; i < count; i++) {
    const low = pairs[2 * (from + i)] as number;
    const borrow = low >>> 0 < baseLow >>> 0 ? 1 : 0;
    lows[i] = low - baseLow;
    highs[i] = (pairs[2 * (from + i) + 1] as number) - baseHigh - borrow;
    if ((widths[i] as number) > width) patches++;
  }
  const header = sink.reserve(HEADER_BYTES);
  sink.view.setUint8(header, width);
  sink.view.setUint8(header + 1, WIDE_FORM);
  sink.view.setUint16(header + 2, patches, true);
  sink.view.setInt32(header + 4, baseLow, true);
  sink.view.setInt32(header + 8, baseHigh, true);
  packBits(sink, lows, 0, count, 0, Math.min(width, 32));
  packBits(sink, highs, 0, count, 0, Math.max(width - 32, 0));
  let position = sink.reserve(patches * PATCH_BYTES);
  let patch = position + 2 * patches;
  for (let i = 0; i < count; i++) {
    if ((widths[i] as number) <= width) continue;
    sink.view.setUint16(position, i, true);
    sink.view.setInt32(patch, lows[i] as number, true);
    sink.view.setInt32(patch + 4, highs[i] as number, true);
    position += 2;
    patch += 8;
  }
}

/** Reads what writeWideFrame wrote into `count` pairs from pair `from` on. */
export function readWideFrame(source: Source, pairs: Int32Array, from: number, count: number): void {
  if (source.end - source.at < 2) throw source.malformed("a frame is missing");
  if (source.view.getUint8(source.at + 1) !== WIDE_FORM) {
    readFrame(source, lows, 0, count);
    for (let i = 0; i < count; i++) {
      const low = lows[i] as number;
      pairs[2 * (from + i)] = low;
      pairs[2 * (from + i) + 1] = low >> 31;
    }
    return;
  }
  const width = source.u8();
  source.u8();
  const patches = source.u16();
  const baseLow = source.i32();
  const baseHigh = source.i32();
  if (width > 64) throw source.malformed(`a width of ${width} bits`);
  unpackBits(source, lows, 0, count, 0, Math.min(width, 32));
  unpackBits(source, highs, 0, count, 0, Math.max(width - 32, 0));
  readPatches(source, patches, count);
  for (let i = 0; i < count; i++) {
    const low = ((lows[i] as number) + baseLow) | 0;
    pairs[2 * (from + i)] = low;
    const carry = low >>> 0 < baseLow >>> 0 ? 1 : 0;
    pairs[2 * (from + i) + 1] = (highs[i] as number) + baseHigh + carry;
  }
}

function readPatches(source: Source, patches: number, count: number): void {
  let position = source.take(patches * PATCH_BYTES);
  let patch = position + 2 * patches;
  for (let p = 0; p < patches; p++, position += 2, patch += 8) {
    const i = source.view.getUint16(position, true);
    if (i >= count) throw source.malformed(`patch of value ${i} in a frame of ${count}`);
    lows[i] = source.view.getInt32(patch, true);
    highs[i] = source.view.getInt32(patch + 4, true);
  }
}
