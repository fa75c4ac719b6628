import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type BatchOperation, Level, type Iterator as LevelIterator } from "level";
import { hasCode, RingtideError } from "../errors.ts";
import { guarded } from "./disk-errors.ts";
import { kvError } from "./kv-errors.ts";
import { checkStoreLogs } from "./kv-log-check.ts";
import type { Batch } from "./kv-writes.ts";

type Bytes = Uint8Array;
type Store = Level<Bytes, Bytes>;
export type StoreOperation = BatchOperation<Store, Bytes, Bytes>;
export type StoreIterator = LevelIterator<Store, Bytes, Bytes>;

/** A range of keys, [gte, lt). */
interface RangeOptions {
  readonly gte: Bytes;
  readonly lt: Bytes;
  readonly reverse: boolean;
  readonly limit: number;
  readonly highWaterMarkBytes: number;
}

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

/** Beside twice the store's log, which opening writes into a table. */
const ROOM_TO_OPEN_BYTES = 1024 * 1024;

/**
 * One LevelDB store, opened again when its disk was full. After a write that found the disk full, LevelDB either refuses all others or,
 * worse, appends them behind the torn record, where a later start does not find them. So nothing is written before the store was opened
 * again, which drops that record and begins a new log; and that is not tried before there is room for it, so that the store can be read
 * meanwhile.
 */
export class KvStore {
  readonly #directory: string;
  #store: Store;
  /** Before the next write the store has to be opened again. */
  #isSpoiled = false;
  /** Opening again failed half-way: there is no store until it succeeds. */
  #isDown = false;
  #failure: RingtideError | undefined;
  #reopening: Promise<void> | undefined;
  #gets = new Set<Promise<unknown>>();
  #iterators = 0;

  private constructor(directory: string, store: Store) {
    this.#directory = directory;
    this.#store = store;
  }

  static async open(directory: string): Promise<KvStore> {
    return new KvStore(directory, await openStore(directory));
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    const waiting = this.#untilOpen();
    if (waiting !== undefined) await waiting;
    const get = this.#guarded("get", () => this.#store.get(key));
    this.#gets.add(get);
    try {
      return await get;
    } finally {
      this.#gets.delete(get);
    }
  }

  /** Shows the entries of the moment of the call. Each iterator has to be ended with `endIterator`. */
  iterator(options: RangeOptions): Promise<StoreIterator> {
    const begin = () => {
      this.#iterators++;
      return this.#store.iterator(options);
    };
    const waiting = this.#untilOpen();
    return waiting === undefined ? Promise.resolve(begin()) : waiting.then(begin);
  }

  async endIterator(iterator: StoreIterator): Promise<void> {
    try {
      await this.#guarded("read", () => iterator.close());
    } finally {
      this.#iterators--;
    }
  }

  /**
   * One call at a time. DISK_FULL: nothing of the batch is in the store, or all of it; it may be repeated. Any other error of the disk ends
   * writing for good.
   */
  async write({ operations, sync }: Batch<StoreOperation>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isSpoiled) await this.#reopen();
    try {
      await this.#guarded("write", () => this.#store.batch([...operations], { sync }));
    } catch (error) {
      if (hasCode(error, "DISK_FULL")) this.#isSpoiled = true;
      else if (hasCode(error, "DISK_IO", "DISK_CORRUPT")) this.#failure = error;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => undefined);
    if (!this.#isDown) await this.#guarded("close", () => this.#store.close());
  }

  /** Undefined when the store can be read now. */
  #untilOpen(): Promise<void> | undefined {
    return this.#reopening ?? (this.#isDown ? this.#reopen() : undefined);
  }

  async #reopen(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await checkRoom(this.#directory);
    if (!this.#isSpoiled) return;
    if (this.#iterators > 0)
      throw new RingtideError(
        "DISK_FULL",
        `the disk of the key-value store in ${this.#directory} was full; it is opened again once nobody reads a range of it`,
      );
    this.#reopening ??= this.#closeAndOpen().finally(() => {
      this.#reopening = undefined;
    });
    await this.#reopening;
  }

  /** Between the two another process could take the store; then this one gets DATA_DIR_IN_USE and writes nothing any more. */
  async #closeAndOpen(): Promise<void> {
    await Promise.allSettled(this.#gets);
    if (!this.#isDown) await this.#guarded("close", () => this.#store.close());
    this.#isDown = true;
    try {
      this.#store = await openStore(this.#directory);
    } catch (error) {
      if (error instanceof RingtideError && !hasCode(error, "DISK_FULL")) this.#failure = error;
      throw error;
    }
    this.#isDown = false;
    this.#isSpoiled = false;
  }

  async #guarded<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw kvError(this.#directory, operation, error);
    }
  }
}

async function openStore(directory: string): Promise<Store> {
  await checkStoreLogs(directory);
  const store: Store = new Level<Bytes, Bytes>(directory, STORE_OPTIONS);
  try {
    await store.open();
  } catch (error) {
    throw kvError(directory, "open", error);
  }
  return store;
}

/** Bytes of a file; 0 when the store, which works on in the background, has removed it meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await guarded("stat", path, () => stat(path))).size;
  } catch (error) {
    if (hasCode(error, "DISK_NOT_FOUND")) return 0;
    throw error;
  }
}

/** DISK_FULL unless the disk has room to open the store again. */
async function checkRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await guarded("statfs", directory, () => statfs(directory));
  const names = await guarded("list", directory, () => readdir(directory));
  const logs = names.filter((name) => name.endsWith(".log")).map((name) => join(directory, name));
  const sizes = await Promise.all(logs.map(sizeOf));
  const neededBytes = ROOM_TO_OPEN_BYTES + 2 * sizes.reduce((sum, size) => sum + size, 0);
  if (bavail * bsize >= neededBytes) return;
  throw new RingtideError(
    "DISK_FULL",
    `the disk of the key-value store in ${directory} was full and has ${bavail * bsize} bytes left; ${neededBytes} are needed to write again`,
    { details: { directory, freeBytes: bavail * bsize, neededBytes } },
  );
}
