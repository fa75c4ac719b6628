import { assert } from "@ringtide/common";
import type { InitialLog } from "./options.ts";
import { TermRuns } from "./term-runs.ts";
import type { Entry, LogView } from "./types.ts";

/** What an entry is counted with beside its payload: its header, in memory and on the wire. */
const ENTRY_OVERHEAD_BYTES = 64;

export function entryBytes(entry: { readonly payload: Uint8Array }): number {
  return entry.payload.length + ENTRY_OVERHEAD_BYTES;
}

export function totalBytes(entries: readonly { readonly payload: Uint8Array }[]): number {
  let sum = 0;
  for (const entry of entries) sum += entryBytes(entry);
  return sum;
}

export interface TrimLimits {
  readonly memoryEntriesMax: number;
  readonly memoryEntriesMin: number;
  readonly memoryBytesMax: number;
}

/**
 * The log of one replica: terms of all entries that are not cut, and the newest entries themselves. Indexes
 * firstIndex … memoryFirstIndex − 1 are on disk only, memoryFirstIndex … lastIndex are in memory.
 */
export class MemoryLog implements LogView {
  readonly #terms: TermRuns;
  readonly #entries: Entry[];
  #firstIndex: number;
  #memoryFirstIndex: number;
  #bytes: number;

  constructor(initial: InitialLog) {
    const { firstIndex, lastIndex, entries } = initial;
    assert(firstIndex >= 1 && lastIndex >= firstIndex - 1, `log of ${firstIndex} … ${lastIndex}`);
    this.#firstIndex = firstIndex;
    this.#memoryFirstIndex = lastIndex - entries.length + 1;
    assert(this.#memoryFirstIndex >= firstIndex, "more entries in memory than the log has");
    this.#terms = new TermRuns(initial.termRuns, firstIndex - 1);
    this.#entries = [...entries];
    this.#bytes = totalBytes(entries);
    for (const [at, entry] of entries.entries()) {
      const index = this.#memoryFirstIndex + at;
      const term = this.#terms.termOf(index);
      assert(
        entry.index === index && entry.term === term,
        `entry (${entry.index}, term ${entry.term}) where (${index}, term ${term}) belongs`,
      );
    }
  }

  get firstIndex(): number {
    return this.#firstIndex;
  }
  /** lastIndex + 1 when no entry is in memory. */
  get memoryFirstIndex(): number {
    return this.#memoryFirstIndex;
  }
  get lastIndex(): number {
    return this.#memoryFirstIndex + this.#entries.length - 1;
  }
  get lastTerm(): number {
    return this.#terms.termOf(this.lastIndex);
  }
  /** Of the entries in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  term(index: number): number | undefined {
    if (index < this.#firstIndex - 1 || index > this.lastIndex) return undefined;
    return this.#terms.termOf(index);
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    if (from < this.#memoryFirstIndex) return undefined;
    const begin = from - this.#memoryFirstIndex;
    const limit = Math.min(to - this.#memoryFirstIndex, this.#entries.length);
    let end = begin;
    let bytes = 0;
    while (end < limit) {
      bytes += entryBytes(this.#entries[end] as Entry);
      if (bytes > maxBytes && end > begin) break;
      end++;
    }
    return this.#entries.slice(begin, end);
  }

  /** Largest index ≤ `index` with a term ≤ `term`: where a log that differs at `index` may still match (thesis section 5.3). */
  lastIndexWithTermAtMost(index: number, term: number): number | undefined {
    return this.#terms.lastIndexWithTermAtMost(Math.min(index, this.lastIndex), term);
  }

  /** Bytes of [from, to), which are in memory. */
  bytesOf(from: number, to: number): number {
    assert(from >= this.#memoryFirstIndex && to <= this.lastIndex + 1, `entries ${from} … ${to - 1} are not in memory`);
    let sum = 0;
    for (let at = from; at < to; at++) sum += entryBytes(this.#entries[at - this.#memoryFirstIndex] as Entry);
    return sum;
  }

  /** Appends entries[skip …], which follow the log; their bytes. */
  append(entries: readonly Entry[], skip: number): number {
    let added = 0;
    for (let at = skip; at < entries.length; at++) {
      const entry = entries[at] as Entry;
      assert(entry.index === this.lastIndex + 1, `entry ${entry.index} does not follow ${this.lastIndex}`);
      this.#terms.extend(entry.index, entry.term);
      this.#entries.push(entry);
      added += entryBytes(entry);
    }
    this.#bytes += added;
    return added;
  }

  /** Drops `index` and all behind it; their bytes. Only entries in memory are ever dropped: what is on disk only has been applied. */
  truncateFrom(index: number): number {
    const removed = this.bytesOf(index, this.lastIndex + 1);
    this.#entries.length = index - this.#memoryFirstIndex;
    this.#terms.truncateFrom(index);
    this.#bytes -= removed;
    return removed;
  }

  /** Lets go of applied entries when too many, or too many bytes, are in memory. Three quarters of the bytes stay, so that it runs rarely. */
  trim(applied: number, limits: TrimLimits): void {
    const tooMany = this.#entries.length > limits.memoryEntriesMax;
    if (!tooMany && this.#bytes <= limits.memoryBytesMax) return;
    const bytesGoal = this.#bytes > limits.memoryBytesMax ? limits.memoryBytesMax * 0.75 : limits.memoryBytesMax;
    const countGoal = tooMany ? limits.memoryEntriesMin : limits.memoryEntriesMax;
    const droppable = Math.min(applied - this.#memoryFirstIndex + 1, this.#entries.length);
    let drop = 0;
    let bytes = this.#bytes;
    while (drop < droppable && (this.#entries.length - drop > countGoal || bytes > bytesGoal)) {
      bytes -= entryBytes(this.#entries[drop] as Entry);
      drop++;
    }
    this.#dropHead(drop, bytes);
  }

  /** Entries before `index` are gone from the disk: forget their terms too. */
  cutBefore(index: number): void {
    if (index <= this.#firstIndex) return;
    assert(index <= this.lastIndex + 1, `log cut before ${index}, behind its end ${this.lastIndex}`);
    const drop = Math.max(0, index - this.#memoryFirstIndex);
    this.#dropHead(drop, this.#bytes - this.bytesOf(this.#memoryFirstIndex, this.#memoryFirstIndex + drop));
    this.#terms.cutBefore(index - 1);
    this.#firstIndex = index;
  }

  #dropHead(count: number, bytesLeft: number): void {
    if (count === 0) return;
    this.#entries.splice(0, count);
    this.#memoryFirstIndex += count;
    this.#bytes = bytesLeft;
  }
}
