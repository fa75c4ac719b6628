/** An interval of time in which an operation takes effect. */
export interface Interval {
  readonly call: number;
  readonly return: number;
}

const HEAD = 0;

/**
 * Calls and returns of the operations that are not linearized yet, in the order of time, doubly linked (Lowe, section 3.1): what may come
 * next are the calls before the first return. An event's number is its place in time. Events at the same moment count as concurrent:
 * calls come before returns.
 */
export class EventList {
  readonly #operations: readonly Interval[];
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** By event: the operation, or −1 − operation for its return. */
  readonly #owner: Int32Array;
  readonly #callOf: Int32Array;
  readonly #returnOf: Int32Array;

  /** `operations` in the order of their calls. */
  constructor(operations: readonly Interval[]) {
    this.#operations = operations;
    const size = 2 * operations.length + 1;
    this.#next = Int32Array.from({ length: size }, (_, event) => (event + 1) % size);
    this.#previous = Int32Array.from({ length: size }, (_, event) => (event + size - 1) % size);
    this.#owner = new Int32Array(size);
    this.#callOf = new Int32Array(operations.length);
    this.#returnOf = new Int32Array(operations.length);
    const returns = operations.map((_, i) => i).sort((a, b) => returnAt(operations, a) - returnAt(operations, b));
    let event = HEAD;
    let returned = 0;
    const addReturns = (before: number): void => {
      for (let i = returns[returned]; i !== undefined && returnAt(operations, i) < before; i = returns[++returned]) {
        this.#owner[++event] = -1 - i;
        this.#returnOf[i] = event;
      }
    };
    operations.forEach(({ call }, i) => {
      addReturns(call);
      this.#owner[++event] = i;
      this.#callOf[i] = event;
    });
    addReturns(Number.POSITIVE_INFINITY);
  }

  /** The first event behind `event`; from the head on when 0. */
  after(event: number): number {
    return this.#next[event] as number;
  }

  callOf(operation: number): number {
    return this.#callOf[operation] as number;
  }

  /** The operation whose call this is; undefined for a return. */
  callee(event: number): number | undefined {
    const owner = this.#owner[event] as number;
    return owner >= 0 && event !== HEAD ? owner : undefined;
  }

  /** When the operation returns whose return this is. */
  timeOfReturn(event: number): number {
    return returnAt(this.#operations, -1 - (this.#owner[event] as number));
  }

  /** Takes out an operation's events. */
  lift(operation: number): void {
    this.#unlink(this.#callOf[operation] as number);
    this.#unlink(this.#returnOf[operation] as number);
  }

  /** Puts back the operation that was lifted last. */
  restore(operation: number): void {
    this.#relink(this.#returnOf[operation] as number);
    this.#relink(this.#callOf[operation] as number);
  }

  #unlink(event: number): void {
    const next = this.#next[event] as number;
    const previous = this.#previous[event] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(event: number): void {
    this.#next[this.#previous[event] as number] = event;
    this.#previous[this.#next[event] as number] = event;
  }
}

function returnAt(operations: readonly Interval[], i: number): number {
  return operations[i]?.return ?? 0;
}
