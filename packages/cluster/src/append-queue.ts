import type { GroupNumber } from "@ringtide/common";
import type { AppendBatch, RaftLog } from "@ringtide/raftlog";

/** The appends of one group to the node's log: what waits for one of them happens in the order in which they were handed over. */
export class AppendQueue {
  readonly #log: RaftLog;
  readonly #group: GroupNumber;
  readonly #onFailure: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #pending = 0;
  /** What waited before a reset does not happen any more. */
  #generation = 0;

  constructor(log: RaftLog, group: GroupNumber, onFailure: (error: unknown) => void) {
    this.#log = log;
    this.#group = group;
    this.#onFailure = onFailure;
  }

  /** `then` runs when the batch, and all before it, are durable. */
  append(batch: AppendBatch, then: () => void): void {
    this.#after(this.#log.append(this.#group, batch), then);
  }

  /** `then` runs when all that was handed over is durable: at once where nothing is under way. */
  whenDurable(then: () => void): void {
    if (this.#pending > 0) this.#after(Promise.resolve(), then);
    else then();
  }

  #after(append: Promise<void>, then: () => void): void {
    const generation = this.#generation;
    this.#pending++;
    this.#tail = Promise.all([this.#tail, append]).then(
      () => {
        this.#pending--;
        if (generation === this.#generation) then();
      },
      (error: unknown) => {
        this.#pending--;
        this.#onFailure(error);
      },
    );
  }

  /** Forgets what waits; resolves when no append is under way any more. */
  reset(): Promise<void> {
    this.#generation++;
    return this.#tail;
  }

  /** Resolves when no append is under way. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
