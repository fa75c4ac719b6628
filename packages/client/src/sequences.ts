import { assert } from "@ringtide/common";

/** Numbers of a session's requests: ascending from 1, with the floor below which all are answered. */
export class Sequences {
  #last = 0;
  #floor = 0;
  readonly #answeredAbove = new Set<number>();

  next(): number {
    return ++this.#last;
  }

  /** All numbers up to and including this one are answered. */
  get acknowledged(): number {
    return this.#floor;
  }

  /** The caller has its answer, or has given up: the request will not be sent again. */
  answered(sequence: number): void {
    assert(sequence > this.#floor && sequence <= this.#last, "a sequence is answered once");
    this.#answeredAbove.add(sequence);
    while (this.#answeredAbove.delete(this.#floor + 1)) this.#floor++;
  }
}
