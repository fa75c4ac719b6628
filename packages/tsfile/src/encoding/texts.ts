import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import { textBytesOf } from "../rows.ts";
import type { TextVector } from "../types.ts";
import { Encoding } from "./codes.ts";
import { buildDictionary, type Dictionary } from "./dictionary.ts";
import { decodeInt32s, encodeInt32s } from "./integers.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * PLAIN: the lengths as whole numbers, then all bytes.
 * DICTIONARY: u16 entries, their lengths as whole numbers, their bytes, then the number of each text's entry as whole numbers.
 */

const numbers = new Int32Array(MAX_BLOCK_ROWS);
const lengths = new Int32Array(MAX_BLOCK_ROWS);

/** Writes all texts; returns the encoding. */
export function encodeTexts(sink: Sink, values: TextVector): Encoding {
  const count = values.offsets.length - 1;
  const dictionary = buildDictionary(values, numbers);
  if (dictionary !== undefined && isWorth(dictionary, count, textBytesOf(values))) {
    writeDictionary(sink, values, dictionary);
    encodeInt32s(sink, numbers, count);
    return Encoding.DICTIONARY;
  }
  for (let i = 0; i < count; i++) lengths[i] = (values.offsets[i + 1] as number) - (values.offsets[i] as number);
  encodeInt32s(sink, lengths, count);
  const start = values.offsets[0] as number;
  sink.raw(values.bytes.subarray(start, start + textBytesOf(values)));
  return Encoding.PLAIN;
}

function isWorth(dictionary: Dictionary, count: number, textBytes: number): boolean {
  const bits = 32 - Math.clz32(dictionary.entries - 1);
  return dictionary.textBytes + 2 * dictionary.entries + (count * bits) / 8 < textBytes;
}

function writeDictionary(sink: Sink, values: TextVector, dictionary: Dictionary): void {
  const { entries, rows } = dictionary;
  sink.u16(entries);
  for (let e = 0; e < entries; e++) {
    const row = rows[e] as number;
    lengths[e] = (values.offsets[row + 1] as number) - (values.offsets[row] as number);
  }
  encodeInt32s(sink, lengths, entries);
  for (let e = 0; e < entries; e++) {
    const row = rows[e] as number;
    sink.raw(values.bytes.subarray(values.offsets[row], values.offsets[row + 1]));
  }
}

/** Reads texts into the first `count` rows of `out`, whose bytes must be filled exactly. */
export function decodePlainTexts(source: Source, out: TextVector, count: number): void {
  decodeInt32s(source, lengths, count);
  const total = readOffsets(source, out.offsets, count, out.bytes.length);
  if (total !== out.bytes.length) throw source.malformed("texts shorter than the directory says");
  out.bytes.set(source.raw(total));
}

/** Sums `lengths` up into offsets; refuses a total above `limit`. */
function readOffsets(source: Source, offsets: Uint32Array, count: number, limit: number): number {
  let total = 0;
  offsets[0] = 0;
  for (let i = 0; i < count; i++) {
    const length = lengths[i] as number;
    if (length < 0 || length > limit - total) throw source.malformed(`text ${i} has ${length} bytes`);
    total += length;
    offsets[i + 1] = total;
  }
  return total;
}

export function decodeDictionaryTexts(source: Source, out: TextVector, count: number): void {
  const entries = source.u16();
  decodeInt32s(source, lengths, entries);
  const starts = new Uint32Array(entries + 1);
  const dictionary = source.raw(readOffsets(source, starts, entries, source.end - source.at));
  decodeInt32s(source, numbers, count);
  const { offsets, bytes } = out;
  let at = 0;
  offsets[0] = 0;
  for (let i = 0; i < count; i++) {
    const entry = numbers[i] as number;
    if (entry < 0 || entry >= entries) throw source.malformed(`entry ${entry} of a dictionary of ${entries}`);
    const end = starts[entry + 1] as number;
    const start = starts[entry] as number;
    if (end - start > bytes.length - at) throw source.malformed("texts longer than the directory says");
    for (let k = start; k < end; k++) bytes[at++] = dictionary[k] as number;
    offsets[i + 1] = at;
  }
  if (at !== bytes.length) throw source.malformed("texts shorter than the directory says");
}
