import type { Clock, Timer } from "@ringtide/common";
import type { Owner } from "./owner.ts";
import type { Scheduler } from "./scheduler.ts";

/** Timers fire late by this much, so that rounding never makes one early. */
const LATE_MS = 1e-3;
/** A turn of a node's main loop takes this long. */
const TURN_MS = 0.01;

/** When the world begins, for wall clocks: 2026-01-01T00:00Z. */
export const EPOCH_MS = 1_767_225_600_000;

export interface SimClockOptions {
  /** What the monotonic clock shows at the start. */
  readonly offsetMs?: number;
  /** Milliseconds of this clock in one of virtual time. */
  readonly rate?: number;
  /** How far the wall clock is off at the start. */
  readonly wallOffsetMs?: number;
}

/** The clocks of one process: a monotonic one with a rate of its own, and a wall clock that may jump. */
export class SimClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  #rate: number;
  #baseMs: number;
  #baseAtMs: number;
  #wallOffsetMs: number;

  constructor(scheduler: Scheduler, owner: Owner, options: SimClockOptions = {}) {
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#rate = options.rate ?? 1;
    this.#baseMs = options.offsetMs ?? 0;
    this.#baseAtMs = scheduler.nowMs;
    this.#wallOffsetMs = EPOCH_MS + scheduler.nowMs + (options.wallOffsetMs ?? 0) - this.#baseMs;
  }

  monotonicMs(): number {
    return this.#baseMs + (this.#scheduler.nowMs - this.#baseAtMs) * this.#rate;
  }

  wallMs(): number {
    return Math.floor(this.monotonicMs() + this.#wallOffsetMs);
  }

  /** From now on the monotonic clock runs at this rate. */
  setRate(rate: number): void {
    this.#baseMs = this.monotonicMs();
    this.#baseAtMs = this.#scheduler.nowMs;
    this.#rate = rate;
  }

  /** The wall clock jumps; the monotonic one does not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return new ClockTimer(this, this.#owner, this.monotonicMs() + Math.max(0, delayMs) + LATE_MS, callback);
  }

  nextTurn(callback: () => void): void {
    this.#owner.after(TURN_MS, "turn", callback);
  }

  /** Virtual time from now until the monotonic clock shows `dueMs`. */
  virtualDelayMs(dueMs: number): number {
    return (dueMs - this.monotonicMs()) / this.#rate;
  }
}

/** Arms itself again when the clock was slowed down meanwhile. */
class ClockTimer implements Timer {
  readonly #clock: SimClock;
  readonly #owner: Owner;
  readonly #dueMs: number;
  #callback: (() => void) | undefined;
  #event: Timer;

  constructor(clock: SimClock, owner: Owner, dueMs: number, callback: () => void) {
    this.#clock = clock;
    this.#owner = owner;
    this.#dueMs = dueMs;
    this.#callback = callback;
    this.#event = this.#arm();
  }

  #arm(): Timer {
    return this.#owner.after(this.#clock.virtualDelayMs(this.#dueMs), "timer", () => this.#fire());
  }

  #fire(): void {
    if (this.#clock.monotonicMs() < this.#dueMs - LATE_MS / 2) {
      this.#event = this.#arm();
      return;
    }
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  cancel(): void {
    this.#callback = undefined;
    this.#event.cancel();
  }
}
