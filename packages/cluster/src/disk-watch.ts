import type { Clock, Disk, Logger, Timer } from "@ringtide/common";
import { asRingtideError } from "@ringtide/common";
import { noteFull } from "./note-full.ts";

/** 0: there is room. 1: less free space than disk_low_water_bytes. 2: less than disk_reserve_bytes, or a write did not fit. */
export type DiskLevel = 0 | 1 | 2;

export interface DiskWatchOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of data and log: they may be on several file systems, the fullest counts. */
  readonly directories: readonly string[];
  readonly lowWaterBytes: number;
  readonly reserveBytes: number;
}

const INTERVAL_MS = 1000;
/** A level ends only with this much more room than where it began, so that it does not flicker. */
const HYSTERESIS = 1.1;
/** A write that did not fit counts for this long, whatever the file system says is free: it may have quotas. */
const FULL_MEMORY_MS = 5000;

const MESSAGES: Record<DiskLevel, string> = {
  0: "enough free space again: everything is taken",
  1: "little free space: inserts are refused",
  2: "hardly any free space: no writes are taken",
};

/** Watches how full the disks of the node are. */
export class DiskWatch {
  /** The node's disk; a write through it that does not fit is noticed at once. */
  readonly disk: Disk;
  readonly #options: DiskWatchOptions;
  readonly #listeners: ((level: DiskLevel) => void)[] = [];
  #timer: Timer | undefined;
  #stopped = false;
  #level: DiskLevel = 0;
  #freeBytes = Number.POSITIVE_INFINITY;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.disk = noteFull(options.disk, () => this.#sawFull());
  }

  get level(): DiskLevel {
    return this.#level;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Calls the listener at each change from now on. */
  onChange(listener: (level: DiskLevel) => void): void {
    this.#listeners.push(listener);
  }

  /** Looks once, then again and again until `stop`. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#stopped) return;
    this.#timer = this.#options.clock.setTimer(INTERVAL_MS, () => {
      this.start().catch((error: unknown) => {
        this.#options.logger.error("free space is not watched any more", { reason: asRingtideError(error).message });
      });
    });
  }

  async #look(): Promise<void> {
    const { disk, directories, logger } = this.#options;
    let freeBytes = Number.POSITIVE_INFINITY;
    for (const directory of directories) {
      try {
        freeBytes = Math.min(freeBytes, (await disk.space(directory)).freeBytes);
      } catch (error) {
        const { code, message } = asRingtideError(error);
        logger.warn("cannot ask for the free space", { code, directory, reason: message });
        return;
      }
    }
    this.#freeBytes = freeBytes;
    this.#update();
  }

  #sawFull(): void {
    this.#fullAtMs = this.#options.clock.monotonicMs();
    this.#update();
  }

  #update(): void {
    const level = this.#levelNow();
    if (level === this.#level) return;
    const { logger, lowWaterBytes, reserveBytes, directories } = this.#options;
    const fields = { directories, freeBytes: this.#freeBytes, lowWaterBytes, reserveBytes };
    if (level > this.#level) logger.warn(MESSAGES[level], { code: "DISK_FULL", ...fields });
    else logger.info(MESSAGES[level], fields);
    this.#level = level;
    for (const listener of this.#listeners) listener(level);
  }

  #levelNow(): DiskLevel {
    if (this.#options.clock.monotonicMs() - this.#fullAtMs < FULL_MEMORY_MS) return 2;
    const { lowWaterBytes, reserveBytes } = this.#options;
    const isBelow = (mark: number, level: DiskLevel): boolean =>
      this.#freeBytes < mark * (this.#level >= level ? HYSTERESIS : 1);
    if (isBelow(reserveBytes, 2)) return 2;
    return isBelow(lowWaterBytes, 1) ? 1 : 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
