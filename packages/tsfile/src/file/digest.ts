import xxhash from "xxhash-wasm";

/** The digest of a file: XXH64 (seed 0) of all its bytes, as 16 hexadecimal digits. */
export interface Digest {
  update(bytes: Uint8Array): void;
  hex(): string;
}

let loading: ReturnType<typeof xxhash> | undefined;

/** The first call loads the hash, which takes the machine's own time; all others have it at once. Digests share it, not their state. */
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
