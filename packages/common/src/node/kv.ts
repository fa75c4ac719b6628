import { equalBytes, utf8Bytes } from "../bytes.ts";
import { assert, RingtideError } from "../errors.ts";
import type { Kv, KvChange, KvRange, OpenKv } from "../ports/index.ts";
import { kvError } from "./kv-errors.ts";
import { plainBytes, sealValue, unsealValue } from "./kv-seal.ts";
import { KvStore, type StoreIterator, type StoreOperation } from "./kv-store.ts";
import { type Batch, WriteQueue } from "./kv-writes.ts";

type Bytes = Uint8Array;

/** First byte of a stored key: ours, or a user's. */
const OWN_PREFIX = 0;
const USER_PREFIX = 1;
const FORMAT_KEY = Uint8Array.of(OWN_PREFIX);
const FORMAT = utf8Bytes("ringtide-kv 1");
const NO_BYTES = new Uint8Array(0);

/** Largest value that a store takes. */
const MAX_VALUE_BYTES = 1024 * 1024;
/** Entries fetched from the store at a time while a range is read. */
const READ_AHEAD_ENTRIES = 128;
const READ_AHEAD_BYTES = 64 * 1024;

/** LevelDB in a directory; every value carries a checksum over its key and itself. */
export const openLevelKv: OpenKv = async (directory) => {
  const kv = new LevelKv(await KvStore.open(directory), directory);
  try {
    await kv.checkFormat();
  } catch (error) {
    await kv.close();
    throw error;
  }
  return kv;
};

class LevelKv implements Kv {
  readonly #store: KvStore;
  readonly #directory: string;
  readonly #writes = new WriteQueue<StoreOperation>((batch) => this.#writeBatch(batch));

  constructor(store: KvStore, directory: string) {
    this.#store = store;
    this.#directory = directory;
  }

  /** Marks a new store with its format; FORMAT_UNKNOWN when an existing one has another. */
  async checkFormat(): Promise<void> {
    const stored = await this.#store.get(FORMAT_KEY);
    if (stored === undefined) return this.#writeBatch({ operations: [], sync: true });
    const found = unsealValue(this.#directory, FORMAT_KEY, stored);
    if (!equalBytes(found, FORMAT))
      throw new RingtideError("FORMAT_UNKNOWN", `the key-value store in ${this.#directory} has format ${found}`);
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    const storedKey = withPrefix(key);
    const stored = await this.#store.get(storedKey);
    return stored === undefined ? undefined : unsealValue(this.#directory, storedKey, stored);
  }

  async write(changes: readonly KvChange[], options: { readonly sync: boolean }): Promise<void> {
    await this.#writes.write({ operations: changes.map(toOperation), sync: options.sync });
  }

  async #writeBatch({ operations, sync }: Batch<StoreOperation>): Promise<void> {
    const batch = [...operations];
    // An empty batch would not be synced, nor what was written before it: so a synced one always says something.
    if (batch.length === 0 && sync) batch.push({ type: "put", key: FORMAT_KEY, value: sealValue(FORMAT_KEY, FORMAT) });
    await this.#store.write({ operations: batch, sync });
  }

  entries(range: KvRange): AsyncIterable<readonly [key: Bytes, value: Bytes]> {
    // Made now and not when it is first read: this is the moment whose entries it shows.
    const iterator = this.#store.iterator({
      gte: withPrefix(range.from ?? NO_BYTES),
      lt: range.to === undefined ? Uint8Array.of(USER_PREFIX + 1) : withPrefix(range.to),
      reverse: range.reverse === true,
      limit: range.limit ?? -1,
      highWaterMarkBytes: READ_AHEAD_BYTES,
    });
    // Whoever reads hears of it.
    iterator.catch(() => undefined);
    return this.#read(iterator);
  }

  async *#read(begun: Promise<StoreIterator>): AsyncGenerator<readonly [key: Bytes, value: Bytes]> {
    const iterator = await begun;
    try {
      for (;;) {
        const batch = await this.#nextOf(iterator);
        if (batch.length === 0) return;
        for (const [key, stored] of batch) {
          yield [plainBytes(key, 1), unsealValue(this.#directory, key, stored)] as const;
        }
      }
    } finally {
      await this.#store.endIterator(iterator);
    }
  }

  async #nextOf(iterator: StoreIterator) {
    try {
      return await iterator.nextv(READ_AHEAD_ENTRIES);
    } catch (error) {
      throw kvError(this.#directory, "read", error);
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#store.close();
  }
}

function toOperation(change: KvChange): StoreOperation {
  const key = withPrefix(change.key);
  if (change.op === "delete") return { type: "del", key };
  assert(change.value.length <= MAX_VALUE_BYTES, `a value of ${change.value.length} bytes is above the store's limit`);
  return { type: "put", key, value: sealValue(key, change.value) };
}

/** The key under which a user's key is stored. */
function withPrefix(key: Bytes): Bytes {
  const stored = new Uint8Array(key.length + 1);
  stored[0] = USER_PREFIX;
  stored.set(key, 1);
  return stored;
}
