import { assert } from "@ringtide/common";

const CHUNK = 4096;
const SMALLEST_CHUNK = 64;

/** Places of the entries with index in [number × CHUNK, (number + 1) × CHUNK). */
class Chunk {
  positions: Float64Array;
  lengths: Uint32Array;
  /** Bytes of all records in the chunk, for sums over many chunks. */
  totalBytes = 0;

  constructor(slots: number) {
    this.positions = new Float64Array(slots);
    this.lengths = new Uint32Array(slots);
  }

  /** Grows step by step: a node may have many groups with few entries each. */
  makeRoom(slot: number): void {
    let slots = this.positions.length;
    if (slot < slots) return;
    while (slots <= slot) slots *= 4;
    const positions = new Float64Array(slots);
    positions.set(this.positions);
    this.positions = positions;
    const lengths = new Uint32Array(slots);
    lengths.set(this.lengths);
    this.lengths = lengths;
  }
}

/** Where the records of one group's entries are: 12 bytes an entry. Holds the indices [first, next). */
export class EntryIndex {
  #chunks: Chunk[] = [];
  #firstChunk = 0;
  #first: number;
  #next: number;

  constructor(firstIndex: number) {
    this.#first = firstIndex;
    this.#next = firstIndex;
    this.#firstChunk = Math.floor(firstIndex / CHUNK);
  }

  get first(): number {
    return this.#first;
  }
  get next(): number {
    return this.#next;
  }

  /** Adds the entry `next`. */
  push(position: number, length: number): void {
    const index = this.#next;
    const number = Math.floor(index / CHUNK) - this.#firstChunk;
    if (number === this.#chunks.length) this.#chunks.push(new Chunk(SMALLEST_CHUNK));
    const chunk = this.#chunk(index);
    const slot = index % CHUNK;
    chunk.makeRoom(slot);
    chunk.positions[slot] = position;
    chunk.lengths[slot] = length;
    chunk.totalBytes += length;
    this.#next = index + 1;
  }

  position(index: number): number {
    return this.#chunk(index).positions[index % CHUNK] as number;
  }

  length(index: number): number {
    return this.#chunk(index).lengths[index % CHUNK] as number;
  }

  #chunk(index: number): Chunk {
    const chunk = this.#chunks[Math.floor(index / CHUNK) - this.#firstChunk];
    assert(chunk !== undefined, `index ${index} outside of [${this.#first}, ${this.#next})`);
    return chunk;
  }

  /** Forgets the entries from `index` on. */
  truncate(index: number): void {
    if (index >= this.#next) return;
    assert(index >= this.#first, `truncating at ${index} before ${this.#first}`);
    const keptChunks = Math.ceil(index / CHUNK) - this.#firstChunk;
    this.#chunks.length = Math.min(this.#chunks.length, Math.max(0, keptChunks));
    const last = this.#chunks.at(-1);
    const end = Math.min(this.#next, (this.#firstChunk + this.#chunks.length) * CHUNK);
    if (last !== undefined) for (let i = index; i < end; i++) last.totalBytes -= last.lengths[i % CHUNK] as number;
    this.#next = index;
  }

  /** Forgets the entries below `index`. */
  cut(index: number): void {
    assert(
      index >= this.#first && index <= this.#next,
      `cutting at ${index} outside of [${this.#first}, ${this.#next}]`,
    );
    this.#first = index;
    const firstChunk = Math.floor(index / CHUNK);
    this.#chunks.splice(0, firstChunk - this.#firstChunk);
    this.#firstChunk = firstChunk;
  }

  /** Bytes of the records of entries at or after `index`. */
  bytesSince(index: number): number {
    const from = Math.max(index, this.#first);
    if (from >= this.#next) return 0;
    const chunk = this.#chunk(from);
    const number = Math.floor(from / CHUNK);
    const end = Math.min(this.#next, (number + 1) * CHUNK);
    let bytes = 0;
    for (let i = from; i < end; i++) bytes += chunk.lengths[i % CHUNK] as number;
    for (let i = number + 1 - this.#firstChunk; i < this.#chunks.length; i++) bytes += this.#chunks[i]?.totalBytes ?? 0;
    return bytes;
  }

  /** First index whose record does not end at or before `position`. Positions ascend with the index. */
  firstNotBefore(position: number): number {
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.position(middle) + this.length(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
