import type { Clock, Disk, Logger, Timer } from "@ringtide/common";
import { asRingtideError } from "@ringtide/common";

const INTERVAL_MS = 1000;
/** Refusing ends only with this much more room than where it began, so that it does not flicker. */
const HYSTERESIS = 1.1;

/** Watches the free space of the data directory: below the low-water mark the node takes no more rows, and goes on by itself above it. */
export class DiskWatch {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #directory: string;
  readonly #lowWaterBytes: number;
  #timer: Timer | undefined;
  #stopped = false;
  #isLow = false;
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(disk: Disk, clock: Clock, logger: Logger, directory: string, lowWaterBytes: number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#logger = logger;
    this.#directory = directory;
    this.#lowWaterBytes = lowWaterBytes;
  }

  get isLow(): boolean {
    return this.#isLow;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Looks once, then again and again until `stop`. */
  async start(): Promise<void> {
    await this.#look();
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(INTERVAL_MS, () => {
      this.start().catch((error: unknown) => {
        this.#logger.error("free space is not watched any more", { reason: asRingtideError(error).message });
      });
    });
  }

  async #look(): Promise<void> {
    try {
      this.#freeBytes = (await this.#disk.space(this.#directory)).freeBytes;
    } catch (error) {
      const { code, message } = asRingtideError(error);
      this.#logger.warn("cannot ask for the free space", { code, reason: message });
      return;
    }
    const isLow = this.#freeBytes < this.#lowWaterBytes * (this.#isLow ? HYSTERESIS : 1);
    if (isLow === this.#isLow) return;
    this.#isLow = isLow;
    const fields = {
      code: "DISK_FULL",
      directory: this.#directory,
      freeBytes: this.#freeBytes,
      lowWaterBytes: this.#lowWaterBytes,
    };
    if (isLow) this.#logger.warn("little free space: inserts are refused", fields);
    else this.#logger.info("enough free space again: inserts are taken", fields);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
