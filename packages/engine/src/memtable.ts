import { type BlockView, encodeBlock, eraOf, openBlock } from "@ringtide/tsfile";
import { type BlockSource, blockSource } from "./block-source.ts";
import { RowBuffer, type RowValue } from "./row-buffer.ts";
import type { Device } from "./schema.ts";
import { batchSource, type Source } from "./source.ts";

/** What a memtable has of one device: sealed blocks, oldest first, and rows that are newer than all of them. */
class DeviceData {
  readonly id: number;
  readonly slot: number;
  readonly blocks: BlockSource[] = [];
  rows: RowBuffer | undefined;
  /** Log position of the newest row in `rows`. */
  rowsIndex = 0;

  constructor({ id, slot }: Device) {
    this.id = id;
    this.slot = slot;
  }
}

/** A device's data as a file takes it. */
export interface SealedDevice {
  readonly id: number;
  readonly slot: number;
  /** Oldest first. */
  readonly blocks: readonly BlockSource[];
}

/** What a block takes beside its bytes: header view, source, list entry. */
const BLOCK_OVERHEAD_BYTES = 512;

/** Writes since the last CLOSE_FILE, by device. From the next CLOSE_FILE on nothing is added, until its file is durable. */
export class Memtable {
  readonly #devices = new Map<number, DeviceData>();
  /** Series whose points in here are not to reach a file. */
  readonly #deletedSeries = new Set<number>();
  #blockBytes = 0;
  /** Of rows that are not encoded yet. */
  #rowBytes = 0;

  /** Estimate of the memory it holds. */
  get sizeBytes(): number {
    return this.#blockBytes + this.#rowBytes;
  }

  get deletedSeries(): ReadonlySet<number> {
    return this.#deletedSeries;
  }

  /** Hangs an encoded block in; column i is of series `seriesIds[i]`. */
  addBlock(device: Device, index: number, seriesIds: readonly number[], view: BlockView, bytes: Uint8Array): void {
    const data = this.#data(device);
    this.#sealRows(data);
    this.#push(data, blockSource(index, seriesIds, view, bytes));
  }

  addRow(device: Device, index: number, time: bigint, values: readonly RowValue[]): void {
    const data = this.#data(device);
    if (data.rows !== undefined && !data.rows.accepts(time, values)) this.#sealRows(data);
    data.rows ??= new RowBuffer(eraOf(time));
    const before = data.rows.sizeBytes;
    data.rows.add(time, values);
    data.rowsIndex = index;
    this.#rowBytes += data.rows.sizeBytes - before;
    if (data.rows.isFull) this.#sealRows(data);
  }

  /** Keeps the device's rows so far apart from later ones, because a deletion comes between them in the log. */
  sealRowsOf(deviceId: number): void {
    const data = this.#devices.get(deviceId);
    if (data !== undefined) this.#sealRows(data);
  }

  forgetSeries(deviceId: number, seriesId: number): void {
    if (this.#devices.has(deviceId)) this.#deletedSeries.add(seriesId);
  }

  /**
   * All devices, by slot and id, once nothing is written any more. Their open rows are encoded as each device's turn comes, so
   * that a file is closed without a long stop.
   */
  *sealedDevices(): Generator<SealedDevice> {
    const devices = Array.from(this.#devices.values());
    for (const data of devices.sort((a, b) => a.slot - b.slot || a.id - b.id)) {
      this.#sealRows(data);
      yield data;
    }
  }

  /** What it has of a device now, oldest first; later writes do not change the list. */
  sourcesOf(deviceId: number): Source[] {
    const data = this.#devices.get(deviceId);
    if (data === undefined) return [];
    const sources: Source[] = data.blocks.slice();
    if (data.rows !== undefined) sources.push(batchSource(data.rowsIndex, data.rows.seriesIds, data.rows.toBatch()));
    return sources;
  }

  #data(device: Device): DeviceData {
    let data = this.#devices.get(device.id);
    if (data === undefined) {
      data = new DeviceData(device);
      this.#devices.set(device.id, data);
    }
    return data;
  }

  #sealRows(data: DeviceData): void {
    const { rows } = data;
    if (rows === undefined) return;
    data.rows = undefined;
    this.#rowBytes -= rows.sizeBytes;
    const bytes = encodeBlock(rows.toBatch());
    this.#push(data, blockSource(data.rowsIndex, rows.seriesIds, openBlock(bytes), bytes));
  }

  #push(data: DeviceData, block: BlockSource): void {
    data.blocks.push(block);
    this.#blockBytes += block.bytes.length + BLOCK_OVERHEAD_BYTES;
  }
}
