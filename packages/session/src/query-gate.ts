import { RingtideError } from "@ringtide/common";

/** How many times the running ones may wait. */
const WAITING_FACTOR = 4;

/** Bounds how many queries run at once on a node; a bounded number waits. */
export class QueryGate {
  readonly #limit: number;
  readonly #waiting: { readonly enter: () => void; readonly signal: AbortSignal }[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves with the function that leaves again. OVERLOADED when too many wait; the signal's reason when it aborts first. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#running >= this.#limit) {
      if (this.#waiting.length >= this.#limit * WAITING_FACTOR) {
        throw new RingtideError(
          "OVERLOADED",
          `${this.#running} queries run and ${this.#waiting.length} wait on this node`,
        );
      }
      await this.#wait(signal);
    }
    this.#running++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      this.#waiting.shift()?.enter();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        signal,
        enter: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
