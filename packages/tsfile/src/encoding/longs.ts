import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import { FRAME_VALUES } from "./frames.ts";
import { chooseOrder } from "./order.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";
import { readWideFrame, writeWideFrame } from "./wideFrames.ts";

/*
 * Whole numbers of 64 bits, as pairs of 32-bit words, low word first: u8 order, then as many i64 as that, then frames of the rest.
 */

const TWO_32 = 4294967296;
const differences = new Int32Array(2 * MAX_BLOCK_ROWS);

/** Writes the first `count` pairs. */
export function encodeInt64s(sink: Sink, pairs: Int32Array, count: number): void {
  const order = chooseOrder(count, (sample, from) => {
    for (let i = 0; i < sample.length; i++) {
      const at = 2 * (from + i);
      sample[i] = (pairs[at + 1] as number) * TWO_32 + ((pairs[at] as number) >>> 0);
    }
  });
  sink.u8(order);
  let source = pairs;
  for (let done = 0; done < order; done++) {
    sink.i32(source[0] as number);
    sink.i32(source[1] as number);
    differentiate(source, count - done);
    source = differences;
  }
  for (let from = 0; from < count - order; from += FRAME_VALUES)
    writeWideFrame(sink, source, from, Math.min(FRAME_VALUES, count - order - from));
}

/** Writes pair i + 1 − pair i of `count` pairs to `differences[i]`; `pairs` may be `differences`. */
function differentiate(pairs: Int32Array, count: number): void {
  let low = pairs[0] as number;
  let high = pairs[1] as number;
  for (let i = 2; i < 2 * count; i += 2) {
    const nextLow = pairs[i] as number;
    const nextHigh = pairs[i + 1] as number;
    differences[i - 2] = nextLow - low;
    differences[i - 1] = nextHigh - high - (nextLow >>> 0 < low >>> 0 ? 1 : 0);
    low = nextLow;
    high = nextHigh;
  }
}

/** Reads what encodeInt64s wrote into the first `count` pairs of `out`. */
export function decodeInt64s(source: Source, out: Int32Array, count: number): void {
  const order = source.u8();
  if (order > 2 || order > count) throw source.malformed(`order ${order} of ${count} values`);
  for (let i = 0; i < 2 * order; i++) out[i] = source.i32();
  for (let from = order; from < count; from += FRAME_VALUES)
    readWideFrame(source, out, from, Math.min(FRAME_VALUES, count - from));
  if (order === 2) integrate(out, 1, count);
  if (order >= 1) integrate(out, 0, count);
}

/** Replaces each pair after pair `first` by the sum of the pairs from `first` to it. */
function integrate(pairs: Int32Array, first: number, count: number): void {
  let low = pairs[2 * first] as number;
  let high = pairs[2 * first + 1] as number;
  for (let i = 2 * first + 2; i < 2 * count; i += 2) {
    const byLow = pairs[i] as number;
    low = (low + byLow) | 0;
    high = (high + (pairs[i + 1] as number) + (low >>> 0 < byLow >>> 0 ? 1 : 0)) | 0;
    pairs[i] = low;
    pairs[i + 1] = high;
  }
}

/** Whole doubles below 2^53 in size as pairs. */
export function doublesToPairs(values: Float64Array, pairs: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    const high = Math.floor(value / TWO_32);
    pairs[2 * i] = value - high * TWO_32;
    pairs[2 * i + 1] = high;
  }
}

/** The opposite; rounds what is 2^53 or more. */
export function pairsToDoubles(pairs: Int32Array, values: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = (pairs[2 * i + 1] as number) * TWO_32 + ((pairs[2 * i] as number) >>> 0);
}
