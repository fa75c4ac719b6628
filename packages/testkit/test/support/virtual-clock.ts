import type { Clock, Timer } from "@ringtide/common";

interface Pending {
  readonly atMs: number;
  readonly number: number;
  readonly callback: () => void;
}

/** Time that jumps to the next timer once nothing else is left to do. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: Pending[] = [];
  #numbers = 0;

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending = { atMs: this.#nowMs + delayMs, number: this.#numbers++, callback };
    this.#timers.push(pending);
    this.#timers.sort((a, b) => a.atMs - b.atMs || a.number - b.number);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== pending);
      },
    };
  }

  nextTurn(callback: () => void): void {
    this.setTimer(0, callback);
  }

  /** Lets time pass until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    for (;;) {
      // All that promises do happens before time passes.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return settled;
      const next = this.#timers.shift();
      if (next === undefined) throw new Error("nothing is left to happen");
      this.#nowMs = next.atMs;
      next.callback();
    }
  }
}
