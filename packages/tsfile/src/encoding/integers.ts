import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import { FRAME_VALUES, readFrame, writeFrame } from "./frames.ts";
import { chooseOrder } from "./order.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * Whole numbers of 32 bits: u8 order, then as many i32 as that (first value, first difference), then frames of the rest.
 */

const differences = new Int32Array(MAX_BLOCK_ROWS);

/** Writes the first `count` values. */
export function encodeInt32s(sink: Sink, values: Int32Array, count: number): void {
  const order = chooseOrder(count, (sample, from) => {
    for (let i = 0; i < sample.length; i++) sample[i] = values[from + i] as number;
  });
  sink.u8(order);
  if (order === 0) {
    writeFrames(sink, values, count);
    return;
  }
  sink.i32(values[0] as number);
  for (let i = 1; i < count; i++) differences[i - 1] = (values[i] as number) - (values[i - 1] as number);
  if (order === 2) {
    sink.i32(differences[0] as number);
    for (let i = 0; i < count - 2; i++) differences[i] = (differences[i + 1] as number) - (differences[i] as number);
  }
  writeFrames(sink, differences, count - order);
}

function writeFrames(sink: Sink, values: Int32Array, count: number): void {
  for (let from = 0; from < count; from += FRAME_VALUES)
    writeFrame(sink, values, from, Math.min(FRAME_VALUES, count - from));
}

/** Reads what encodeInt32s wrote into the first `count` places of `out`. */
export function decodeInt32s(source: Source, out: Int32Array, count: number): void {
  const order = source.u8();
  if (order > 2 || order > count) throw source.malformed(`order ${order} of ${count} values`);
  const first = order > 0 ? source.i32() : 0;
  let step = order > 1 ? source.i32() : 0;
  for (let from = order; from < count; from += FRAME_VALUES)
    readFrame(source, out, from, Math.min(FRAME_VALUES, count - from));
  if (order === 0) return;
  out[0] = first;
  if (order === 2) {
    out[1] = step;
    for (let i = 2; i < count; i++) {
      step = (step + (out[i] as number)) | 0;
      out[i] = step;
    }
  }
  let value = first;
  for (let i = 1; i < count; i++) {
    value = (value + (out[i] as number)) | 0;
    out[i] = value;
  }
}
