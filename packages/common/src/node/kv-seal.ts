import { crc32c } from "@node-rs/crc32";
import { RingtideError } from "../errors.ts";

/**
 * LevelDB's checksums are not checked on reads (its binding cannot ask for it), so each stored value ends in a CRC32C of its key
 * and itself: damage shows as an error, never as another value.
 */
const SEAL_BYTES = 4;

/** The bytes to store for a value. */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.length + SEAL_BYTES);
  stored.set(value);
  new DataView(stored.buffer).setUint32(value.length, crc32c(value, crc32c(key)), true);
  return stored;
}

/** The value in stored bytes; DISK_CORRUPT when they are not what was written for this key. */
export function unsealValue(directory: string, key: Uint8Array, stored: Uint8Array): Uint8Array {
  const length = stored.length - SEAL_BYTES;
  if (length >= 0) {
    const value = plainBytes(stored, 0, length);
    const seal = new DataView(stored.buffer, stored.byteOffset + length, SEAL_BYTES).getUint32(0, true);
    if (crc32c(value, crc32c(key)) === seal) return value;
  }
  const name = Buffer.from(key.subarray(0, 64)).toString("hex");
  throw new RingtideError("DISK_CORRUPT", `the value of key 0x${name} in the store ${directory} fails its checksum`, {
    details: { directory, key: name },
  });
}

/** Part of a Buffer as a plain Uint8Array, without a copy: the two differ in `slice` and in comparisons. */
export function plainBytes(buffer: Uint8Array, start: number, end = buffer.length): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start);
}
