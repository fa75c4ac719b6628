import type { NodeId } from "@ringtide/common";
import { decodeConfiguration } from "./configuration.ts";
import { isVoter } from "./quorum.ts";
import { type Configuration, type Entry, EntryKind } from "./types.ts";

interface Place {
  readonly index: number;
  readonly configuration: Configuration;
}

/**
 * The configurations along a log: in force is the last in it, committed or not (thesis section 4.1), so that a replica whose log is cut back falls
 * back to the one before. Kept are those that can still be cut off, and the one before them.
 */
export class ConfigurationLog {
  readonly #places: Place[];
  #last: Place;

  /** `configuration` as of `applied`, before all entries that will be noted. */
  constructor(configuration: Configuration, applied: number) {
    this.#last = { index: applied, configuration };
    this.#places = [this.#last];
  }

  /** In force. */
  get current(): Configuration {
    return this.#last.configuration;
  }
  /** Index of the entry that the one in force comes from. */
  get index(): number {
    return this.#last.index;
  }

  /** Votes in the one in force, or in one before it that may still count because what follows is not known to be committed. */
  mayVoteIn(id: NodeId, commit: number): boolean {
    for (let at = this.#places.length - 1; at >= 0; at--) {
      const { index, configuration } = this.#places[at] as Place;
      if (isVoter(configuration, id)) return true;
      if (index <= commit) return false;
    }
    return false;
  }

  /** entries[skip …] were appended; what lies before `commit` stays. True: another configuration is in force. */
  note(entries: readonly Entry[], skip: number, commit: number): boolean {
    const before = this.#last;
    for (let at = skip; at < entries.length; at++) {
      const entry = entries[at] as Entry;
      if (entry.kind === EntryKind.CONFIG_CHANGE && entry.index > before.index) this.#push(entry, commit);
    }
    return this.#last !== before;
  }

  #push(entry: Entry, commit: number): void {
    const settled = this.#places.findLastIndex((place) => place.index <= commit);
    this.#places.splice(0, Math.max(0, settled));
    this.#last = { index: entry.index, configuration: decodeConfiguration(entry.payload) };
    this.#places.push(this.#last);
  }

  /** `index` and all behind it were dropped; the first place, which is committed, stays. */
  truncateFrom(index: number): void {
    while (this.#places.length > 1 && this.#last.index >= index) {
      this.#places.pop();
      this.#last = this.#places[this.#places.length - 1] as Place;
    }
  }
}
