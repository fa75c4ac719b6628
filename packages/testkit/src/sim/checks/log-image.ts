import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import { Violation } from "./violation.ts";

/** One entry as it stands in a node's log file. `crc` covers the whole record, so equal checksums are equal entries. */
interface Slot {
  readonly term: number;
  readonly crc: number;
  isDurable: boolean;
}

interface Vote {
  readonly group: GroupNumber;
  readonly term: number;
  readonly vote: NodeId;
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
  readonly #unsyncedVotes = new Map<string, Vote[]>();

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

  /** A vote counts once it is durable: before that it is promised to nobody, and a crash may take it back. */
  hardState(path: string, group: GroupNumber, term: number, vote: NodeId): void {
    if (vote === 0) return;
    const waiting = this.#unsyncedVotes.get(path);
    if (waiting === undefined) this.#unsyncedVotes.set(path, [{ group, term, vote }]);
    else waiting.push({ group, term, vote });
  }

  /** One vote a term, also over restarts. */
  #voted({ group, term, vote }: Vote): void {
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
    const votes = this.#unsyncedVotes.get(path) ?? [];
    this.#unsynced.delete(path);
    this.#unsyncedVotes.delete(path);
    return () => {
      for (const slot of syncing) slot.isDurable = true;
      for (const vote of votes) this.#voted(vote);
    };
  }

  /** The machine lost power: what follows is read again from what its disk kept. Votes that were seen stay promised. */
  lostMemory(): void {
    this.#unsynced.clear();
    this.#unsyncedVotes.clear();
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
