import type { NodeId } from "@ringtide/common";
import { groupName, RingtideError } from "@ringtide/common";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { RaftGroup } from "./raft-group.ts";

interface DiskRoomParts {
  readonly self: NodeId;
  readonly raft: RaftGroup;
  readonly diskWatch: DiskWatch;
  /** As the peer's beats tell it; 0 when it has told nothing. */
  readonly diskLevelOf: (peer: NodeId) => DiskLevel;
}

/** Whether a leader's group has disk for a write: the leader's own, and that of a majority, without which it would only wait. */
export class DiskRoom {
  readonly #parts: DiskRoomParts;

  constructor(parts: DiskRoomParts) {
    this.#parts = parts;
  }

  /** DISK_FULL unless the disks that the write needs are below `level`: 1 for what adds rows, 2 for anything else. */
  require(level: 1 | 2): void {
    const { self, raft, diskWatch, diskLevelOf } = this.#parts;
    const key = level === 1 ? "disk_low_water_bytes" : "disk_reserve_bytes";
    if (diskWatch.level >= level) {
      throw new RingtideError(
        "DISK_FULL",
        `node ${self} has ${diskWatch.freeBytes} bytes of disk left, with ${key} it takes no such writes: make room, it goes on by itself`,
      );
    }
    const { voters } = raft.status().configuration;
    const full = voters.filter((voter) => voter !== self && diskLevelOf(voter) >= level);
    if (voters.length - full.length > voters.length / 2) return;
    throw new RingtideError(
      "DISK_FULL",
      `${groupName(raft.group)}: nodes ${full.join(", ")} have less disk left than their ${key}, too many for a majority: make room there`,
    );
  }
}
