import type { Clock } from "./ports/index.ts";

/** The end of a piece of work. It is handed down, and every wait inside takes what is left of it: their time-outs never add up. */
export class Deadline {
  /** From its start to its end, ms. */
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #endMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + timeoutMs;
  }

  /** 0 once it is over. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs());
  }

  get isOver(): boolean {
    return this.leftMs === 0;
  }

  /** The deadline of a part of the work: `timeoutMs` from now, and not after this one. */
  part(timeoutMs: number): Deadline {
    return new Deadline(this.#clock, Math.min(timeoutMs, this.leftMs));
  }
}
