import type { Disk } from "@ringtide/common";
import xxhash from "xxhash-wasm";
import { readInto } from "./readInto.ts";

/** The digest of a file: XXH64 (seed 0) of all its bytes, as 16 hexadecimal digits. */
export interface Digest {
  update(bytes: Uint8Array): void;
  hex(): string;
}

/** Compiled once for the process. */
let loading: ReturnType<typeof xxhash> | undefined;

export async function createDigest(): Promise<Digest> {
  loading ??= xxhash();
  const { create64 } = await loading;
  const state = create64();
  return {
    update: (bytes) => {
      state.update(bytes);
    },
    hex: () => state.digest().toString(16).padStart(16, "0"),
  };
}

/** Bytes that are read and digested in one step: well below a millisecond of work. */
const SLICE_BYTES = 256 * 1024;

/**
 * Reads a whole file of any kind; returns its size and digest. `pause` is called after each slice, for whoever bounds the rate or gives up
 * by throwing. What cannot be read is DISK_CORRUPT with file and offset.
 */
export async function digestFile(
  disk: Disk,
  path: string,
  pause: (bytes: number) => Promise<void>,
): Promise<{ readonly sizeBytes: number; readonly digest: string }> {
  const digest = await createDigest();
  const file = await disk.open(path, "read");
  try {
    const sizeBytes = await file.sizeBytes();
    const slice = new Uint8Array(Math.min(SLICE_BYTES, sizeBytes));
    for (let at = 0; at < sizeBytes; at += slice.length) {
      const part = slice.subarray(0, Math.min(slice.length, sizeBytes - at));
      await readInto(file, path, at, part);
      digest.update(part);
      await pause(part.length);
    }
    return { sizeBytes, digest: digest.hex() };
  } finally {
    await file.close();
  }
}
