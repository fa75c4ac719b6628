import { type Clock, hasCode, type Logger, RingtideError, type Timer } from "@ringtide/common";

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 1000;

/** Repeats writes that meet a full disk until there is room. Only a write may be repeated, never a sync. */
export class RoomWait {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Set<{ readonly timer: Timer; readonly wake: () => void }>();
  #full = 0;
  /** Writes wait only while it is "waits": before, a full disk is an error, and afterwards the end of a log that closes. */
  #state: "fails" | "waits" | "ended" = "fails";

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Some write waits for room. */
  get isFull(): boolean {
    return this.#full > 0;
  }

  /** From now on writes wait. */
  begin(): void {
    this.#state = "waits";
  }

  /** What waits, and what meets a full disk from now on, fails. */
  end(): void {
    this.#state = "ended";
    for (const { timer, wake } of this.#waiting) {
      timer.cancel();
      wake();
    }
    this.#waiting.clear();
  }

  /** The write must leave nothing that a repetition does not overwrite. */
  async repeat(write: () => Promise<void>): Promise<void> {
    let error = await failureOf(write);
    if (error === undefined) return;
    this.#full++;
    try {
      for (let waitMs = FIRST_RETRY_MS; error !== undefined; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
        this.#checkWaits(error);
        if (this.#full === 1 && waitMs === FIRST_RETRY_MS)
          this.#logger.warn("the disk is full, the log waits for room", { code: "DISK_FULL", reason: error.message });
        await this.#sleep(waitMs);
        this.#checkWaits(error);
        error = await failureOf(write);
      }
    } finally {
      this.#full--;
    }
  }

  #checkWaits(cause: RingtideError): void {
    if (this.#state === "fails") throw cause;
    if (this.#state === "ended")
      throw new RingtideError("SHUTTING_DOWN", `the log was closed while the disk was full: ${cause.message}`, {
        cause,
      });
  }

  #sleep(waitMs: number): Promise<void> {
    return new Promise((wake) => {
      const waiting = {
        wake,
        timer: this.#clock.setTimer(waitMs, () => {
          this.#waiting.delete(waiting);
          wake();
        }),
      };
      this.#waiting.add(waiting);
    });
  }
}

/** DISK_FULL, or undefined when the write succeeded; throws any other error. */
async function failureOf(write: () => Promise<void>): Promise<RingtideError | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (hasCode(error, "DISK_FULL")) return error;
    throw error;
  }
}
