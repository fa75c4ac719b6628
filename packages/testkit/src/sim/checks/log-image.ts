import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import { Violation } from "./violation.ts";

/** One entry as it stands in a node's log file. `crc` covers the whole record, so equal checksums are equal entries. */
interface Slot {
  readonly term: number;
  readonly crc: number;
  isDurable: boolean;
}

/** What a node's log files hold of one group, read from the bytes that were written, not from what the program believes. */
class GroupImage {
  /** slots[i] is the entry at index i; a hole where it was cut or never seen. */
  readonly slots: (Slot | undefined)[] = [];
  votes = new Map<number, NodeId>();
}

/**
 * The logs of one node as its disk has them, from watching the writes to its segment files. Knows nothing of the program's own
 * bookkeeping, so that it can contradict it.
 */
export class LogImage {
  readonly node: NodeId;
  readonly #groups = new Map<GroupNumber, GroupImage>();
  /** Written and not synced, by file. */
  readonly #unsynced = new Map<string, Slot[]>();

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

  /** An entry was written. What stood at its index and behind it is replaced, unless it is the same entry (written again at recovery). */
  entry(path: string, group: GroupNumber, index: number, term: number, crc: number): void {
    const { slots } = this.#group(group);
    const before = slots[index];
    if (before?.crc === crc && before.term === term) {
      this.#wait(path, before);
      return;
    }
    const slot: Slot = { term, crc, isDurable: false };
    slots.length = Math.min(slots.length, index);
    slots[index] = slot;
    this.#wait(path, slot);
  }

  #wait(path: string, slot: Slot): void {
    const waiting = this.#unsynced.get(path);
    if (waiting === undefined) this.#unsynced.set(path, [slot]);
    else waiting.push(slot);
  }

  /** One vote a term, also over restarts: a term's vote may go from nobody to somebody once. */
  hardState(group: GroupNumber, term: number, vote: NodeId): void {
    if (vote === 0) return;
    const { votes } = this.#group(group);
    const before = votes.get(term) ?? vote;
    if (before !== vote)
      throw new Violation(
        "one vote a term",
        `node ${this.node} voted for ${before} and ${vote} in term ${term} of ${groupName(group)}`,
      );
    votes.set(term, vote);
  }

  /** What is being synced from now on: call the result when the sync has returned. */
  beginSync(path: string): () => void {
    const syncing = this.#unsynced.get(path) ?? [];
    this.#unsynced.delete(path);
    return () => {
      for (const slot of syncing) slot.isDurable = true;
    };
  }

  /** The machine lost power: what follows is read again from what its disk kept. Votes that were seen stay promised. */
  lostMemory(): void {
    this.#unsynced.clear();
    for (const image of this.#groups.values()) image.slots.length = 0;
  }

  term(group: GroupNumber, index: number): number | undefined {
    return this.#groups.get(group)?.slots[index]?.term;
  }

  crc(group: GroupNumber, index: number): number | undefined {
    return this.#groups.get(group)?.slots[index]?.crc;
  }

  hasDurable(group: GroupNumber, index: number, crc: number): boolean {
    const slot = this.#groups.get(group)?.slots[index];
    return slot?.isDurable === true && slot.crc === crc;
  }
}
