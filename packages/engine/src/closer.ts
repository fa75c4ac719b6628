import {
  asRingtideError,
  type Clock,
  type Disk,
  type Histogram,
  hasCode,
  type Logger,
  type Metrics,
  RingtideError,
  sleep,
} from "@ringtide/common";
import { FileWriter } from "@ringtide/tsfile";
import type { DataFile } from "./data-file.ts";
import { fileName } from "./directory.ts";
import type { Exclusive } from "./exclusive.ts";
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
  /** What the host keeps with the checkpoint. */
  readonly groupState: Uint8Array;
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
  /** Held while checkpoint and manifest change. */
  readonly exclusive: Exclusive;
  readonly openFile: (record: FileRecord) => Promise<DataFile>;
  /** Files of the manifest, oldest first. */
  readonly files: () => readonly DataFile[];
  /** Called when a checkpoint is durable, and what it covers may leave memory, in the same turn. */
  readonly onDone: (closing: Closing, file: DataFile | undefined) => void;
  readonly onFailure: (error: RingtideError) => void;
}

const ENCODER_VERSION = 1;
/** While the disk is full, a close is tried again after this long, each time a little later. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 5000;

/**
 * Writes closed memtables to files, one after the other, and moves the checkpoint. While the disk is full it waits for room; after any other
 * failure it does nothing more.
 */
export class Closer {
  readonly #options: CloserOptions;
  readonly #seconds: Histogram;
  readonly #stop = new AbortController();
  #queue: Closing[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isDiskFull = false;
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

  /** True while a close waits for room on the disk. */
  get isDiskFull(): boolean {
    return this.#isDiskFull;
  }

  add(closing: Closing): void {
    this.#queue = [...this.#queue, closing];
    if (this.#isRunning || this.#failure !== undefined) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Resolves when the queue is empty; rejects when a close failed, or will not be made because of `stop`. */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#queue.length > 0) this.#stop.signal.throwIfAborted();
  }

  /** Finishes the close under way, unless that waits for room, and begins no other. */
  async stop(): Promise<void> {
    this.#stop.abort(new RingtideError("SHUTTING_DOWN", "the storage was closed before its memtable"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (let next = this.#queue[0]; next !== undefined && !signal.aborted; next = this.#queue[0])
        await this.#close(next);
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      this.#failure = asRingtideError(error);
      const { code, message } = this.#failure;
      this.#options.logger.error("closing a file failed", { code, reason: message });
      this.#options.onFailure(this.#failure);
    } finally {
      this.#isRunning = false;
    }
  }

  async #close(closing: Closing): Promise<void> {
    const { clock, logger, exclusive, openFile } = this.#options;
    const { index, captured } = closing;
    const startMs = clock.monotonicMs();
    const record = await this.#whenThereIsRoom(() => this.#writeFile(index, captured.memtable));
    const file = record === undefined ? undefined : await openFile(record);
    try {
      // The file stays meanwhile: a write that failed may be found done after a crash, and then names it.
      await this.#whenThereIsRoom(() => exclusive.run(() => this.#checkpoint(closing, record, file)));
    } catch (error) {
      await file?.close();
      throw error;
    }
    const tookMs = clock.monotonicMs() - startMs;
    this.#seconds.observe(tookMs / 1000);
    const { points, sizeBytes } = record ?? { points: 0, sizeBytes: 0 };
    logger.debug("closed a file", { index, points, sizeBytes, tookMs: Math.round(tookMs) });
  }

  /** Repeats an attempt for as long as the disk is full; throws the reason of `stop` when that comes while it waits. */
  async #whenThereIsRoom<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock, logger } = this.#options;
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        const result = await attempt();
        this.#isDiskFull = false;
        return result;
      } catch (error) {
        if (!hasCode(error, "DISK_FULL")) throw error;
        if (!this.#isDiskFull)
          logger.error("no room to close a file: it is tried again until there is", { reason: error.message });
        this.#isDiskFull = true;
      }
      await sleep(clock, waitMs, this.#stop.signal);
    }
  }

  async #checkpoint(closing: Closing, record: FileRecord | undefined, file: DataFile | undefined): Promise<void> {
    const { store, tombstones } = this.#options;
    const { index, captured, groupState } = closing;
    const done = this.#needless(index);
    await store.write({
      checkpoint: { index, nextDeviceId: captured.nextIds.device, nextSeriesId: captured.nextIds.series },
      groupState,
      devices: captured.devices,
      file: record,
      addedTombstones: captured.addedTombstones.filter((one) => !done.has(one)),
      removedTombstones: Array.from(done),
      requests: captured.requests,
    });
    tombstones.remove(Array.from(done));
    this.#queue = this.#queue.slice(1);
    this.#options.onDone(closing, file);
  }

  /** Undefined when nothing is left to write. */
  async #writeFile(index: number, memtable: Memtable): Promise<FileRecord | undefined> {
    const { group, directory, disk, clock, logger, blockRows, tombstones } = this.#options;
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
      // What it cannot remove now, the next attempt does, or the next start.
      await writer?.abort().catch((problem: unknown) => {
        logger.warn("could not remove a file that was begun", { index, reason: String(problem) });
      });
      throw error;
    }
  }

  /** Tombstones before `index` that no file needs: none that is older may have the device. Memtables have applied them by then. */
  #needless(index: number): Set<Tombstone> {
    const files = this.#options.files();
    const isNeeded = ({ index: position, deviceId }: Tombstone) =>
      files.some((file) => file.record.index < position && file.mayHave(deviceId));
    return new Set(this.#options.tombstones.all().filter((one) => one.index < index && !isNeeded(one)));
  }
}
