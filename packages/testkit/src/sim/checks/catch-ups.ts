import type { GroupNumber, NodeId } from "@ringtide/common";
import type { RaftStatus } from "@ringtide/raft";

interface Seen {
  readonly node: NodeId;
  readonly group: GroupNumber;
  readonly incarnation: number;
  readonly status: Pick<RaftStatus, "lastIndex" | "commit">;
}

interface Behind {
  readonly incarnation: number;
  /** Last committed index when the replica began. */
  readonly until: number;
  readonly diskReads: number;
}

/** How replicas that began behind the others caught up, for the coverage table; snapshots are counted by the nodes themselves. */
export class CatchUps {
  /** Leaders asked their log on disk for entries. */
  diskReads = 0;
  /** Replicas caught up while no leader read its log. */
  fromMemory = 0;
  readonly #behind = new Map<string, Behind>();

  observe({ node, group, incarnation, status }: Seen, lastCommitted: number): void {
    const key = `${node}/${group}`;
    const behind = this.#behind.get(key);
    if (behind === undefined || behind.incarnation !== incarnation) {
      const until = status.lastIndex < lastCommitted ? lastCommitted : Number.POSITIVE_INFINITY;
      this.#behind.set(key, { incarnation, until, diskReads: this.diskReads });
    } else if (status.commit >= behind.until) {
      if (behind.diskReads === this.diskReads) this.fromMemory++;
      this.#behind.set(key, { ...behind, until: Number.POSITIVE_INFINITY });
    }
  }
}
