import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** One bit a value, least significant first. */
export function encodeBits(sink: Sink, values: Uint8Array): void {
  const size = (values.length + 7) >>> 3;
  const at = sink.reserve(size);
  for (let b = 0; b < size; b++) {
    let byte = 0;
    const end = Math.min(values.length, 8 * b + 8);
    for (let i = 8 * b; i < end; i++) byte |= (values[i] as number) << (i & 7);
    sink.bytes[at + b] = byte;
  }
}

/** Reads what encodeBits wrote into the first `count` values. */
export function decodeBits(source: Source, out: Uint8Array, count: number): void {
  const bits = source.raw((count + 7) >>> 3);
  for (let i = 0; i < count; i++) out[i] = ((bits[i >>> 3] as number) >>> (i & 7)) & 1;
  if ((count & 7) !== 0 && (bits[bits.length - 1] as number) >>> (count & 7) !== 0)
    throw source.malformed("bits past the last value");
}
