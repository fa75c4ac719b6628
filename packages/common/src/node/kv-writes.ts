/** Changes that go into the store as one batch. */
export interface Batch<Operation> {
  readonly operations: readonly Operation[];
  readonly sync: boolean;
}

interface Waiting<Operation> extends Batch<Operation> {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Waiting batches are joined up to this many operations. */
const MAX_JOINED_OPERATIONS = 4096;

/**
 * Hands batches to the store one at a time, in the order of the calls: the store's threads would take batches that are
 * under way together in any order. What waits meanwhile goes together in the next batch, with one sync for all of it.
 */
export class WriteQueue<Operation> {
  readonly #store: (batch: Batch<Operation>) => Promise<void>;
  // Bounded by its callers, each of whom waits for its own batch.
  readonly #waiting: Waiting<Operation>[] = [];
  #running: Promise<void> | undefined;

  constructor(store: (batch: Batch<Operation>) => Promise<void>) {
    this.#store = store;
  }

  write(batch: Batch<Operation>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...batch, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything written before has been handed over and answered. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const joined = this.#takeJoined();
      const operations = joined.flatMap((each) => each.operations);
      try {
        await this.#store({ operations, sync: joined.some((each) => each.sync) });
        for (const each of joined) each.resolve();
      } catch (error) {
        for (const each of joined) each.reject(error);
      }
    }
    this.#running = undefined;
  }

  #takeJoined(): Waiting<Operation>[] {
    let operations = 0;
    let count = 0;
    for (const each of this.#waiting) {
      operations += each.operations.length;
      if (count > 0 && operations > MAX_JOINED_OPERATIONS) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
