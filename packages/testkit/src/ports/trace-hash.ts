/** Bytes of a message or write that enter the hash. */
const SAMPLES = 16;

/** A running hash of all that happened: two runs of one seed must end with the same one. */
export class TraceHash {
  readonly #floats = new Float64Array(1);
  readonly #words = new Uint32Array(this.#floats.buffer);
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  integer(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x85ebca6b);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ this.#low, 0xc2b2ae35);
    this.#high ^= this.#high >>> 13;
  }

  number(value: number): void {
    this.#floats[0] = value;
    this.integer(this.#words[0] as number);
    this.integer(this.#words[1] as number);
  }

  /** The length and some of the bytes. */
  bytes(value: Uint8Array): void {
    this.integer(value.length);
    const step = Math.max(1, Math.floor(value.length / SAMPLES));
    for (let at = 0; at < value.length; at += step) this.integer(value[at] as number);
  }

  get text(): string {
    return [this.#low, this.#high].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
