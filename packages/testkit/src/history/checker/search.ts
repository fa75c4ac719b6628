import { Bitset } from "./bitset.ts";
import { EventList } from "./event-list.ts";
import { NOTHING, type RegisterHistory, type RegisterOperation } from "./register-history.ts";

export type Verdict = "linearizable" | "violated" | "undecided";

/** What may be linearized next: an operation (≥ 0), the next optional delete, or nothing. */
const OPTIONAL_DELETE = -1;
const NONE = -2;
/** The register holds something that no read left has seen: all such values are alike. */
const UNREAD = -1;

/** One linearized operation, and how to take it back. */
interface Step {
  readonly move: number;
  readonly valueBefore: number;
  /** There was no need to look at another. */
  readonly forced: boolean;
}

/**
 * Looks for an order in which a register does what its clients saw, each operation at one moment between call and return: Wing and Gong's
 * search over the operations that may come next, with Lowe's list of events and his memory of the configurations (set of linearized
 * operations, value) that were tried in vain. As every value is written once, most of the choice falls away:
 * - A read of the current value may always come next: it changes nothing. So may an overwriting of what nobody will read by what
 *   nobody will read.
 * - A value that reads are left for may not be overwritten.
 * - Optional deletes are interchangeable once called: they are taken in the order of their calls, and only where a read of nothing follows. A
 *   configuration that needed fewer of them stands for those that needed more.
 */
export class RegisterSearch {
  readonly #operations: readonly RegisterOperation[];
  readonly #optionalDeletes: readonly number[];
  readonly #events: EventList;
  readonly #linearized: Bitset;
  /** Reads that are left, by value. */
  readonly #readsLeft: Int32Array;
  /** By configuration: with how few optional deletes it was reached. */
  readonly #visited = new Map<string, number>();
  readonly #steps: Step[] = [];
  #value = NOTHING;
  #linearizedCount = 0;
  #optionalUsed = 0;

  constructor({ operations, optionalDeletes, valueCount }: RegisterHistory) {
    this.#operations = operations;
    this.#optionalDeletes = optionalDeletes;
    this.#events = new EventList(operations);
    this.#linearized = new Bitset(operations.length);
    this.#readsLeft = new Int32Array(valueCount);
    for (const { isRead, value } of operations) if (isRead) this.#readsLeft[value] = this.#left(value) + 1;
  }

  /** "undecided" after `maxSteps`. */
  run(maxSteps: number): Verdict {
    let next = this.#first();
    for (let steps = 0; this.#linearizedCount < this.#operations.length; steps++) {
      if (steps === maxSteps) return "undecided";
      if (next.move !== NONE) {
        this.#linearize(next);
        next = this.#isNew() ? this.#first() : this.#takeBack();
      } else if (this.#steps.length > 0) {
        next = this.#takeBack();
      } else {
        return "violated";
      }
    }
    return "linearizable";
  }

  #left(value: number): number {
    return this.#readsLeft[value] as number;
  }

  /** The first choice in the present configuration. */
  #first(): Step {
    const isUnread = this.#left(this.#value) === 0;
    for (let event = this.#events.after(0); ; event = this.#events.after(event)) {
      const move = this.#events.callee(event);
      if (move === undefined) break;
      const { isRead, value } = this.#operations[move] as RegisterOperation;
      const forced = isRead ? value === this.#value : isUnread && this.#left(value) === 0;
      if (forced) return this.#step(move, true);
    }
    if (!isUnread && this.#value !== NOTHING) return this.#step(NONE, true);
    return this.#choice(0);
  }

  /** The first choice behind `event`: a write or a delete; at last, an optional delete. */
  #choice(after: number): Step {
    for (let event = this.#events.after(after); ; event = this.#events.after(event)) {
      const move = this.#events.callee(event);
      if (move === undefined) return this.#step(this.#helpsToDelete(event) ? OPTIONAL_DELETE : NONE, false);
      if (!(this.#operations[move] as RegisterOperation).isRead) return this.#step(move, false);
    }
  }

  #step(move: number, forced: boolean): Step {
    return { move, valueBefore: this.#value, forced };
  }

  /** Whether an optional delete was called before the first return, and a read of nothing waits for it. */
  #helpsToDelete(firstReturn: number): boolean {
    const call = this.#optionalDeletes[this.#optionalUsed];
    if (call === undefined || this.#value === NOTHING || call > this.#events.timeOfReturn(firstReturn)) return false;
    for (let event = this.#events.after(0); event !== firstReturn; event = this.#events.after(event)) {
      const { isRead, value } = this.#operations[this.#events.callee(event) as number] as RegisterOperation;
      if (isRead && value === NOTHING) return true;
    }
    return false;
  }

  #linearize(step: Step): void {
    const { move } = step;
    this.#steps.push(step);
    if (move === OPTIONAL_DELETE) {
      this.#optionalUsed++;
      this.#value = NOTHING;
      return;
    }
    const { isRead, value } = this.#operations[move] as RegisterOperation;
    if (isRead) this.#readsLeft[value] = this.#left(value) - 1;
    this.#value = value;
    this.#linearized.add(move);
    this.#linearizedCount++;
    this.#events.lift(move);
  }

  /** Takes the last step back; returns the choice after it, of those that it was one of. */
  #takeBack(): Step {
    const { move, valueBefore, forced } = this.#steps.pop() as Step;
    this.#value = valueBefore;
    if (move === OPTIONAL_DELETE) {
      this.#optionalUsed--;
      return this.#step(NONE, false);
    }
    this.#events.restore(move);
    this.#linearizedCount--;
    this.#linearized.delete(move);
    const { isRead, value } = this.#operations[move] as RegisterOperation;
    if (isRead) this.#readsLeft[value] = this.#left(value) + 1;
    return forced ? this.#step(NONE, false) : this.#choice(this.#events.callOf(move));
  }

  /** Was the configuration never reached with as few optional deletes? All operations before the first that is left are linearized. */
  #isNew(): boolean {
    const front = this.#events.callee(this.#events.after(0)) ?? this.#operations.length;
    const value = this.#left(this.#value) === 0 ? UNREAD : this.#value;
    const configuration = `${value}/${front}/${this.#linearized.keyFrom(front, this.#linearizedCount - front)}`;
    const used = this.#visited.get(configuration);
    if (used !== undefined && used <= this.#optionalUsed) return false;
    this.#visited.set(configuration, this.#optionalUsed);
    return true;
  }
}
