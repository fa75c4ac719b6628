/**
 * MurmurHash3_x86_32 (Austin Appleby, public domain algorithm) of the UTF-8 bytes of `text`.
 * The slot hash of the cluster: its golden vectors are in docs/internals/slots.md and must never change.
 */
export function murmur3(text: string, seed: number): number {
  const bytes = utf8.encode(text);
  const blocks = bytes.length & ~3;
  let h = seed | 0;
  for (let i = 0; i < blocks; i += 4) {
    const k =
      byteAt(bytes, i) | (byteAt(bytes, i + 1) << 8) | (byteAt(bytes, i + 2) << 16) | (byteAt(bytes, i + 3) << 24);
    h ^= scramble(k);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= blocks; i--) tail = (tail << 8) | byteAt(bytes, i);
  if (blocks < bytes.length) h ^= scramble(tail);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const utf8 = new TextEncoder();

function byteAt(bytes: Uint8Array, i: number): number {
  return bytes[i] as number;
}

function scramble(k: number): number {
  const a = Math.imul(k, 0xcc9e2d51);
  return Math.imul((a << 15) | (a >>> 17), 0x1b873593);
}

/** How devices are spread over slots; agreed by all nodes and told to each client session. */
export interface SlotStrategy {
  readonly name: "device-hash";
  readonly slotCount: number;
  readonly salt: number;
}

/** The slot of a device path (`root.sg.d1`): an integer in [0, slotCount). */
export function slotOf(device: string, strategy: SlotStrategy): number {
  return murmur3(device, strategy.salt) % strategy.slotCount;
}
