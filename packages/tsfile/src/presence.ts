/*
 * Null maps: one bit a row, least significant first, 1 = there is a value. Bits past the last row are 0.
 */

/** Bytes of a null map. */
export function presenceBytes(rows: number): number {
  return (rows + 7) >>> 3;
}

/** True when row `i` has a value. */
export function hasBit(present: Uint8Array | undefined, i: number): boolean {
  return present === undefined || (((present[i >>> 3] as number) >>> (i & 7)) & 1) === 1;
}

export function setBit(present: Uint8Array, i: number): void {
  present[i >>> 3] = (present[i >>> 3] as number) | (1 << (i & 7));
}

/** Rows of [from, to) that have a value. */
export function countBits(present: Uint8Array, from: number, to: number): number {
  let count = 0;
  let i = from;
  for (; i < to && (i & 7) !== 0; i++) count += ((present[i >>> 3] as number) >>> (i & 7)) & 1;
  for (; i + 8 <= to; i += 8) count += bitsOfByte(present[i >>> 3] as number);
  for (; i < to; i++) count += ((present[i >>> 3] as number) >>> (i & 7)) & 1;
  return count;
}

function bitsOfByte(byte: number): number {
  const pairs = byte - ((byte >>> 1) & 0x55);
  const quads = (pairs & 0x33) + ((pairs >>> 2) & 0x33);
  return (quads + (quads >>> 4)) & 0x0f;
}

/** The null map of rows [from, to), or undefined when all of them have a value. */
export function sliceBits(present: Uint8Array | undefined, from: number, to: number): Uint8Array | undefined {
  if (present === undefined || countBits(present, from, to) === to - from) return undefined;
  const out = new Uint8Array(presenceBytes(to - from));
  copyBits(present, from, to - from, out, 0);
  return out;
}

/** Sets bit `at + i` of `out` (zero before) where row `from + i` has a value; undefined stands for "all have". */
export function copyBits(
  present: Uint8Array | undefined,
  from: number,
  count: number,
  out: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < count; i++) if (hasBit(present, from + i)) setBit(out, at + i);
}

/** Numbers of the rows that have a value, ascending. */
export function presentRows(present: Uint8Array, rows: number): Uint32Array {
  const out = new Uint32Array(countBits(present, 0, rows));
  let n = 0;
  for (let i = 0; i < rows; i++) if ((((present[i >>> 3] as number) >>> (i & 7)) & 1) === 1) out[n++] = i;
  return out;
}
