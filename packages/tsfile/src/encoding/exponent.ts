/*
 * A decimal number is whole digits divided by a power of ten: 12.34 = 1234 / 10^2. Division of exact operands is correctly rounded,
 * so every double that was read from a decimal text of up to 15 digits comes back exactly.
 */

/** Powers up to 10^22 are exact doubles. */
export const POWERS: readonly number[] = Array.from({ length: 23 }, (_, e) => Number(`1e${e}`));
/** Adding and subtracting 1.5 × 2^52 rounds a double below 2^51 in size to the nearest whole number. */
export const ROUNDER = 6755399441055744;
export const MAX_DIGITS = 2 ** 51;

const SAMPLES = 32;
/** After as many samples, of which all but one are no decimals, the rest is not looked at. */
const FIRST_SAMPLES = 8;
const BITS_PER_DIGIT = Math.log2(10);
const PATCH_BITS = 80;

const counts = new Int32Array(POWERS.length);

/** What suits a sample of the values: the power of ten, and whether digits need more than 32 bits. */
export interface DecimalForm {
  readonly exponent: number;
  readonly isWide: boolean;
}

/** Undefined when too few values are decimals. `isFloat`: the values are FLOAT, widened. */
export function chooseExponent(values: Float64Array | Float32Array, isFloat: boolean): DecimalForm | undefined {
  const size = Math.min(SAMPLES, values.length);
  counts.fill(0);
  let misses = 0;
  let largest = 0;
  for (let s = 0; s < size; s++) {
    const value = values[Math.floor((s * values.length) / size)] as number;
    const exponent = exponentOf(value, isFloat);
    if (exponent < 0) misses++;
    else {
      counts[exponent] = (counts[exponent] as number) + 1;
      largest = Math.max(largest, Math.abs(value));
    }
    if (s + 1 === FIRST_SAMPLES && misses >= FIRST_SAMPLES - 1) return undefined;
  }
  if (2 * misses > size) return undefined;
  const exponent = cheapestExponent(size);
  return { exponent, isWide: !isFloat && largest * (POWERS[exponent] as number) >= 2 ** 31 };
}

/** The least exponent that gives the value back, or −1. */
function exponentOf(value: number, isFloat: boolean): number {
  if (Object.is(value, -0)) return -1;
  for (let e = 0; e < POWERS.length; e++) {
    const power = POWERS[e] as number;
    const scaled = value * power;
    if (!(Math.abs(scaled) < MAX_DIGITS)) return -1;
    const digits = scaled + ROUNDER - ROUNDER;
    const back = digits / power;
    if ((isFloat ? Math.fround(back) : back) === value) return e;
  }
  return -1;
}

/** Each decimal place costs bits in every value, each value that needs more places costs a patch. */
function cheapestExponent(size: number): number {
  let best = 0;
  let bestBits = Infinity;
  let hits = 0;
  for (let e = 0; e < POWERS.length; e++) {
    hits += counts[e] as number;
    const bits = hits * e * BITS_PER_DIGIT + (size - hits) * PATCH_BITS;
    if (bits >= bestBits) continue;
    bestBits = bits;
    best = e;
  }
  return best;
}
