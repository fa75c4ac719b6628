interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Who waits until this replica has applied an index. */
export class AppliedWaiters {
  readonly #waiters = new Set<Waiter>();

  /** Rejects with the signal's reason when that aborts first. */
  wait(index: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const waiter = {
        index,
        resolve: () => {
          leave();
          resolve();
        },
        reject: (reason: unknown) => {
          leave();
          reject(reason);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  appliedTo(index: number): void {
    for (const waiter of this.#waiters) if (waiter.index <= index) waiter.resolve();
  }

  failAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
