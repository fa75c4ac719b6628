import type { Clock, Timer } from "../ports/index.ts";

/** The longest delay that the runtime's timers take; a longer one fires at once there. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** A timer that re-arms itself: for delays above the runtime's limit, and because the runtime may fire up to 1 ms early. */
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #holdsProcess: boolean;
  #callback: (() => void) | undefined;
  #handle: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void, holdsProcess: boolean) {
    this.#dueMs = performance.now() + Math.max(0, delayMs);
    this.#holdsProcess = holdsProcess;
    this.#callback = callback;
    this.#arm();
  }

  #arm(): void {
    const leftMs = Math.min(Math.ceil(this.#dueMs - performance.now()), LONGEST_DELAY_MS);
    const handle = setTimeout(() => this.#fire(), Math.max(0, leftMs));
    this.#handle = this.#holdsProcess ? handle : handle.unref();
  }

  #fire(): void {
    if (performance.now() < this.#dueMs) {
      this.#arm();
      return;
    }
    const callback = this.#callback;
    this.cancel();
    callback?.();
  }

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
    this.#callback = undefined;
  }
}

function clockOf(holdsProcess: boolean): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer: (delayMs, callback) => new SystemTimer(delayMs, callback, holdsProcess),
    // Two immediates: one that is asked for while sockets are being read runs right after them, before timers and
    // before what has become readable meanwhile; the second one waits for a whole turn.
    nextTurn(callback) {
      setImmediate(() => setImmediate(callback));
    },
  };
}

/** The machine's clocks and timers. A timer alone does not keep the process running. */
export const systemClock: Clock = clockOf(false);

/** The same, but a process does not end while a timer of it is set: for a library whose caller waits for what comes after the timer. */
export const holdingClock: Clock = clockOf(true);
