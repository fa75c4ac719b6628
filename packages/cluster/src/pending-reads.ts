import { type Clock, RingtideError, type Timer } from "@ringtide/common";

interface Read {
  readonly resolve: (index: number) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/** Reads of one group that wait for their leadership to be confirmed; more are refused. */
const MAX_PENDING = 65_536;

/** Matches the read indexes that the core confirms with those who asked for them. */
export class PendingReads {
  readonly #clock: Clock;
  readonly #groupName: string;
  readonly #waiting = new Map<number, Read>();
  #nextContext = 1;

  constructor(clock: Clock, groupName: string) {
    this.#clock = clock;
    this.#groupName = groupName;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** `ask` hands the context to the core, and may throw. Rejects with what it throws, OVERLOADED, CONSISTENCY_UNAVAILABLE after the time-out. */
  add(timeoutMs: number, ask: (context: number) => void): Promise<number> {
    if (this.#waiting.size >= MAX_PENDING)
      return Promise.reject(new RingtideError("OVERLOADED", `${MAX_PENDING} reads of ${this.#groupName} wait already`));
    const context = this.#nextContext++;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(context);
        reject(
          new RingtideError(
            "CONSISTENCY_UNAVAILABLE",
            `${this.#groupName}: no quorum confirmed the leader within ${Math.round(timeoutMs)} ms`,
          ),
        );
      });
      this.#waiting.set(context, { resolve, reject, timer });
      try {
        ask(context);
      } catch (error) {
        this.#take(context);
        reject(error);
      }
    });
  }

  #take(context: number): Read | undefined {
    const read = this.#waiting.get(context);
    this.#waiting.delete(context);
    read?.timer.cancel();
    return read;
  }

  confirmed(context: number, index: number): void {
    this.#take(context)?.resolve(index);
  }

  failAll(error: RingtideError): void {
    for (const context of [...this.#waiting.keys()]) this.#take(context)?.reject(error);
  }
}
