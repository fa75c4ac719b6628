const CHUNK_BYTES = 64 * 1024;
const FIRST_BYTES = 1024;

/** The bytes of a file in chunks: appending copies what is appended and nothing else. */
export class FileBytes {
  #chunks: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Copies from `position` on; returns how many bytes there were. */
  read(into: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + into.length);
    for (let at = position; at < end; ) {
      const inChunk = at % CHUNK_BYTES;
      const count = Math.min(CHUNK_BYTES - inChunk, end - at);
      const chunk = this.#chunks[Math.floor(at / CHUNK_BYTES)];
      const from = chunk?.subarray(inChunk, inChunk + count) ?? new Uint8Array(0);
      into.set(from, at - position);
      if (from.length < count) into.fill(0, at - position + from.length, at - position + count);
      at += count;
    }
    return Math.max(0, end - position);
  }

  /** Overwrites and appends; a gap before `position` becomes zeros. */
  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    for (let at = position; at < end; ) {
      const inChunk = at % CHUNK_BYTES;
      const count = Math.min(CHUNK_BYTES - inChunk, end - at);
      const chunk = this.#chunkOf(Math.floor(at / CHUNK_BYTES), inChunk + count);
      chunk.set(bytes.subarray(at - position, at - position + count), inChunk);
      at += count;
    }
    this.#size = Math.max(this.#size, end);
  }

  /** The chunk with room for `bytes`; it doubles, so that small files stay small. */
  #chunkOf(index: number, bytes: number): Uint8Array {
    while (this.#chunks.length <= index) this.#chunks.push(new Uint8Array(0));
    let chunk = this.#chunks[index] as Uint8Array;
    if (chunk.length < bytes) {
      let length = Math.max(FIRST_BYTES, chunk.length);
      while (length < bytes) length *= 2;
      const grown = new Uint8Array(length);
      grown.set(chunk);
      chunk = grown;
      this.#chunks[index] = chunk;
    }
    return chunk;
  }

  /** Cuts off what is behind, or adds zeros. */
  resize(size: number): void {
    if (size < this.#size) {
      this.#chunks.length = Math.ceil(size / CHUNK_BYTES);
      this.#chunks.at(-1)?.fill(0, size - (this.#chunks.length - 1) * CHUNK_BYTES);
    }
    this.#size = size;
  }
}
