import { assert, type GroupNumber, groupName } from "@ringtide/common";
import type { Entry, HardState } from "@ringtide/raft";
import { EntryIndex } from "./entry-index.ts";
import type { RecoveredGroup } from "./options.ts";
import type { PositionRange } from "./position-ranges.ts";
import { TermRuns } from "./term-runs.ts";

/** Where a group's log begins: entries below `firstIndex` were cut, the last of them had `termBefore`. */
export interface CutMark {
  readonly firstIndex: number;
  readonly termBefore: number;
}

export const NO_CUT: CutMark = { firstIndex: 1, termBefore: 0 };
export const NO_HARD_STATE: HardState = { term: 0, vote: 0 };

/** The later of two hard states of one group: the higher term; in one term the one that has voted. */
export function laterHardState(a: HardState, b: HardState): HardState {
  if (a.term !== b.term) return a.term > b.term ? a : b;
  return a.vote === 0 ? b : a;
}

/** What memory knows of one group's log: places and terms of its entries, and its hard state. */
export class GroupLog {
  readonly group: GroupNumber;
  hardState: HardState = NO_HARD_STATE;
  /** Position of the last hard state record in the log; undefined when it has none. */
  hardStatePosition: number | undefined;
  /** Entries that were durable are lost. */
  damaged = false;
  /** Entries of the group at these positions do not count: lost behind damage, or of before a reset. */
  ignored: readonly PositionRange[] = [];
  /** Position behind the last record of the group that was appended since the log was opened. */
  appendedUpTo = 0;
  /** Being reset: nothing may be appended. */
  isResetting = false;
  readonly #index: EntryIndex;
  readonly #terms = new TermRuns();
  #termBefore: number;

  constructor(group: GroupNumber, cut: CutMark) {
    this.group = group;
    this.#index = new EntryIndex(cut.firstIndex);
    this.#termBefore = cut.termBefore;
  }

  get firstIndex(): number {
    return this.#index.first;
  }
  get lastIndex(): number {
    return this.#index.next - 1;
  }
  get cutMark(): CutMark {
    return { firstIndex: this.firstIndex, termBefore: this.#termBefore };
  }

  /** Known for [firstIndex − 1, lastIndex]. */
  term(index: number): number | undefined {
    if (index === this.firstIndex - 1) return this.#termBefore;
    return index >= this.firstIndex && index <= this.lastIndex ? this.#terms.term(index) : undefined;
  }

  /** Throws unless the hard state and the entries may follow what is here. */
  check(hardState: HardState | undefined, entries: readonly Entry[]): void {
    const name = groupName(this.group);
    assert(!this.isResetting, `append to ${name} while it is reset`);
    if (hardState !== undefined) {
      const { term, vote } = this.hardState;
      const follows = hardState.term > term || (hardState.term === term && (vote === 0 || vote === hardState.vote));
      assert(
        follows,
        `hard state of ${name} going back from (${term}, ${vote}) to (${hardState.term}, ${hardState.vote})`,
      );
    }
    const first = entries[0];
    if (first === undefined) return;
    assert(
      first.index >= this.firstIndex && first.index <= this.lastIndex + 1,
      `append to ${name} at ${first.index} outside of [${this.firstIndex}, ${this.lastIndex + 1}]`,
    );
    let index = first.index;
    let term = this.term(index - 1) ?? 0;
    for (const entry of entries) {
      assert(entry.index === index, `entry ${entry.index} of ${name} in the place of ${index}`);
      assert(entry.term >= term, `entry ${index} of ${name} has term ${entry.term} after ${term}`);
      index++;
      term = entry.term;
    }
  }

  /** Takes an entry's record at `position`; entries from `index` on are replaced by it. */
  put(index: number, term: number, position: number, length: number): void {
    this.truncate(index);
    this.#index.push(position, length);
    this.#terms.push(index, term);
  }

  /** Forgets entries from `index` on. */
  truncate(index: number): void {
    if (index > this.lastIndex) return;
    this.#index.truncate(index);
    this.#terms.truncate(index);
  }

  /** Forgets entries below `index`, at most lastIndex + 1. */
  cut(index: number): void {
    if (index <= this.firstIndex) return;
    const termBefore = this.term(index - 1);
    assert(termBefore !== undefined, `cutting ${groupName(this.group)} at ${index} behind ${this.lastIndex}`);
    this.#termBefore = termBefore;
    if (index > this.lastIndex) this.#terms.clear();
    else this.#terms.cut(index);
    this.#index.cut(index);
  }

  position(index: number): number {
    return this.#index.position(index);
  }
  length(index: number): number {
    return this.#index.length(index);
  }
  bytesSince(index: number): number {
    return this.#index.bytesSince(index);
  }
  /** Position of the first record that the group still needs for its entries. */
  get oldestPosition(): number | undefined {
    return this.lastIndex < this.firstIndex ? undefined : this.position(this.firstIndex);
  }

  /** The group as of now, with the log durable up to `durablePosition`. */
  describe(durablePosition: number): RecoveredGroup {
    return {
      group: this.group,
      hardState: this.hardState,
      firstIndex: this.firstIndex,
      lastIndex: this.lastIndex,
      termRuns: this.#terms.list(),
      durableIndex: this.#index.firstNotBefore(durablePosition) - 1,
      damaged: this.damaged,
    };
  }
}
