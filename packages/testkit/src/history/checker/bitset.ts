/** A set of small whole numbers. */
export class Bitset {
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  add(i: number): void {
    this.#words[i >>> 5] = this.#word(i >>> 5) | (1 << (i & 31));
  }

  delete(i: number): void {
    this.#words[i >>> 5] = this.#word(i >>> 5) & ~(1 << (i & 31));
  }

  /** A text that tells the set apart from others that hold, like this one, all numbers below `from` and `count` more. */
  keyFrom(from: number, count: number): string {
    let at = from >>> 5;
    let word = this.#word(at) & (-1 << (from & 31));
    let key = "";
    for (let left = count - bitCount(word); left > 0; left -= bitCount(word)) {
      key += `${(word >>> 0).toString(36)},`;
      word = this.#word(++at);
    }
    return key + (word >>> 0).toString(36);
  }

  #word(at: number): number {
    return this.#words[at] ?? 0;
  }
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
