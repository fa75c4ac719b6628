import type { Clock, Timer } from "@ringtide/common";
import { asRingtideError, RingtideError } from "@ringtide/common";

/** Reads that may wait at one group; more are refused. */
const MAX_WAITING = 16_384;

interface Waiting {
  readonly resolve: (index: number) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export interface ReadRoundsOptions {
  readonly groupName: string;
  readonly clock: Clock;
  /** Has the core confirm its leadership; throws NOT_LEADER or NO_LEADER. */
  readonly confirm: (context: number) => void;
}

/**
 * Reads that wait for their leader to confirm that it still leads. One confirmation is under way at a time; the reads that come meanwhile
 * share the next one, so that their number costs no messages.
 */
export class ReadRounds {
  readonly #options: ReadRoundsOptions;
  #next = new Set<Waiting>();
  /** Those that the confirmation under way is for. */
  #asked = new Set<Waiting>();
  #context = 0;
  #underWay = false;

  constructor(options: ReadRoundsOptions) {
    this.#options = options;
  }

  /** The log index that a read has to see. CONSISTENCY_UNAVAILABLE after `timeoutMs`; OVERLOADED. */
  request(timeoutMs: number): Promise<number> {
    const { clock, groupName } = this.#options;
    if (this.#next.size + this.#asked.size >= MAX_WAITING)
      return Promise.reject(new RingtideError("OVERLOADED", `${groupName}: ${MAX_WAITING} reads wait for the leader`));
    return new Promise((resolve, reject) => {
      const late = `${groupName}: no majority confirmed the leader within ${Math.round(timeoutMs)} ms`;
      const timer = clock.setTimer(timeoutMs, () => {
        this.#next.delete(waiting);
        this.#asked.delete(waiting);
        reject(new RingtideError("CONSISTENCY_UNAVAILABLE", late));
      });
      const waiting = { resolve, reject, timer };
      this.#next.add(waiting);
    });
  }

  /** Asks for a confirmation when reads wait and none is under way. */
  start(): void {
    if (this.#underWay || this.#next.size === 0) return;
    this.#asked = this.#next;
    this.#next = new Set();
    this.#underWay = true;
    try {
      this.#options.confirm(++this.#context);
    } catch (error) {
      this.#fail(asRingtideError(error));
    }
  }

  confirmed(context: number, index: number): void {
    if (!this.#underWay || context !== this.#context) return;
    const served = this.#asked;
    this.#asked = new Set();
    this.#underWay = false;
    for (const { timer, resolve } of served) {
      timer.cancel();
      resolve(index);
    }
    this.start();
  }

  /** Whoever waits for the confirmation under way gets none from this leadership. */
  #fail(error: RingtideError): void {
    const failed = this.#asked;
    this.#asked = new Set();
    this.#underWay = false;
    for (const { timer, reject } of failed) {
      timer.cancel();
      reject(error);
    }
  }

  failAll(error: RingtideError): void {
    for (const waiting of this.#next) this.#asked.add(waiting);
    this.#next = new Set();
    this.#fail(error);
  }
}
