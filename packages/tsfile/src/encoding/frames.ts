import { packBits, unpackBits } from "./bits.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * Frames: pieces of 1024 whole numbers, each with a base and a bit width of its own.
 *   u8 width w, u8 bytes of a patch (0, 1, 2 or 4), u16 patches, i32 base
 *   the low w bits of (value − base)
 *   u16 position of each patched value, then each patch: signed, value = base + low bits + patch × 2^w
 * All arithmetic is modulo 2^32, so any 32-bit values come back exactly.
 */

export const FRAME_VALUES = 1024;
const HEADER_BYTES = 8;
const POSITION_BITS = 16;
const SAMPLES = 31;

const histogram = new Int32Array(33);
const sample = new Int32Array(SAMPLES);
const positions = new Uint16Array(FRAME_VALUES);

/** What a frame is packed with. */
interface Packing {
  readonly base: number;
  readonly width: number;
  readonly patches: number;
  readonly patchBytes: number;
}

/** Writes `values[from, from + count)`, at most FRAME_VALUES. */
export function writeFrame(sink: Sink, values: Int32Array, from: number, count: number): void {
  const packing = choosePacking(values, from, count);
  const { base, width, patches, patchBytes } = packing;
  const at = sink.reserve(HEADER_BYTES);
  sink.view.setUint8(at, width);
  sink.view.setUint8(at + 1, patchBytes);
  sink.view.setUint16(at + 2, patches, true);
  sink.view.setInt32(at + 4, base, true);
  packBits(sink, values, from, count, base, width);
  if (patches > 0) writePatches(sink, values, from, count, packing);
}

/** The cheaper of a window over all values, and one around the middle that leaves the outliers to patches. */
function choosePacking(values: Int32Array, from: number, count: number): Packing {
  let min = values[from] as number;
  let max = min;
  for (let i = from + 1; i < from + count; i++) {
    const value = values[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const fullWidth = 32 - Math.clz32(max - min);
  let best: Packing = { base: min, width: fullWidth, patches: 0, patchBytes: 0 };
  if (fullWidth === 0) return best;
  let bestBits = count * fullWidth;
  const centre = medianOfSample(values, from, count);
  const widest = countWidths(values, from, count, centre);
  let patches = 0;
  for (let width = widest - 1; width >= 0; width--) {
    patches += histogram[width + 1] as number;
    const patchBytes = patchBytesFor(widest - width);
    const bits = count * width + patches * (POSITION_BITS + 8 * patchBytes);
    if (bits >= bestBits) continue;
    bestBits = bits;
    best = { base: windowBase(centre, width), width, patches, patchBytes };
  }
  return best;
}

/** The window of a width lies around the centre: [centre − 2^(width−1), centre + 2^(width−1)), or the centre alone. */
function windowBase(centre: number, width: number): number {
  return width === 0 ? centre : (centre - (1 << (width - 1))) | 0;
}

/** Bytes of a patch when the widest value needs `excess` bits more than the width. */
function patchBytesFor(excess: number): number {
  return excess <= 7 ? 1 : excess <= 15 ? 2 : 4;
}

function medianOfSample(values: Int32Array, from: number, count: number): number {
  const size = Math.min(SAMPLES, count);
  for (let s = 0; s < size; s++) {
    const value = values[from + Math.floor((s * count) / size)] as number;
    let at = s;
    while (at > 0 && (sample[at - 1] as number) > value) {
      sample[at] = sample[at - 1] as number;
      at--;
    }
    sample[at] = value;
  }
  return sample[size >>> 1] as number;
}

/** Counts in `histogram[w]` the values that need a window of width w; returns the greatest w. */
function countWidths(values: Int32Array, from: number, count: number, centre: number): number {
  histogram.fill(0);
  for (let i = from; i < from + count; i++) {
    const distance = ((values[i] as number) - centre) | 0;
    const width = distance === 0 ? 0 : 33 - Math.clz32(distance ^ (distance >> 31));
    histogram[width] = (histogram[width] as number) + 1;
  }
  let widest = 32;
  while (widest > 0 && histogram[widest] === 0) widest--;
  return widest;
}

function writePatches(sink: Sink, values: Int32Array, from: number, count: number, packing: Packing): void {
  const { base, width, patches, patchBytes } = packing;
  // Without a branch, which would often be guessed wrong: (q | −q) has its sign bit set where q is not 0.
  let found = 0;
  for (let i = 0; i < count; i++) {
    const quotient = (((values[from + i] as number) - base) | 0) >> width;
    positions[found] = i;
    found += (quotient | -quotient) >>> 31;
  }
  let position = sink.reserve(patches * (2 + patchBytes));
  let patch = position + 2 * patches;
  const { view } = sink;
  for (let p = 0; p < patches; p++, position += 2, patch += patchBytes) {
    const i = positions[p] as number;
    const value = (((values[from + i] as number) - base) | 0) >> width;
    view.setUint16(position, i, true);
    if (patchBytes === 1) view.setInt8(patch, value);
    else if (patchBytes === 2) view.setInt16(patch, value, true);
    else view.setInt32(patch, value, true);
  }
}

/** Reads what writeFrame wrote into `out[from, from + count)`. */
export function readFrame(source: Source, out: Int32Array, from: number, count: number): void {
  const width = source.u8();
  const patchBytes = source.u8();
  const patches = source.u16();
  const base = source.i32();
  if (width > 32) throw source.malformed(`a width of ${width} bits`);
  unpackBits(source, out, from, count, base, width);
  if (patches === 0) return;
  if ((patchBytes !== 1 && patchBytes !== 2 && patchBytes !== 4) || width === 32)
    throw source.malformed(`patches of ${patchBytes} bytes over ${width} bits`);
  let position = source.take(patches * (2 + patchBytes));
  let patch = position + 2 * patches;
  const { view } = source;
  for (let p = 0; p < patches; p++, position += 2, patch += patchBytes) {
    const i = view.getUint16(position, true);
    if (i >= count) throw source.malformed(`patch of value ${i} in a frame of ${count}`);
    const value =
      patchBytes === 1
        ? view.getInt8(patch)
        : patchBytes === 2
          ? view.getInt16(patch, true)
          : view.getInt32(patch, true);
    out[from + i] = (out[from + i] as number) + (value << width);
  }
}
