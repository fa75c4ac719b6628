import { type Clock, yieldTurn } from "@ringtide/common";

/** Longest stretch of work between two turns of the main loop, together with one step of it well below 10 ms. */
const STRETCH_MS = 4;

/** Lets sockets and timers have their turn during long work on the main loop. What the work gives does not depend on it. */
export class Pacer {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Between two steps: gives up the turn when the stretch has been long. */
  async pace(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sinceMs < STRETCH_MS) return;
    await yieldTurn(this.#clock);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
