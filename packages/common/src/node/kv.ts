import { type BatchOperation, Level, type Iterator as LevelIterator } from "level";
import { equalBytes, utf8Bytes } from "../bytes.ts";
import { asRingtideError, assert, RingtideError } from "../errors.ts";
import type { Kv, KvChange, KvRange, OpenKv } from "../ports/index.ts";
import { checkStoreLogs } from "./kv-log-check.ts";
import { plainBytes, sealValue, unsealValue } from "./kv-seal.ts";
import { type Batch, WriteQueue } from "./kv-writes.ts";

type Bytes = Uint8Array;
type Store = Level<Bytes, Bytes>;
type Operation = BatchOperation<Store, Bytes, Bytes>;

/**
 * A node opens a few stores, so each is kept small. Memory of one store is at most about two write buffers, the block cache and
 * 2 MiB while a compaction runs: schema and manifests are small and their users keep what is hot decoded.
 */
const STORE_OPTIONS = {
  keyEncoding: "view",
  valueEncoding: "view",
  cacheSize: 2 * 1024 * 1024,
  writeBufferSize: 4 * 1024 * 1024,
  maxOpenFiles: 100,
} as const;

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
  await checkStoreLogs(directory);
  const store: Store = new Level<Bytes, Bytes>(directory, STORE_OPTIONS);
  try {
    await store.open();
  } catch (error) {
    throw kvError(directory, "open", error);
  }
  const kv = new LevelKv(store, directory);
  try {
    await kv.checkFormat();
  } catch (error) {
    await kv.close();
    throw error;
  }
  return kv;
};

class LevelKv implements Kv {
  readonly #store: Store;
  readonly #directory: string;
  readonly #writes = new WriteQueue<Operation>((batch) => this.#writeBatch(batch));
  /**
   * The error of a write that failed. The store must not be written on as it is: what comes after a part of a record would be lost at the next
   * start, and after a failed sync it takes nothing more. Opened again, it cuts the torn end of its log.
   */
  #failure: unknown;
  #opening: Promise<void> | undefined;
  #readers = 0;

  constructor(store: Store, directory: string) {
    this.#store = store;
    this.#directory = directory;
  }

  /** Marks a new store with its format; FORMAT_UNKNOWN when an existing one has another. */
  async checkFormat(): Promise<void> {
    const stored = await this.#guarded("get", () => this.#store.get(FORMAT_KEY));
    if (stored === undefined) {
      await this.#guarded("write", () => this.#store.put(FORMAT_KEY, sealValue(FORMAT_KEY, FORMAT), { sync: true }));
      return;
    }
    const found = unsealValue(this.#directory, FORMAT_KEY, stored);
    if (!equalBytes(found, FORMAT))
      throw new RingtideError("FORMAT_UNKNOWN", `the key-value store in ${this.#directory} has format ${found}`);
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    const storedKey = withPrefix(key);
    const stored = await this.#guarded("get", async () => {
      await this.#opened();
      return await this.#store.get(storedKey);
    });
    return stored === undefined ? undefined : unsealValue(this.#directory, storedKey, stored);
  }

  async write(changes: readonly KvChange[], options: { readonly sync: boolean }): Promise<void> {
    await this.#writes.write({ operations: changes.map(toOperation), sync: options.sync });
  }

  async #writeBatch({ operations, sync }: Batch<Operation>): Promise<void> {
    const batch = [...operations];
    // An empty batch would not be synced, nor what was written before it: so a synced one always says something.
    if (batch.length === 0 && sync) batch.push({ type: "put", key: FORMAT_KEY, value: sealValue(FORMAT_KEY, FORMAT) });
    await this.#guarded("write", async () => {
      await this.#renew();
      try {
        await this.#store.batch(batch, { sync });
      } catch (error) {
        this.#failure = error;
        throw error;
      }
    });
  }

  /** Opens the store anew after a write that failed; the next write tries again when that does not go either. */
  async #renew(): Promise<void> {
    if (this.#failure === undefined) return;
    if (this.#readers > 0) throw this.#failure; // its end would be theirs
    await this.#store.close();
    await this.#opened();
    this.#failure = undefined;
  }

  /** Resolves when the store is open: it may have been closed to open it anew, and there was no room for that. */
  async #opened(): Promise<void> {
    if (this.#store.status === "open") return;
    this.#opening ??= checkStoreLogs(this.#directory)
      .then(() => this.#store.open())
      .finally(() => {
        this.#opening = undefined;
      });
    await this.#opening;
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
    return this.#read(iterator);
  }

  async *#read(iterator: LevelIterator<Store, Bytes, Bytes>): AsyncGenerator<readonly [key: Bytes, value: Bytes]> {
    this.#readers++;
    try {
      for (;;) {
        const batch = await this.#guarded("read", () => iterator.nextv(READ_AHEAD_ENTRIES));
        if (batch.length === 0) return;
        for (const [key, stored] of batch) {
          yield [plainBytes(key, 1), unsealValue(this.#directory, key, stored)] as const;
        }
      }
    } finally {
      this.#readers--;
      await this.#guarded("read", () => iterator.close());
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#guarded("close", () => this.#store.close());
  }

  async #guarded<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw kvError(this.#directory, operation, error);
    }
  }
}

function toOperation(change: KvChange): Operation {
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

/** LevelDB's error as ours. The code may sit on the cause: opening wraps what went wrong. */
function kvError(directory: string, operation: string, error: unknown): RingtideError {
  if (error instanceof RingtideError) return error;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = "code" in at ? at.code : undefined;
    const text = `${operation} of the key-value store in ${directory} failed: ${at.message}`;
    const options = { details: { directory, operation }, cause: error };
    if (code === "LEVEL_LOCKED")
      return new RingtideError("DATA_DIR_IN_USE", `${directory} is in use by another node`, options);
    if (code === "LEVEL_CORRUPTION") return new RingtideError("DISK_CORRUPT", text, options);
    if (code === "LEVEL_IO_ERROR") return new RingtideError(isFull(at) ? "DISK_FULL" : "DISK_IO", text, options);
  }
  return asRingtideError(error);
}

/** LevelDB passes on the system's own text only. */
function isFull(error: Error): boolean {
  return /no space left on device|disk quota exceeded/i.test(error.message);
}
