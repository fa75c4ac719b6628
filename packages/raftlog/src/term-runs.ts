import type { TermRun } from "./options.ts";

/** Terms of consecutive indices, kept as the indices at which they change. */
export class TermRuns {
  readonly #runs: TermRun[] = [];

  push(index: number, term: number): void {
    const last = this.#runs.at(-1);
    if (last === undefined || last.term !== term) this.#runs.push({ fromIndex: index, term });
  }

  /** Forgets indices from `index` on. */
  truncate(index: number): void {
    while ((this.#runs.at(-1)?.fromIndex ?? -1) >= index) this.#runs.pop();
  }

  /** Forgets indices below `index`; `index` itself must be there. */
  cut(index: number): void {
    const holding = this.#at(index);
    const term = this.#runs[holding]?.term;
    if (term !== undefined) this.#runs.splice(0, holding + 1, { fromIndex: index, term });
  }

  clear(): void {
    this.#runs.length = 0;
  }

  /** The term of an index that the log has. */
  term(index: number): number | undefined {
    return this.#runs[this.#at(index)]?.term;
  }

  /** Number of the run that holds `index`; −1 when all start behind it. */
  #at(index: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle] as TermRun).fromIndex <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  list(): readonly TermRun[] {
    return [...this.#runs];
  }
}
