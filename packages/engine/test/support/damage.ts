import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";

/** Changes one byte of a file in place, as a decaying disk does; again, to mend it. */
export function flipByte(path: string, at: number): void {
  const file = openSync(path, "r+");
  try {
    const byte = new Uint8Array(1);
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << (at & 7));
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

const HEADER_BYTES = 28;
const TRAILER_BYTES = 48;

/** Where the parts of a data file begin and end. */
export function regionsOf(path: string) {
  const bytes = readFileSync(path);
  const trailer = bytes.length - TRAILER_BYTES;
  const index = Number(bytes.readBigUInt64LE(trailer));
  return {
    header: [0, HEADER_BYTES],
    blocks: [HEADER_BYTES, index],
    index: [index, trailer],
    trailer: [trailer, bytes.length],
  } as const;
}
