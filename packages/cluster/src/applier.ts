import { asRingtideError, type Clock, RingtideError } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import type { Entry } from "@ringtide/raft";
import { AppliedWaiters } from "./applied-waiters.ts";

/** What a group replicates. `apply` is synchronous and deterministic; when it throws, the group stops on this node. */
export interface StateMachine {
  apply(entry: Entry): ApplyOutcome;
}

export interface ApplierOptions {
  readonly name: string;
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly onOutcome: (entry: Entry, outcome: ApplyOutcome) => void;
  /** A slice was applied, up to this index. */
  readonly onApplied: (index: number) => void;
  readonly onFailure: (error: RingtideError) => void;
}

/** Applying gives the main loop a turn after this long. */
const SLICE_MS = 5;

/** Applies committed entries in order, slice by slice, and tells who waits for an index. */
export class Applier {
  readonly #options: ApplierOptions;
  #queue: Entry[] = [];
  #isRunning = false;
  #applied: number;
  /** Slices of before a reset do nothing any more. */
  #generation = 0;
  readonly #waiters = new AppliedWaiters();

  constructor(options: ApplierOptions, applied: number) {
    this.#options = options;
    this.#applied = applied;
  }

  get applied(): number {
    return this.#applied;
  }

  enqueue(entries: readonly Entry[]): void {
    for (const entry of entries) this.#queue.push(entry);
    if (!this.#isRunning) this.#slice(this.#generation);
  }

  /** Forgets what is queued. `applied`: the state machine was replaced by one of this index. */
  reset(applied = this.#applied): void {
    this.#queue = [];
    this.#isRunning = false;
    this.#generation++;
    this.#reached(applied);
  }

  /** Resolves once the index is applied; rejects when the signal aborts, or `stop` is called, first. */
  whenApplied(index: number, signal: AbortSignal): Promise<void> {
    return this.#applied >= index ? Promise.resolve() : this.#waiters.wait(index, signal);
  }

  /** Applies nothing more. */
  stop(reason: RingtideError): void {
    this.reset();
    this.#waiters.failAll(reason);
  }

  #slice(generation: number): void {
    if (generation !== this.#generation) return;
    const { clock, machine, onOutcome, onFailure, name } = this.#options;
    const startedMs = clock.monotonicMs();
    let done = 0;
    try {
      for (const entry of this.#queue) {
        onOutcome(entry, machine.apply(entry));
        done++;
        if (clock.monotonicMs() - startedMs > SLICE_MS) break;
      }
    } catch (error) {
      const cause = asRingtideError(error);
      const message = `${name} cannot apply entry ${this.#queue[done]?.index}: ${cause.message}`;
      this.reset();
      onFailure(new RingtideError("GROUP_STOPPED", message, { cause }));
      return;
    }
    const last = this.#queue[done - 1];
    this.#queue.splice(0, done);
    if (last !== undefined) this.#reached(last.index);
    this.#isRunning = this.#queue.length > 0;
    if (this.#isRunning) clock.nextTurn(() => this.#slice(generation));
  }

  #reached(index: number): void {
    if (index === this.#applied) return;
    this.#applied = index;
    this.#options.onApplied(index);
    this.#waiters.appliedTo(index);
  }
}
