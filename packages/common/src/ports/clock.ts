/** A pending callback; `cancel` is idempotent and harmless after the callback ran. */
export interface Timer {
  cancel(): void;
}

/** Time as the code may know it. The only source of time outside the adapters. */
export interface Clock {
  /** Milliseconds (fractional) that never go backwards; for time-outs, leases and measurements. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00Z as the machine believes; only for `now()` in SQL and for log lines. */
  wallMs(): number;
  /** Runs `callback` once, at least `delayMs` from now. A pending timer does not keep the process alive by itself. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Runs `callback` after the sockets that are readable now have been read (one turn of the main loop). */
  nextTurn(callback: () => void): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Gives the main loop a turn: sockets are read and timers fire before the promise resolves. */
export function yieldTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.nextTurn(resolve));
}
