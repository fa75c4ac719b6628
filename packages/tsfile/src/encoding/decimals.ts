import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import { wordsOf } from "../columns.ts";
import { chooseExponent, MAX_DIGITS, POWERS, ROUNDER } from "./exponent.ts";
import { decodeInt32s, encodeInt32s } from "./integers.ts";
import { decodeInt64s, doublesToPairs, encodeInt64s, pairsToDoubles } from "./longs.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/*
 * Decimal numbers: u8 exponent e, u8 1 when digits have 64 bits, u16 patches; u16 position of each patched value, then its bits;
 * then the digits of all values as whole numbers. value = digits / 10^e, rounded to float32 for FLOAT.
 * Patches are the values that do not come back bit for bit this way: NaN, infinities, −0, and what is no short decimal.
 */

const digits = new Int32Array(MAX_BLOCK_ROWS);
const wideDigits = new Float64Array(MAX_BLOCK_ROWS);
const pairs = new Int32Array(2 * MAX_BLOCK_ROWS);
const patched = new Uint16Array(MAX_BLOCK_ROWS);

/** Writes the values; false, and nothing written, when they are no decimals. */
export function encodeDecimals(sink: Sink, values: Float64Array | Float32Array): boolean {
  const isFloat = values instanceof Float32Array;
  const form = chooseExponent(values, isFloat);
  if (form === undefined) return false;
  const power = POWERS[form.exponent] as number;
  let patches: number;
  if (isFloat) patches = floatDigits(values, power);
  else patches = form.isWide ? wideDoubleDigits(values, power) : doubleDigits(values, power);
  if (4 * patches > values.length * 3) return false;
  sink.u8(form.exponent);
  sink.u8(form.isWide ? 1 : 0);
  sink.u16(patches);
  writePatches(sink, wordsOf(values), values.BYTES_PER_ELEMENT, patches);
  if (form.isWide) {
    doublesToPairs(wideDigits, pairs, values.length);
    encodeInt64s(sink, pairs, values.length);
  } else {
    encodeInt32s(sink, digits, values.length);
  }
  return true;
}

/** Fills `digits` and `patched`; a patched value gets the digits of the one before it. Returns the patches. */
function doubleDigits(values: Float64Array, power: number): number {
  let patches = 0;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const rounded = value * power + ROUNDER - ROUNDER;
    const whole = rounded | 0;
    // 1 / value tells −0 from 0.
    if (whole === rounded && whole / power === value && (whole !== 0 || 1 / value > 0)) last = whole;
    else patched[patches++] = i;
    digits[i] = last;
  }
  return patches;
}

function floatDigits(values: Float32Array, power: number): number {
  let patches = 0;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const rounded = value * power + ROUNDER - ROUNDER;
    const whole = rounded | 0;
    if (whole === rounded && Math.fround(whole / power) === value && (whole !== 0 || 1 / value > 0)) last = whole;
    else patched[patches++] = i;
    digits[i] = last;
  }
  return patches;
}

function wideDoubleDigits(values: Float64Array, power: number): number {
  let patches = 0;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const scaled = value * power;
    const rounded = scaled + ROUNDER - ROUNDER;
    const isExact = Math.abs(scaled) < MAX_DIGITS && rounded / power === value && (rounded !== 0 || 1 / value > 0);
    if (isExact) last = rounded;
    else patched[patches++] = i;
    wideDigits[i] = last;
  }
  return patches;
}

/** Words of a value are moved as they are, so that NaN payloads stay. */
function writePatches(sink: Sink, words: Int32Array, valueBytes: number, patches: number): void {
  let at = sink.reserve(patches * (2 + valueBytes));
  const { view } = sink;
  for (let p = 0; p < patches; p++, at += 2) view.setUint16(at, patched[p] as number, true);
  const perValue = valueBytes / 4;
  for (let p = 0; p < patches; p++)
    for (let w = 0; w < perValue; w++, at += 4)
      view.setInt32(at, words[(patched[p] as number) * perValue + w] as number, true);
}

/** Reads what encodeDecimals wrote into the first `count` values. */
export function decodeDecimals(source: Source, out: Float64Array | Float32Array, count: number): void {
  const exponent = source.u8();
  const wide = source.u8();
  const patches = source.u16();
  const power = POWERS[exponent];
  if (power === undefined || wide > 1) throw source.malformed(`decimals of form ${exponent}, ${wide}`);
  const at = source.take(patches * (2 + out.BYTES_PER_ELEMENT));
  if (wide === 1) {
    decodeInt64s(source, pairs, count);
    pairsToDoubles(pairs, wideDigits, count);
    for (let i = 0; i < count; i++) out[i] = (wideDigits[i] as number) / power;
  } else {
    decodeInt32s(source, digits, count);
    if (out instanceof Float64Array) divideDoubles(out, power, count);
    else divideFloats(out, power, count);
  }
  readPatches(source, at, patches, out, count);
}

function divideDoubles(out: Float64Array, power: number, count: number): void {
  for (let i = 0; i < count; i++) out[i] = (digits[i] as number) / power;
}

function divideFloats(out: Float32Array, power: number, count: number): void {
  for (let i = 0; i < count; i++) out[i] = (digits[i] as number) / power;
}

function readPatches(
  source: Source,
  start: number,
  patches: number,
  out: Float64Array | Float32Array,
  count: number,
): void {
  const words = wordsOf(out);
  const { view } = source;
  const perValue = out.BYTES_PER_ELEMENT / 4;
  let at = start + 2 * patches;
  for (let p = 0; p < patches; p++) {
    const i = view.getUint16(start + 2 * p, true);
    if (i >= count) throw source.malformed(`patch of value ${i} of ${count}`);
    for (let w = 0; w < perValue; w++, at += 4) words[i * perValue + w] = view.getInt32(at, true);
  }
}
