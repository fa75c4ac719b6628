import { type Clock, concatBytes, hasCode, type Kv, type KvChange, RingtideError, yieldTurn } from "@ringtide/common";
import { Keys, KeyTag } from "./keys.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeDevice,
  decodeFile,
  decodeGroupState,
  decodeTombstone,
  encodeCheckpoint,
  encodeDevice,
  encodeFile,
  encodeGroupState,
  encodeTombstone,
  type FileRecord,
  type StoredDevice,
} from "./records.ts";
import type { Tombstone } from "./tombstones.ts";

/** What the key-value store has of a group: its state at the checkpoint. */
export interface StoredState {
  readonly checkpoint: Checkpoint;
  /** What the host gave with the CLOSE_FILE of the checkpoint; empty when it is of a version that kept none. */
  readonly groupState: Uint8Array;
  readonly devices: readonly StoredDevice[];
  /** By ascending index. */
  readonly files: readonly FileRecord[];
  /** By ascending index. */
  readonly tombstones: readonly Tombstone[];
  /** Undefined before the first checkpoint. */
  readonly requests: Uint8Array | undefined;
}

/** Key, without the group's prefix, and value. */
export type StoreEntry = readonly [key: Uint8Array, value: Uint8Array];

/** What changes from one checkpoint to the next. */
export interface CheckpointChanges {
  readonly checkpoint: Checkpoint;
  readonly groupState: Uint8Array;
  /** Devices whose schema changed; undefined for one that is gone. */
  readonly devices: ReadonlyMap<number, StoredDevice | undefined>;
  readonly file: FileRecord | undefined;
  readonly addedTombstones: readonly Tombstone[];
  readonly removedTombstones: readonly Tombstone[];
  readonly requests: Uint8Array;
}

/** A value of the store is at most 1 MiB: longer ones are kept in parts under consecutive keys. */
const PART_BYTES = 512 * 1024;
const DEVICES_A_TURN = 256;
const ENTRIES_A_TURN = 4096;

/** The group's part of the key-value store. */
export class Store {
  readonly #kv: Kv;
  readonly #keys: Keys;
  readonly #clock: Clock;
  /** Parts of each device's record where there are more than one. */
  readonly #deviceParts = new Map<number, number>();
  #requestParts = 0;

  constructor(kv: Kv, prefix: Uint8Array, clock: Clock) {
    this.#kv = kv;
    this.#keys = new Keys(prefix);
    this.#clock = clock;
  }

  /** Everything stored; DISK_CORRUPT when a record is not one. */
  async load(): Promise<StoredState> {
    try {
      const checkpoint = await this.#kv.get(this.#keys.key(KeyTag.checkpoint));
      return {
        checkpoint:
          checkpoint === undefined ? { index: 0, nextDeviceId: 1, nextSeriesId: 1 } : decodeCheckpoint(checkpoint),
        groupState: await this.#loadGroupState(),
        devices: await this.#loadDevices(),
        files: await this.#loadAll(KeyTag.file, (key, value) => decodeFile(this.#keys.number(key, 0), value)),
        tombstones: await this.#loadAll(KeyTag.tombstone, (key, value) =>
          decodeTombstone(this.#keys.number(key, 0), this.#keys.number(key, 1), value),
        ),
        requests: await this.#loadRequests(),
      };
    } catch (error) {
      if (!hasCode(error, "FRAME_MALFORMED")) throw error;
      throw new RingtideError("DISK_CORRUPT", `key-value store: ${error.message}`, { cause: error });
    }
  }

  async #loadGroupState(): Promise<Uint8Array> {
    const stored = await this.#kv.get(this.#keys.key(KeyTag.groupState));
    return stored === undefined ? new Uint8Array(0) : decodeGroupState(stored);
  }

  async #loadAll<T>(tag: KeyTag, decode: (key: Uint8Array, value: Uint8Array) => T): Promise<T[]> {
    const all: T[] = [];
    for await (const [key, value] of this.#kv.entries(this.#keys.range(tag))) all.push(decode(key, value));
    return all;
  }

  async #loadDevices(): Promise<StoredDevice[]> {
    const parts = new Map<number, Uint8Array[]>();
    for await (const [key, value] of this.#kv.entries(this.#keys.range(KeyTag.device))) {
      const id = this.#keys.number(key, 0);
      const known = parts.get(id);
      if (known === undefined) parts.set(id, [value]);
      else this.#deviceParts.set(id, known.push(value));
    }
    return Array.from(parts, ([id, values]) => decodeDevice(id, concatBytes(values)));
  }

  async #loadRequests(): Promise<Uint8Array | undefined> {
    const parts = await this.#loadAll(KeyTag.requests, (_key, value) => value);
    this.#requestParts = parts.length;
    return parts.length === 0 ? undefined : concatBytes(parts);
  }

  /** Makes a checkpoint durable: all of it or nothing. */
  async write(changes: CheckpointChanges): Promise<void> {
    const keys = this.#keys;
    const batch: KvChange[] = [
      { op: "put", key: keys.key(KeyTag.checkpoint), value: encodeCheckpoint(changes.checkpoint) },
      { op: "put", key: keys.key(KeyTag.groupState), value: encodeGroupState(changes.groupState) },
    ];
    const deviceParts = new Map<number, number>();
    let done = 0;
    for (const [id, device] of changes.devices) {
      const bytes = device === undefined ? undefined : encodeDevice(device);
      const parts = this.#putParts(batch, KeyTag.device, [id], bytes, this.#deviceParts.get(id) ?? 1);
      deviceParts.set(id, parts);
      if (++done % DEVICES_A_TURN === 0) await yieldTurn(this.#clock);
    }
    const requestParts = this.#putParts(batch, KeyTag.requests, [], changes.requests, this.#requestParts);
    const { file } = changes;
    if (file !== undefined) batch.push({ op: "put", key: keys.key(KeyTag.file, file.index), value: encodeFile(file) });
    for (const one of changes.addedTombstones)
      batch.push({ op: "put", key: keys.key(KeyTag.tombstone, one.index, one.deviceId), value: encodeTombstone(one) });
    for (const one of changes.removedTombstones)
      batch.push({ op: "delete", key: keys.key(KeyTag.tombstone, one.index, one.deviceId) });
    await this.#kv.write(batch, { sync: true });
    // Only now: a write that failed is tried again over the parts that were there before it.
    this.#requestParts = requestParts;
    for (const [id, parts] of deviceParts) {
      if (parts > 1) this.#deviceParts.set(id, parts);
      else this.#deviceParts.delete(id);
    }
  }

  /** All that the store has of the group as of this call, with keys that are the same on every node. */
  entries(): AsyncIterable<StoreEntry> {
    return this.#relative(this.#kv.entries(this.#keys.all()));
  }

  async *#relative(entries: AsyncIterable<StoreEntry>): AsyncGenerator<StoreEntry> {
    for await (const [key, value] of entries) yield [this.#keys.withoutPrefix(key), value] as const;
  }

  /** Makes `entries` all that the store has of the group, durably: a crash leaves what was there, or them. */
  async replaceAll(entries: readonly StoreEntry[]): Promise<void> {
    const batch: KvChange[] = [];
    for await (const [key] of this.#kv.entries(this.#keys.all())) batch.push({ op: "delete", key });
    for (const [i, [tail, value]] of entries.entries()) {
      batch.push({ op: "put", key: this.#keys.withPrefix(tail), value });
      if (i % ENTRIES_A_TURN === ENTRIES_A_TURN - 1) await yieldTurn(this.#clock);
    }
    await this.#kv.write(batch, { sync: true });
  }

  /** Puts `bytes` in parts (deletes them when undefined) over the `before` parts that there may be; returns how many there are now. */
  #putParts(
    batch: KvChange[],
    tag: KeyTag,
    numbers: readonly number[],
    bytes: Uint8Array | undefined,
    before: number,
  ): number {
    const parts = bytes === undefined ? 0 : Math.ceil(bytes.length / PART_BYTES);
    for (let part = 0; part < Math.max(parts, before); part++) {
      const key = this.#keys.key(tag, ...numbers, part);
      const value = bytes?.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
      if (part < parts && value !== undefined) batch.push({ op: "put", key, value });
      else batch.push({ op: "delete", key });
    }
    return parts;
  }
}
