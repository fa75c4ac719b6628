import {
  asRingtideError,
  type Clock,
  type Disk,
  type Histogram,
  type Logger,
  type Metrics,
  type RingtideError,
} from "@ringtide/common";
import { FileWriter } from "@ringtide/tsfile";
import { type DataFile, fileName } from "./data-file.ts";
import { flushDevice } from "./flush-device.ts";
import type { Memtable } from "./memtable.ts";
import { Pacer } from "./pacer.ts";
import type { FileRecord } from "./records.ts";
import type { Captured } from "./state.ts";
import type { Store } from "./store.ts";
import type { Tombstone, Tombstones } from "./tombstones.ts";

/** A CLOSE_FILE that waits for its file and checkpoint. */
export interface Closing {
  readonly index: number;
  readonly captured: Captured;
  /** Log index of the oldest entry in it; 0 when there is none. */
  readonly oldestIndex: number;
}

export interface CloserOptions {
  readonly group: number;
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly tombstones: Tombstones;
  readonly blockRows: number;
  readonly openFile: (record: FileRecord) => Promise<DataFile>;
  /** Files of the manifest, oldest first. */
  readonly files: () => readonly DataFile[];
  /** Called when a checkpoint is durable, and what it covers may leave memory, in the same turn. */
  readonly onDone: (closing: Closing, file: DataFile | undefined) => void;
  readonly onFailure: (error: RingtideError) => void;
}

const ENCODER_VERSION = 1;

/** Writes closed memtables to files, one after the other, and moves the checkpoint. After a failure it does nothing more. */
export class Closer {
  readonly #options: CloserOptions;
  readonly #seconds: Histogram;
  #queue: Closing[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isStopped = false;
  #failure: RingtideError | undefined;

  constructor(options: CloserOptions) {
    this.#options = options;
    this.#seconds = options.metrics.histogram({
      name: "ringtide_engine_close_seconds",
      help: "Time from CLOSE_FILE to its durable checkpoint, waiting for earlier ones left out",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    });
  }

  /** Closed memtables that are not in files yet, oldest first. */
  get queue(): readonly Closing[] {
    return this.#queue;
  }

  add(closing: Closing): void {
    this.#queue = [...this.#queue, closing];
    if (this.#isRunning || this.#failure !== undefined) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Resolves when the queue is empty, rejects with the failure when a close failed. */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Finishes the close under way, and begins no other. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      for (let next = this.#queue[0]; next !== undefined && !this.#isStopped; next = this.#queue[0])
        await this.#close(next);
    } catch (error) {
      this.#failure = asRingtideError(error);
      const { code, message } = this.#failure;
      this.#options.logger.error("closing a file failed", { code, reason: message });
      this.#options.onFailure(this.#failure);
    } finally {
      this.#isRunning = false;
    }
  }

  async #close(closing: Closing): Promise<void> {
    const { store, tombstones, logger, clock, openFile } = this.#options;
    const { index, captured } = closing;
    const startMs = clock.monotonicMs();
    const record = await this.#writeFile(index, captured.memtable);
    const file = record === undefined ? undefined : await openFile(record);
    const done = this.#needless(index);
    try {
      await store.write({
        checkpoint: { index, nextDeviceId: captured.nextIds.device, nextSeriesId: captured.nextIds.series },
        devices: captured.devices,
        file: record,
        addedTombstones: captured.addedTombstones.filter((one) => !done.has(one)),
        removedTombstones: Array.from(done),
        requests: captured.requests,
      });
    } catch (error) {
      await file?.close();
      throw error;
    }
    tombstones.remove(Array.from(done));
    this.#queue = this.#queue.slice(1);
    this.#options.onDone(closing, file);
    const tookMs = clock.monotonicMs() - startMs;
    this.#seconds.observe(tookMs / 1000);
    const { points, sizeBytes } = record ?? { points: 0, sizeBytes: 0 };
    logger.debug("closed a file", { index, points, sizeBytes, tookMs: Math.round(tookMs) });
  }

  /** Undefined when nothing is left to write. */
  async #writeFile(index: number, memtable: Memtable): Promise<FileRecord | undefined> {
    const { group, directory, disk, clock, blockRows, tombstones } = this.#options;
    const pacer = new Pacer(clock);
    let writer: FileWriter | undefined;
    try {
      for (const { id, slot, blocks } of memtable.sealedDevices()) {
        const earlier = tombstones.of(id).filter((one) => one.index < index);
        const input = { blocks, deletedSeries: memtable.deletedSeries, tombstones: earlier, blockRows };
        for (const { seriesIds, types, blocks: written } of await flushDevice(input, pacer)) {
          const meta = { group, index, encoderVersion: ENCODER_VERSION };
          writer ??= await FileWriter.create(disk, directory, fileName(group, index), meta);
          await writer.addDevice(slot, id, seriesIds, types, written);
        }
        await pacer.pace();
      }
      if (writer === undefined) return undefined;
      const { sizeBytes, digest, points } = await writer.finish();
      return { index, sizeBytes, digest, points };
    } catch (error) {
      await writer?.abort();
      throw error;
    }
  }

  /** Tombstones before `index` that no file needs: none that is older has the device. Memtables have applied them by then. */
  #needless(index: number): Set<Tombstone> {
    const files = this.#options.files();
    const isNeeded = ({ index: position, deviceId }: Tombstone) =>
      files.some((file) => file.record.index < position && file.has(deviceId));
    return new Set(this.#options.tombstones.all().filter((one) => one.index < index && !isNeeded(one)));
  }
}
