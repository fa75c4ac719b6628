/** The signed 64-bit range, that of times and of INT64. */
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** The whole number that a text of an optional sign and digits is, or undefined beyond signed 64 bits. */
export function parseInt64(text: string): bigint | undefined {
  // Cut before BigInt sees it: its cost grows with the square of the length.
  const digits = text.replace(/^[+-]/, "").replace(/^0+(?=\d)/, "");
  if (digits.length > 19) return undefined;
  const value = text.startsWith("-") ? -BigInt(digits) : BigInt(digits);
  return isInt64(value) ? value : undefined;
}
