import type { Entry, HardState } from "./types.ts";

/** One Ready's entries on their way to disk. */
interface Write {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Number of the hard state that is durable no later than these entries. */
  readonly hardStateNumber: number;
}

/**
 * What of log and hard state is durable, as far as the host has said. Entries can be overwritten while they are being written, and the same entry can
 * come back behind its replacement: (index, term) of a finished write alone does not say what the disk will hold. So the
 * writes under way are kept in order, a report ends the first that it fits, and nothing counts as durable from where a
 * later write starts.
 */
export class DurableLog {
  #index: number;
  #emittedIndex: number;
  readonly #writes: Write[] = [];
  #hardState: HardState;
  /** Hard states given out, and how many of them are known durable. */
  #hardStateNumber = 0;
  #hardStateDurable = 0;

  constructor(hardState: HardState, lastIndex: number) {
    this.#hardState = hardState;
    this.#index = lastIndex;
    this.#emittedIndex = lastIndex;
  }

  /** All up to here is durable, and stays as it is. */
  get index(): number {
    return this.#index;
  }
  /** Last index that was given to the host to write. */
  get emittedIndex(): number {
    return this.#emittedIndex;
  }

  /** Entries from `index` on were replaced in memory. */
  truncateFrom(index: number): void {
    this.#index = Math.min(this.#index, index - 1);
    this.#emittedIndex = Math.min(this.#emittedIndex, index - 1);
  }

  /** Was this hard state the last given out? */
  emitted(term: number, vote: number): boolean {
    return this.#hardState.term === term && this.#hardState.vote === vote;
  }

  /** Is this hard state known durable? */
  holds(term: number, vote: number): boolean {
    return this.emitted(term, vote) && this.#hardStateDurable === this.#hardStateNumber;
  }

  emitHardState(hardState: HardState): void {
    this.#hardState = hardState;
    this.#hardStateNumber++;
  }

  /** Something came back that could only follow the last hard state's being durable. */
  confirmHardState(): void {
    this.#hardStateDurable = this.#hardStateNumber;
  }

  emitEntries(entries: readonly Entry[]): void {
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    this.#emittedIndex = last.index;
    this.#writes.push({
      firstIndex: first.index,
      lastIndex: last.index,
      lastTerm: last.term,
      hardStateNumber: this.#hardStateNumber,
    });
  }

  /** The host wrote all up to an entry of this index and term. Unknown reports (repeated, or of before a restart) say nothing. */
  persisted(lastIndex: number, lastTerm: number): void {
    const at = this.#writes.findIndex((write) => write.lastIndex === lastIndex && write.lastTerm === lastTerm);
    const write = this.#writes[at];
    if (write === undefined) return;
    this.#hardStateDurable = Math.max(this.#hardStateDurable, write.hardStateNumber);
    this.#writes.splice(0, at + 1);
    let stable = Math.min(lastIndex, this.#emittedIndex);
    for (const later of this.#writes) stable = Math.min(stable, later.firstIndex - 1);
    this.#index = Math.max(this.#index, stable);
  }
}
