import type { SlotStrategy } from "@ringtide/common";
import type { Series } from "./api.ts";
import type { Creations } from "./creations.ts";
import { Memtable } from "./memtable.ts";
import type { StoredDevice } from "./records.ts";
import { RequestTable } from "./request-table.ts";
import { Schema } from "./schema.ts";
import type { StoredState } from "./store.ts";
import { type Tombstone, Tombstones } from "./tombstones.ts";

/** What a CLOSE_FILE takes: everything that changed since the one before, as it was at that moment. */
export interface Captured {
  readonly memtable: Memtable;
  readonly nextIds: { readonly device: number; readonly series: number };
  /** Undefined for a device that is gone. */
  readonly devices: ReadonlyMap<number, StoredDevice | undefined>;
  readonly addedTombstones: readonly Tombstone[];
  readonly requests: Uint8Array;
}

/** The state that a group's log describes, as far as it is in memory; changed by applying entries and by nothing else. */
export class ReplicaState {
  readonly schema: Schema;
  readonly requests: RequestTable;
  readonly tombstones = new Tombstones();
  #memtable = new Memtable();
  /** Paths of devices whose schema changed since the last CLOSE_FILE, by id. */
  #changedDevices = new Map<number, string>();
  #addedTombstones: Tombstone[] = [];

  constructor(strategy: SlotStrategy, stored: StoredState) {
    this.schema = new Schema(strategy);
    for (const { id, path, series } of stored.devices) this.schema.restore(id, path, series);
    this.schema.restoreNextIds({ device: stored.checkpoint.nextDeviceId, series: stored.checkpoint.nextSeriesId });
    for (const tombstone of stored.tombstones) this.tombstones.add(tombstone);
    this.requests = stored.requests === undefined ? new RequestTable() : RequestTable.decode(stored.requests);
  }

  get memtable(): Memtable {
    return this.#memtable;
  }

  /** Creates planned series; returns how many. */
  create(creations: Creations): number {
    const created = creations.commit();
    for (const { device } of created) {
      const id = this.schema.device(device)?.id;
      if (id !== undefined) this.#changedDevices.set(id, device);
    }
    return created.length;
  }

  deleteSeries(series: Series): void {
    const device = this.schema.remove(series);
    if (device === undefined) return;
    this.#changedDevices.set(device.id, device.path);
    this.#memtable.forgetSeries(device.id, series.id);
  }

  deletePoints(tombstone: Tombstone): void {
    this.#memtable.sealRowsOf(tombstone.deviceId);
    this.tombstones.add(tombstone);
    this.#addedTombstones.push(tombstone);
  }

  /** Hands over what changed, and begins a new memtable. */
  capture(): Captured {
    const captured: Captured = {
      memtable: this.#memtable,
      nextIds: this.schema.nextIds,
      devices: new Map(Array.from(this.#changedDevices, ([id, path]) => [id, this.#storedDevice(id, path)])),
      addedTombstones: this.#addedTombstones,
      requests: this.requests.encode(),
    };
    this.#memtable = new Memtable();
    this.#changedDevices = new Map();
    this.#addedTombstones = [];
    return captured;
  }

  #storedDevice(id: number, path: string): StoredDevice | undefined {
    if (this.schema.device(path)?.id !== id) return undefined;
    return { id, path, series: this.schema.ofDevice(path) };
  }
}
