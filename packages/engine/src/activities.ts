import { RingtideError } from "@ringtide/common";

/** Long work beside applying and reading. The end of the engine tells it to give up, and waits until it has. */
export class Activities {
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /** Aborts with SHUTTING_DOWN when the engine ends. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new RingtideError("SHUTTING_DOWN", "the storage is being closed"));
    await Promise.allSettled(this.#running);
  }
}
