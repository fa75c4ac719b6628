import { connect, type Session, tabletFromArrays } from "@ringtide/client";

/** One writer: tablets of a device of its own, one after the other; every acknowledged row is remembered. */
export class Writer {
  readonly device: string;
  /** Acknowledged value by time. */
  readonly acknowledged = new Map<number, number>();
  /** Longest time between two acknowledgements, ms. */
  longestPauseMs = 0;
  /** When the last tablet that was acknowledged had been sent, ms of performance.now(). */
  acknowledgedSentMs = Number.NEGATIVE_INFINITY;
  readonly #addresses: readonly string[];
  readonly #rows: number;
  #next = 1;
  #running = true;
  #done: Promise<void> | undefined;
  #session: Session | undefined;
  #lastMs = 0;

  constructor(device: string, addresses: readonly string[], rows = 20) {
    this.device = device;
    this.#addresses = addresses;
    this.#rows = rows;
  }

  async start(): Promise<void> {
    this.#session = await connect({ addresses: this.#addresses });
    this.#lastMs = performance.now();
    this.#done = this.#run(this.#session);
  }

  async #run(session: Session): Promise<void> {
    while (this.#running) {
      const times = Array.from({ length: this.#rows }, () => this.#next++);
      const values = times.map((time) => time * 3 + this.device.length);
      const sentMs = performance.now();
      await session.insert(
        tabletFromArrays({ device: this.device, times, columns: [{ name: "v", type: "DOUBLE", values }] }),
      );
      times.forEach((time, i) => {
        this.acknowledged.set(time, values[i] as number);
      });
      const now = performance.now();
      this.longestPauseMs = Math.max(this.longestPauseMs, now - this.#lastMs);
      this.#lastMs = now;
      this.acknowledgedSentMs = sentMs;
    }
  }

  /** The longest pause since the last call. */
  takePause(): number {
    const pause = Math.max(this.longestPauseMs, performance.now() - this.#lastMs);
    this.longestPauseMs = 0;
    return pause;
  }

  /** Stops after the tablet under way; fails when a write failed for good. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
    await this.#session?.close();
  }
}
