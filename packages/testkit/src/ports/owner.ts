import type { SimEvent } from "./event-heap.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * One life of a simulated process (or of a part of the world, like the net): every event belongs to one. A restarted process is a new
 * owner; what the dead one had pending never happens.
 */
export class Owner {
  readonly name: string;
  /** Position in the order of creation: the same in each run of a seed. */
  readonly id: number;
  readonly #scheduler: Scheduler;
  #isAlive = true;
  #isPaused = false;
  #held: SimEvent[] = [];

  constructor(scheduler: Scheduler, name: string, id: number) {
    this.#scheduler = scheduler;
    this.name = name;
    this.id = id;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Runs `run` after `delayMs` of virtual time, unless the owner is dead by then. */
  after(delayMs: number, label: string, run: () => void): SimEvent {
    return this.#scheduler.schedule(this.#scheduler.nowMs + Math.max(0, delayMs), this, label, run);
  }

  at(atMs: number, label: string, run: () => void): SimEvent {
    return this.#scheduler.schedule(Math.max(atMs, this.#scheduler.nowMs), this, label, run);
  }

  /** As under SIGSTOP: its events are held back until `resume`. */
  pause(): void {
    this.#isPaused = this.#isAlive;
  }

  /** What was held back happens now, in its order, before anything that is scheduled from now on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#scheduler.postpone(event);
  }

  /** Called by the scheduler with an event that is due while the owner is paused. */
  hold(event: SimEvent): void {
    this.#held.push(event);
  }

  /** Ends this life between two events: nothing of it that is pending will happen. */
  end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#isPaused = false;
    this.#held = [];
  }
}
