import { assert, type Kv, type KvChange, type KvRange, type OpenKv, RingtideError } from "@ringtide/common";
import type { DiskOperation } from "../disk/disk-device.ts";
import type { DiskStore } from "../disk/disk-store.ts";
import type { Owner } from "../owner.ts";
import type { Scheduler } from "../scheduler.ts";
import { type KvEntry, KvStore, keyBytes, keyText } from "./kv-store.ts";

/** As the real one. */
const MAX_VALUE_BYTES = 1024 * 1024;
/** Entries that one read from the disk brings. */
const READ_AHEAD_ENTRIES = 128;

/** Opens key-value stores on a simulated disk for one process. */
export function openSimKv(scheduler: Scheduler, owner: Owner, disk: DiskStore): OpenKv {
  return (directory) =>
    disk.device.perform(owner, {
      name: "open",
      path: directory,
      effect: () => {
        const store = disk.kvIn(directory);
        if (store.holder?.isAlive)
          throw new RingtideError("DATA_DIR_IN_USE", `${directory} is in use by another node`, {
            details: { directory },
          });
        store.holder = owner;
        return new SimKv(scheduler, owner, disk, store, directory);
      },
      torn: () => undefined,
    });
}

class SimKv implements Kv {
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  readonly #disk: DiskStore;
  readonly #store: KvStore;
  readonly #directory: string;
  #isOpen = true;
  /** When the last write completes: they keep their order. */
  #writtenMs = 0;
  /** The process died: one write did not happen, so none after it did. */
  #torn = false;

  constructor(scheduler: Scheduler, owner: Owner, disk: DiskStore, store: KvStore, directory: string) {
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#disk = disk;
    this.#store = store;
    this.#directory = directory;
  }

  #perform<T>(operation: Omit<DiskOperation<T>, "path">): Promise<T> {
    if (!this.#isOpen)
      return Promise.reject(new RingtideError("INTERNAL", `${operation.name} of ${this.#directory} after close`));
    return this.#disk.device.perform(this.#owner, { ...operation, path: this.#directory });
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#perform({
      name: "kv get",
      effect: () => {
        const value = this.#store.get(key);
        return value === undefined ? undefined : this.#checked(keyText(key), value);
      },
    });
  }

  /** A copy for the caller; DISK_CORRUPT when the medium damaged it. */
  #checked(key: string, value: Uint8Array): Uint8Array {
    if (!this.#store.isDamaged(key)) return value.slice();
    const name = Buffer.from(key.slice(0, 64), "latin1").toString("hex");
    throw new RingtideError(
      "DISK_CORRUPT",
      `the value of key 0x${name} in the store ${this.#directory} fails its checksum`,
      {
        details: { directory: this.#directory, key: name },
      },
    );
  }

  async write(changes: readonly KvChange[], options: { readonly sync: boolean }): Promise<void> {
    for (const change of changes)
      assert(
        change.op === "delete" || change.value.length <= MAX_VALUE_BYTES,
        "a value is within the store's limit of 1 MiB",
      );
    const apply = () => {
      const before = this.#store.sizeBytes;
      if (KvStore.growth(changes) > this.#disk.freeBytes)
        this.#disk.reserve("write", this.#directory, KvStore.growth(changes));
      this.#store.apply(changes, options.sync, this.#scheduler.nowMs);
      this.#disk.reserve("write", this.#directory, this.#store.sizeBytes - before);
      for (const { key } of changes) this.#scheduler.trace.bytes(key);
    };
    await this.#perform({
      name: options.sync ? "kv sync" : "kv write",
      effect: apply,
      torn: (random) => {
        this.#torn ||= random.chance(0.5);
        if (!this.#torn) apply();
      },
      failed: () => undefined,
      completesMs: (atMs: number) => {
        this.#writtenMs = Math.max(atMs, this.#writtenMs);
        return this.#writtenMs;
      },
    });
  }

  entries(range: KvRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]> {
    return this.#read(this.#store.entries(range));
  }

  async *#read(found: readonly KvEntry[]): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    for (let start = 0; start < found.length || start === 0; start += READ_AHEAD_ENTRIES) {
      await this.#perform({ name: "kv get", effect: () => undefined });
      for (const [key, value] of found.slice(start, start + READ_AHEAD_ENTRIES))
        yield [keyBytes(key), this.#checked(key, value)] as const;
    }
  }

  async close(): Promise<void> {
    await this.#perform({
      name: "close",
      effect: () => undefined,
      completesMs: (atMs: number) => Math.max(atMs, this.#writtenMs),
    });
    this.#isOpen = false;
    this.#store.holder = undefined;
  }
}
