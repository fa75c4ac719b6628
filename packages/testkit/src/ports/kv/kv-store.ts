import type { KvChange, KvRange } from "@ringtide/common";
import type { SeededRandom } from "../../random/seeded-random.ts";
import type { Owner } from "../owner.ts";

/** Keys as texts, one unit a byte: they compare like the bytes. */
type Key = string;
export type KvEntry = readonly [key: Key, value: Uint8Array];

/** What a batch changed, so that it can be taken back. */
interface Undo {
  readonly atMs: number;
  readonly before: readonly (readonly [key: Key, value: Uint8Array | undefined])[];
}

/** The system writes back by itself what is older than this. */
const WRITE_BACK_MS = 30_000;
/** Up to so many new keys are sorted in one by one. */
const FEW_KEYS = 8;

export function keyText(key: Uint8Array): Key {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

export function keyBytes(key: Key): Uint8Array {
  return new Uint8Array(Buffer.from(key, "latin1"));
}

/** The content of one key-value store: sorted, with the batches that the loss of power may still take back. */
export class KvStore {
  /** Who has it open. */
  holder: Owner | undefined;
  sizeBytes = 0;
  readonly #values = new Map<Key, Uint8Array>();
  readonly #damaged = new Set<Key>();
  #sorted: Key[] = [];
  #added: Key[] = [];
  #removed = false;
  #unsynced: Undo[] = [];

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(keyText(key));
  }

  isDamaged(key: Key): boolean {
    return this.#damaged.has(key);
  }

  /** The medium damages the value of a key: reading it fails from now on. */
  damage(key: Uint8Array): void {
    this.#damaged.add(keyText(key));
  }

  /** By how much the batch makes the store grow, at most. */
  static growth(changes: readonly KvChange[]): number {
    return changes.reduce(
      (sum, change) => sum + (change.op === "put" ? change.key.length + change.value.length : 0),
      0,
    );
  }

  apply(changes: readonly KvChange[], sync: boolean, nowMs: number): void {
    const before = changes.map((change): readonly [Key, Uint8Array | undefined] => {
      const key = keyText(change.key);
      const old = this.#values.get(key);
      this.#set(key, change.op === "put" ? new Uint8Array(change.value) : undefined);
      return [key, old];
    });
    if (sync) {
      this.settle();
      return;
    }
    this.#unsynced.push({ atMs: nowMs, before });
    while ((this.#unsynced[0]?.atMs ?? nowMs) < nowMs - WRITE_BACK_MS) this.#unsynced.shift();
  }

  #set(key: Key, value: Uint8Array | undefined): void {
    const old = this.#values.get(key);
    this.#damaged.delete(key);
    if (old !== undefined) this.sizeBytes -= key.length + old.length;
    if (value !== undefined) {
      this.sizeBytes += key.length + value.length;
      this.#values.set(key, value);
      if (old === undefined) this.#added.push(key);
    } else if (this.#values.delete(key)) {
      this.#removed = true;
    }
  }

  /** Everything is durable. */
  settle(): void {
    this.#unsynced = [];
  }

  get unsyncedBatches(): number {
    return this.#unsynced.length;
  }

  /** The power fails: any number of the last batches that were not synced are gone. */
  loseUnsynced(random: SeededRandom): void {
    const kept = random.below(this.#unsynced.length + 1);
    for (const { before } of this.#unsynced.splice(kept).reverse()) {
      for (const [key, value] of [...before].reverse()) this.#set(key, value);
    }
    this.settle();
  }

  #keys(): readonly Key[] {
    if (this.#removed) {
      // A key may have gone and come back: each once.
      this.#sorted = [...this.#values.keys()].sort();
    } else if (this.#added.length > FEW_KEYS) {
      this.#sorted = this.#sorted.concat(this.#added).sort();
    } else {
      for (const key of this.#added) this.#sorted.splice(firstAtOrAfter(this.#sorted, key), 0, key);
    }
    this.#removed = false;
    this.#added = [];
    return this.#sorted;
  }

  /** The entries of a range, as they are now. */
  entries({ from, to, reverse, limit }: KvRange = {}): KvEntry[] {
    const keys = this.#keys();
    let start = from === undefined ? 0 : firstAtOrAfter(keys, keyText(from));
    let end = to === undefined ? keys.length : firstAtOrAfter(keys, keyText(to));
    const count = Math.max(0, Math.min(limit ?? Number.POSITIVE_INFINITY, end - start));
    if (reverse) start = end - count;
    else end = start + count;
    const found: KvEntry[] = [];
    for (let i = start; i < end; i++) {
      const key = keys[i] as Key;
      found.push([key, this.#values.get(key) as Uint8Array]);
    }
    return reverse ? found.reverse() : found;
  }
}

function firstAtOrAfter(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as Key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
