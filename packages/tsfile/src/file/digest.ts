import xxhash from "xxhash-wasm";

/** The digest of a file: XXH64 (seed 0) of all its bytes, as 16 hexadecimal digits. */
export interface Digest {
  update(bytes: Uint8Array): void;
  hex(): string;
}

export async function createDigest(): Promise<Digest> {
  const { create64 } = await xxhash();
  const state = create64();
  return {
    update: (bytes) => {
      state.update(bytes);
    },
    hex: () => state.digest().toString(16).padStart(16, "0"),
  };
}
