import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import type { Configuration } from "@ringtide/raft";
import { SECTOR_BYTES } from "../../ports/disk/sim-file.ts";
import { Violation } from "./violation.ts";

/** An entry as it stands in a log file. */
export interface LoggedEntry {
  readonly index: number;
  readonly term: number;
  /** Of the whole record, so that equal checksums are equal entries. */
  readonly crc: number;
  /** Of an entry that changes the members. */
  readonly configuration: Configuration | undefined;
  readonly path: string;
  /** In the file, bytes. */
  readonly position: number;
  readonly length: number;
}

interface Slot extends LoggedEntry {
  isDurable: boolean;
}

/** A vote on its way to the disk. */
interface Vote {
  readonly group: GroupNumber;
  readonly term: number;
  readonly vote: NodeId;
}

/** Written and not synced. */
interface Unsynced {
  readonly slots: Slot[];
  readonly votes: Vote[];
}

/** What a node's log files hold of one group, read from the bytes that were written, not from what the program believes. */
class GroupImage {
  /** slots[i] is the entry at index i; a hole where it was cut or never seen. */
  readonly slots: (Slot | undefined)[] = [];
  /** Indexes of the entries that change the members, ascending. */
  changes: number[] = [];
  /** Durable ones, by term. */
  readonly votes = new Map<number, NodeId>();
}

/**
 * The logs of one node as its disk has them, from watching the writes to its segment files. Knows nothing of the program's own
 * bookkeeping, so that it can contradict it.
 */
export class LogImage {
  readonly node: NodeId;
  readonly #groups = new Map<GroupNumber, GroupImage>();
  /** By file. */
  readonly #unsynced = new Map<string, Unsynced>();
  /** The last mark in the log: everything before it was durable when it was written. */
  #lastMark = { path: "", position: 0 };

  constructor(node: NodeId) {
    this.node = node;
  }

  #group(group: GroupNumber): GroupImage {
    let image = this.#groups.get(group);
    if (image === undefined) {
      image = new GroupImage();
      this.#groups.set(group, image);
    }
    return image;
  }

  /** An entry was written. What stood at its index and behind it is replaced, unless it was written again in its place, as recovery does. */
  entry(group: GroupNumber, entry: LoggedEntry): void {
    const image = this.#group(group);
    const { slots } = image;
    const { index, crc, path, position, configuration } = entry;
    const before = slots[index];
    if (before?.crc === crc && before.path === path && before.position === position) {
      this.#wait(path, before);
      return;
    }
    const slot: Slot = { ...entry, isDurable: before?.crc === crc && before.isDurable };
    slots.length = Math.min(slots.length, index);
    slots[index] = slot;
    image.changes = image.changes.filter((one) => one < index);
    if (configuration !== undefined) image.changes.push(index);
    this.#wait(path, slot);
  }

  mark(path: string, position: number): void {
    this.#lastMark = { path, position };
  }

  #wait(path: string, slot: Slot): void {
    this.#unsyncedOf(path).slots.push(slot);
  }

  #unsyncedOf(path: string): Unsynced {
    let unsynced = this.#unsynced.get(path);
    if (unsynced === undefined) {
      unsynced = { slots: [], votes: [] };
      this.#unsynced.set(path, unsynced);
    }
    return unsynced;
  }

  hardState(path: string, group: GroupNumber, term: number, vote: NodeId): void {
    if (vote !== 0) this.#unsyncedOf(path).votes.push({ group, term, vote });
  }

  /** One vote a term, also over restarts. What was never durable promised nothing, and may be forgotten. */
  #vote({ group, term, vote }: Vote): void {
    const { votes } = this.#group(group);
    const before = votes.get(term) ?? vote;
    if (before !== vote)
      throw new Violation(
        "one vote a term",
        `node ${this.node} voted for ${before} and ${vote} in term ${term} of ${groupName(group)}`,
      );
    votes.set(term, vote);
  }

  /** What is being synced from now on: call the result when the sync has returned. Throws when a node votes twice in a term. */
  beginSync(path: string): () => void {
    const syncing = this.#unsynced.get(path);
    this.#unsynced.delete(path);
    return () => {
      for (const slot of syncing?.slots ?? []) slot.isDurable = true;
      for (const vote of syncing?.votes ?? []) this.#vote(vote);
    };
  }

  /** The machine lost power: what follows is read again from what its disk kept. Votes that were durable stay promised. */
  lostMemory(): void {
    this.#unsynced.clear();
    this.#lastMark = { path: "", position: 0 };
    for (const image of this.#groups.values()) {
      image.slots.length = 0;
      image.changes = [];
    }
  }

  term(group: GroupNumber, index: number): number | undefined {
    return this.#groups.get(group)?.slots[index]?.term;
  }

  crc(group: GroupNumber, index: number): number | undefined {
    return this.#groups.get(group)?.slots[index]?.crc;
  }

  configuration(group: GroupNumber, index: number): Configuration | undefined {
    return this.#groups.get(group)?.slots[index]?.configuration;
  }

  /** Index of the last change of members in a range of the log. */
  lastChange(group: GroupNumber, first: number, last: number): number | undefined {
    return this.#groups.get(group)?.changes.findLast((index) => index >= first && index <= last);
  }

  /** The durable vote of a term; undefined: for nobody, or not known. */
  vote(group: GroupNumber, term: number): NodeId | undefined {
    return this.#groups.get(group)?.votes.get(term);
  }

  /** Index of the last entry that is known to have been durable even without the sectors that it lies in; 0: none. */
  lastProven(group: GroupNumber): number {
    const { path, position } = this.#lastMark;
    const limit = position - (position % SECTOR_BYTES);
    const isProven = (slot: Slot | undefined) =>
      slot !== undefined && (slot.path < path || (slot.path === path && slot.position + slot.length <= limit));
    return this.#groups.get(group)?.slots.findLast(isProven)?.index ?? 0;
  }

  hasDurable(group: GroupNumber, index: number, crc: number): boolean {
    const slot = this.#groups.get(group)?.slots[index];
    return slot?.isDurable === true && slot.crc === crc;
  }
}
