import type { Clock } from "@ringtide/common";

/**
 * What the groups of a node have to do in the next turn of the main loop, done together: so what they say to one peer leaves as one
 * message, however many they are.
 */
export class TurnQueue {
  readonly #clock: Clock;
  #due: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `run` must not throw. */
  add(run: () => void): void {
    this.#due.push(run);
    if (this.#due.length > 1) return;
    this.#clock.nextTurn(() => {
      const due = this.#due;
      this.#due = [];
      for (const each of due) each();
    });
  }
}
