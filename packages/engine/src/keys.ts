import { assert, concatBytes, type KvRange } from "@ringtide/common";

/** What a key of the group names; the byte after the prefix. Never reused. */
export const KeyTag = { checkpoint: 1, device: 2, file: 3, tombstone: 4, requests: 5, groupState: 6 } as const;
export type KeyTag = (typeof KeyTag)[keyof typeof KeyTag];

/** Keys of one group: prefix, tag, then big-endian numbers, so that they sort by number. */
export class Keys {
  readonly #prefix: Uint8Array;

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  key(tag: KeyTag, ...numbers: readonly number[]): Uint8Array {
    const tail = new Uint8Array(1 + numbers.length * 8);
    const view = new DataView(tail.buffer);
    view.setUint8(0, tag);
    numbers.forEach((number, i) => {
      view.setUint32(1 + i * 8, Math.floor(number / 4294967296));
      view.setUint32(5 + i * 8, number >>> 0);
    });
    return this.withPrefix(tail);
  }

  /** All keys of the group. */
  all(): KvRange {
    const last = this.#prefix.findLastIndex((byte) => byte < 255);
    assert(last >= 0, "a prefix that another key can follow");
    const to = this.#prefix.slice(0, last + 1);
    to[last] = (to[last] as number) + 1;
    return { from: this.#prefix, to };
  }

  /** A key without the prefix, as it is the same for the replicas of all nodes. */
  withoutPrefix(key: Uint8Array): Uint8Array {
    return key.subarray(this.#prefix.length);
  }

  withPrefix(tail: Uint8Array): Uint8Array {
    return concatBytes([this.#prefix, tail]);
  }

  /** All keys of a tag. */
  range(tag: KeyTag): KvRange {
    return {
      from: concatBytes([this.#prefix, Uint8Array.of(tag)]),
      to: concatBytes([this.#prefix, Uint8Array.of(tag + 1)]),
    };
  }

  /** Number `at` of a key that `key` made. */
  number(key: Uint8Array, at: number): number {
    const view = new DataView(key.buffer, key.byteOffset + this.#prefix.length + 1 + at * 8, 8);
    return view.getUint32(0) * 4294967296 + view.getUint32(4);
  }
}
