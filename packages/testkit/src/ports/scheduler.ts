import { EventHeap, SimEvent } from "./event-heap.ts";
import { Owner } from "./owner.ts";
import { TraceHash } from "./trace-hash.ts";

/** Events that one turn of the real main loop runs. */
const BATCH = 256;

/** More events than this in one moment are a loop that lets no time pass. */
const MAX_EVENTS_AT_ONCE = 1_000_000;

/** What a hook sees of an event that has run. */
export interface Step {
  readonly atMs: number;
  readonly owner: Owner;
  readonly label: string;
}

interface Goal {
  readonly untilMs: number;
  readonly holds: (() => boolean) | undefined;
  /** Waits for events that the outside adds, instead of ending when there are none. */
  readonly waits: boolean;
  readonly resolve: (reached: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Virtual time and the one queue of everything that happens in it. One event runs, then all promise reactions that follow from it,
 * then the next: each event is an immediate of the real loop, which drains the reactions between two of them.
 */
export class Scheduler {
  readonly trace = new TraceHash();
  /** Called after each event and all that followed from it; what it throws ends the run. */
  onStep: ((step: Step) => void) | undefined;
  /** Called with what an event threw, in place of ending the run: true when that is dealt with (a node died of it). */
  onUncaught: ((error: unknown, owner: Owner) => boolean) | undefined;
  readonly #heap = new EventHeap();
  readonly #step = () => this.#turn();
  #nowMs = 0;
  #owners = 0;
  #events = 0;
  #momentBegan = 0;
  #scheduled = 0;
  #queued = 0;
  #goal: Goal | undefined;
  #last: SimEvent | undefined;

  /** Virtual time since the start of the world. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that ran so far. */
  get eventCount(): number {
    return this.#events;
  }

  owner(name: string): Owner {
    return new Owner(this, name, this.#owners++);
  }

  schedule(atMs: number, owner: Owner, label: string, run: () => void): SimEvent {
    const event = new SimEvent(atMs, this.#scheduled++, owner, label, run);
    if (owner.isAlive) this.#heap.push(event);
    else event.cancel();
    return event;
  }

  /** Puts back an event that was taken out and did not run: it is due now. */
  postpone(event: SimEvent): void {
    event.atMs = this.#nowMs;
    event.number = this.#scheduled++;
    this.#heap.push(event);
  }

  /** Runs everything up to that moment. Fails with what an event or `onStep` throws. */
  async run(untilMs: number): Promise<void> {
    await this.#start(untilMs, undefined, false);
  }

  /** Runs until the condition holds after an event (true), or that moment comes or nothing is left to happen (false). */
  runUntil(holds: () => boolean, limitMs: number): Promise<boolean> {
    return this.#start(limitMs, holds, false);
  }

  /** Runs until `work` has settled, and gives its result; fails when it has not by then or nothing is left to happen. */
  async runFor<T>(work: Promise<T>, limitMs: number): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    work.then(settle, settle);
    if (!(await this.runUntil(() => settled, limitMs)))
      throw new Error(`not done at ${this.#nowMs.toFixed(3)} ms: ${this.#heap.size} events are left`);
    return await work;
  }

  /** Runs on and on while others use the real main loop, for tests that wait in their own way. Returns what ends it. */
  pump(onError: (error: unknown) => void): () => void {
    this.#start(Number.POSITIVE_INFINITY, undefined, true).catch(onError);
    return () => this.#finish(true);
  }

  #start(untilMs: number, holds: (() => boolean) | undefined, waits: boolean): Promise<boolean> {
    if (this.#goal !== undefined) throw new Error("the scheduler runs already");
    return new Promise((resolve, reject) => {
      this.#goal = { untilMs, holds, waits, resolve, reject };
      this.#queueTurns();
    });
  }

  #queueTurns(): void {
    const count = this.#goal?.waits ? 1 + Math.min(this.#heap.size, BATCH) : BATCH;
    for (; this.#queued < count; this.#queued++) setImmediate(this.#step);
  }

  #finish(reached: boolean): void {
    const goal = this.#goal;
    this.#goal = undefined;
    goal?.resolve(reached);
  }

  /** One immediate: the next event. Those left over from a run that ended do nothing. */
  #turn(): void {
    this.#queued--;
    const goal = this.#goal;
    if (goal === undefined) return;
    try {
      this.#reportLast();
      if (goal.holds?.()) this.#finish(true);
      else this.#runNext(goal);
    } catch (error) {
      this.#goal = undefined;
      goal.reject(error);
    }
    if (this.#queued === 0 && this.#goal !== undefined) this.#queueTurns();
  }

  #reportLast(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) this.onStep?.(last);
  }

  #runNext(goal: Goal): void {
    const heap = this.#heap;
    for (let event = heap.peek(); event !== undefined; event = heap.peek()) {
      if (event.atMs > goal.untilMs) break;
      heap.pop();
      const { run, owner } = event;
      if (run === undefined || !owner.isAlive) continue;
      this.#moveTo(event.atMs);
      if (owner.isPaused) {
        owner.hold(event);
        continue;
      }
      event.run = undefined;
      this.#runOne(event, run);
      return;
    }
    if (goal.waits) return;
    if (goal.untilMs < Number.POSITIVE_INFINITY && (heap.size > 0 || goal.holds === undefined))
      this.#nowMs = Math.max(this.#nowMs, goal.untilMs);
    this.#finish(goal.holds === undefined);
  }

  #moveTo(atMs: number): void {
    if (atMs > this.#nowMs) {
      this.#nowMs = atMs;
      this.#momentBegan = this.#events;
    } else if (this.#events - this.#momentBegan > MAX_EVENTS_AT_ONCE) {
      throw new Error(`time stands still at ${atMs} ms: ${MAX_EVENTS_AT_ONCE} events`);
    }
  }

  #runOne(event: SimEvent, run: () => void): void {
    this.#events++;
    this.trace.number(event.atMs);
    this.trace.integer(event.owner.id);
    this.#last = event;
    try {
      run();
    } catch (error) {
      if (this.onUncaught?.(error, event.owner)) return;
      const when = `${event.label} of ${event.owner.name} at ${event.atMs.toFixed(3)} ms`;
      throw new Error(`${when} threw: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}
