/** Append requests on their way to one follower, oldest first: a ring of (last index, bytes) bounded by count and bytes. */
export class Inflights {
  readonly #lastIndex: Float64Array;
  readonly #sizeBytes: Float64Array;
  readonly #maxBytes: number;
  #head = 0;
  #count = 0;
  #bytes = 0;

  constructor(maxRequests: number, maxBytes: number) {
    this.#lastIndex = new Float64Array(maxRequests);
    this.#sizeBytes = new Float64Array(maxRequests);
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** No further request may leave. The last one may have crossed the limit of bytes, so that any entry can pass. */
  get full(): boolean {
    return this.#count === this.#lastIndex.length || this.#bytes >= this.#maxBytes;
  }

  /** Not when full. */
  add(lastIndex: number, sizeBytes: number): void {
    const at = (this.#head + this.#count) % this.#lastIndex.length;
    this.#lastIndex[at] = lastIndex;
    this.#sizeBytes[at] = sizeBytes;
    this.#count++;
    this.#bytes += sizeBytes;
  }

  /** Requests whose entries end at or before `index` have arrived. */
  freeThrough(index: number): void {
    while (this.#count > 0 && (this.#lastIndex[this.#head] as number) <= index) {
      this.#bytes -= this.#sizeBytes[this.#head] as number;
      this.#head = (this.#head + 1) % this.#lastIndex.length;
      this.#count--;
    }
  }

  clear(): void {
    this.#head = 0;
    this.#count = 0;
    this.#bytes = 0;
  }
}
