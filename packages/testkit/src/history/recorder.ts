import { assert, RingtideError } from "@ringtide/common";
import type { Operation, OperationKind } from "./operation.ts";

/** Some 100 bytes each. */
const DEFAULT_MAX_OPERATIONS = 2_000_000;

/** Times of a recorder ascend strictly: what happened one after the other is not taken for concurrent because the clock stood still. */
class EventClock {
  readonly #nowNs: () => number;
  #lastNs = -1;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  next(): number {
    this.#lastNs = Math.max(Math.floor(this.#nowNs()), this.#lastNs + 1);
    return this.#lastNs;
  }
}

/** An operation that was sent. It ends once; what never ends stays of unknown outcome. */
export class PendingOperation {
  readonly #clock: EventClock;
  readonly #begun: Operation;
  #ended: Operation | undefined;
  #settled = false;

  constructor(clock: EventClock, begun: Operation) {
    this.#clock = clock;
    this.#begun = begun;
  }

  /** As it stands now. */
  get operation(): Operation {
    return this.#ended ?? this.#begun;
  }

  /** Answered. `value` is what a read found, null for nothing; writes and deletes do not look at it. */
  done(value: number | null = null): void {
    this.#settle();
    const found = this.#begun.op === "read" ? { value } : {};
    this.#ended = { ...this.#begun, ...found, return: this.#clock.next() };
  }

  /** It may have taken effect, may do so later, or never. A read says nothing then. */
  unknown(): void {
    this.#settle();
  }

  /** It certainly had no effect and will have none. */
  failed(): void {
    this.#settle();
    this.#ended = { ...this.#begun, return: this.#clock.next(), ok: false };
  }

  #settle(): void {
    assert(!this.#settled, `an operation on ${this.#begun.key} ends once`);
    this.#settled = true;
  }
}

/** Writes down what clients do, in the order of their calls. Bounded: `begin` refuses once it is full. */
export class HistoryRecorder {
  readonly #clock: EventClock;
  readonly #maxOperations: number;
  readonly #pending: PendingOperation[] = [];

  /** `nowNs`: monotonic, since the run began. */
  constructor(nowNs: () => number, maxOperations = DEFAULT_MAX_OPERATIONS) {
    this.#clock = new EventClock(nowNs);
    this.#maxOperations = maxOperations;
  }

  get size(): number {
    return this.#pending.length;
  }

  /** Call it just before the request leaves. `value` is what a write writes, null otherwise. */
  begin(client: number, op: OperationKind, key: string, value: number | null): PendingOperation {
    assert((op === "write") === (value !== null), `a ${op} of ${key} with value ${value}`);
    if (this.#pending.length >= this.#maxOperations)
      throw new RingtideError("OVERLOADED", `the history is full: it holds ${this.#maxOperations} operations`);
    const pending = new PendingOperation(this.#clock, {
      client,
      op,
      key,
      value,
      call: this.#clock.next(),
      return: null,
    });
    this.#pending.push(pending);
    return pending;
  }

  /** All operations so far; those under way are of unknown outcome. */
  operations(): Operation[] {
    return this.#pending.map((pending) => pending.operation);
  }
}
