/** The only source of randomness. The simulated one is seeded. */
export interface Random {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** An integer in [0, bound), for bound ≤ 2^32; without modulo bias worth caring about (53 bits are scaled). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((((random.uint32() >>> 5) * 67108864 + (random.uint32() >>> 6)) / 9007199254740992) * bound);
}

/** A random safe integer ≥ 1 (53 bits): session ids. */
export function randomId(random: Random): number {
  return (random.uint32() >>> 11) * 4294967296 + random.uint32() || 1;
}

/** A random (version 4) UUID, RFC 9562 section 5.4. */
export function randomUuid(random: Random): string {
  const b = random.bytes(16);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
