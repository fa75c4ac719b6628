import { assert } from "@ringtide/common";
import type { TermRun } from "./options.ts";

/** Terms of a log as runs: terms only grow along a log and change rarely, so a few pairs know the term of every entry, also of those on disk only. */
export class TermRuns {
  readonly #from: number[] = [];
  readonly #term: number[] = [];

  /** `runs` begin at `firstIndex`. */
  constructor(runs: readonly TermRun[], firstIndex: number) {
    assert(runs[0]?.fromIndex === firstIndex, `term runs begin at ${runs[0]?.fromIndex}, not at ${firstIndex}`);
    for (const { fromIndex, term } of runs) this.extend(fromIndex, term);
  }

  /** The entry at `index`, behind all others, has `term`. */
  extend(index: number, term: number): void {
    const last = this.#term.length - 1;
    if (last >= 0) {
      if (this.#term[last] === term) return;
      assert(
        (this.#term[last] as number) < term && (this.#from[last] as number) < index,
        `term ${term} at index ${index} follows term ${this.#term[last]} at ${this.#from[last]}`,
      );
    }
    this.#from.push(index);
    this.#term.push(term);
  }

  /** Position of the run that `index` lies in. Searched from the end, where nearly all questions are. */
  #runOf(index: number): number {
    let run = this.#from.length - 1;
    while (run > 0 && (this.#from[run] as number) > index) run--;
    return run;
  }

  /** `index` is not before the first run. */
  termOf(index: number): number {
    return this.#term[this.#runOf(index)] as number;
  }

  /** Largest index ≤ `index` whose term is ≤ `term`; undefined when it lies before the first run. */
  lastIndexWithTermAtMost(index: number, term: number): number | undefined {
    let at = index;
    for (let run = this.#runOf(index); run >= 0; run--) {
      if ((this.#term[run] as number) <= term) return at;
      at = (this.#from[run] as number) - 1;
    }
    return undefined;
  }

  /** Forgets `index` and all behind it; `index` is behind the first. */
  truncateFrom(index: number): void {
    while (this.#from.length > 1 && (this.#from[this.#from.length - 1] as number) >= index) {
      this.#from.pop();
      this.#term.pop();
    }
  }

  /** Forgets all before `index`. */
  cutBefore(index: number): void {
    const run = this.#runOf(index);
    this.#from.splice(0, run);
    this.#term.splice(0, run);
    this.#from[0] = Math.max(this.#from[0] as number, index);
  }
}
