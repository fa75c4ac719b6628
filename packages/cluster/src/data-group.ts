import type { Clock, GroupNumber, Logger, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, RingtideError } from "@ringtide/common";
import { type ApplyOutcome, addsRows, type ReplicaStorage } from "@ringtide/engine";
import type { Entry, RaftStatus } from "@ringtide/raft";
import { EntryKind } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import { DiskRoom } from "./disk-room.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import type { Leadership } from "./leadership.ts";
import type { RaftGroup } from "./raft-group.ts";

/** When the leader closes the memtable into a file. */
interface ClosePolicy {
  readonly memtableCloseBytes: number;
  readonly logCloseBytes: number;
  /** New writes are refused (OVERLOADED) while open and closing memtables hold more than this. */
  readonly memtableLimitBytes: number;
}

/** Applies the log of a data group to its storage. */
export function dataMachine(storage: ReplicaStorage): { apply(entry: Entry): ApplyOutcome } {
  return {
    apply(entry) {
      switch (entry.kind) {
        case EntryKind.PHYSICAL_PLAN:
          return storage.apply(entry.index, entry.payload);
        case EntryKind.CLOSE_FILE:
          storage.closeFile(entry.index);
          return { ok: true, affected: 0 };
        case EntryKind.EMPTY_CONTENT:
        case EntryKind.CONFIG_CHANGE:
          storage.skip(entry.index);
          return { ok: true, affected: 0 };
        case EntryKind.ADD_NODE:
        case EntryKind.REMOVE_NODE:
          throw new RingtideError(
            "FORMAT_UNKNOWN",
            `entry ${entry.index} of kind ${entry.kind} does not belong in a data group`,
          );
      }
    },
  };
}

export interface DataGroupOptions {
  readonly raft: RaftGroup;
  readonly storage: ReplicaStorage;
  readonly log: RaftLog;
  readonly policy: ClosePolicy;
  readonly self: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writeTimeoutMs: number;
  readonly diskWatch: DiskWatch;
  /** As the peer's beats tell it. */
  readonly diskLevelOf: (peer: NodeId) => DiskLevel;
  readonly leadership: Leadership;
}

/** While the disk is nearly full, a group that holds more of the log than this closes its memtable: its part of the log may then go. */
const LOW_DISK_LOG_CLOSE_BYTES = 1024 * 1024;
const MAINTENANCE_INTERVAL_MS = 200;

/** One replica of a data group on this node: its consensus, its storage, and what keeps both in shape. */
export class DataGroup {
  readonly group: GroupNumber;
  readonly raft: RaftGroup;
  readonly storage: ReplicaStorage;
  readonly #options: DataGroupOptions;
  #closeProposed = false;
  #nextMaintenanceMs = 0;
  readonly #room: DiskRoom;
  #cutBelow = 0;

  constructor(options: DataGroupOptions) {
    this.#options = options;
    this.raft = options.raft;
    this.storage = options.storage;
    this.group = options.raft.group;
    this.#room = new DiskRoom(options);
  }

  /** Checks a write in full, then replicates and applies it. */
  async propose(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (proposal.kind === EntryKind.CLOSE_FILE) return this.flush(timeoutMs);
    if (proposal.kind !== EntryKind.PHYSICAL_PLAN) {
      throw new RingtideError("FRAME_MALFORMED", `entries of kind ${proposal.kind} are not proposed from outside`);
    }
    if (this.storage.memtableBytes > this.#options.policy.memtableLimitBytes) {
      throw new RingtideError(
        "OVERLOADED",
        `${groupName(this.group)}: memory for writes is used up until files are closed`,
      );
    }
    // A new leader may have to apply first what its predecessors acknowledged.
    const { leaderReady } = this.#requireLeader();
    this.#requireRoom(proposal.payload);
    this.storage.check(proposal.payload, leaderReady);
    return this.raft.propose(proposal, timeoutMs);
  }

  /** Rows need disks above the first water mark, deletes and schema above the second, flushes none. A leader without room looks for another. */
  #requireRoom(payload: Uint8Array): void {
    try {
      this.#room.require(addsRows(payload) ? 1 : 2);
    } catch (error) {
      if (!this.#options.leadership.handOver()) throw error;
      throw new RingtideError("NOT_LEADER", `${groupName(this.group)} is being handed to a node with more free disk`, {
        details: { leader: this.raft.status().transferTo },
      });
    }
  }

  #requireLeader(): RaftStatus {
    if (this.raft.stopped !== undefined) throw this.raft.stopped;
    const status = this.raft.status();
    const { role, leader } = status;
    if (role === "leader") return status;
    throw new RingtideError(
      leader === 0 ? "NO_LEADER" : "NOT_LEADER",
      `node ${this.#options.self} does not lead ${groupName(this.group)}`,
      { details: { leader } },
    );
  }

  /** Closes the memtable through the log; resolves when this node's file is durable. */
  async flush(timeoutMs: number): Promise<Applied> {
    const applied = await this.raft.propose(
      { group: this.group, kind: EntryKind.CLOSE_FILE, session: 0, sequence: 0, payload: new Uint8Array(0) },
      timeoutMs,
    );
    await this.storage.settled();
    return applied;
  }

  /** Called on each tick of the node. */
  tick(): void {
    this.raft.tick();
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#nextMaintenanceMs || this.raft.stopped !== undefined) return;
    this.#nextMaintenanceMs = nowMs + MAINTENANCE_INTERVAL_MS;
    this.#cutLog();
    this.#options.leadership.tick();
    if (this.raft.status().role === "leader") this.#closeWhenFull();
  }

  /**
   * A full memtable is closed, and so is any group that holds too much of the node's log: also one without rows, since its few entries
   * would keep all later segments of the other groups.
   */
  #closeWhenFull(): void {
    const { policy, log, logger, diskWatch } = this.#options;
    const { storage } = this;
    if (this.#closeProposed || this.raft.status().applied <= storage.checkpointIndex) return;
    const logBytes = log.bytesFrom(this.group, storage.checkpointIndex + 1);
    const logLimitBytes = diskWatch.level === 0 ? policy.logCloseBytes : LOW_DISK_LOG_CLOSE_BYTES;
    if (storage.memtableBytes < policy.memtableCloseBytes && logBytes < logLimitBytes) return;
    this.#closeProposed = true;
    this.flush(this.#options.writeTimeoutMs)
      .catch((error: unknown) => {
        const known = asRingtideError(error);
        logger.warn("could not close a file", {
          code: known.code,
          group: groupName(this.group),
          reason: known.message,
        });
      })
      .finally(() => {
        this.#closeProposed = false;
      });
  }

  /** The log before the checkpoint is cut as far as every replica has it: until snapshots exist, the slowest decides. */
  #cutLog(): void {
    const status = this.raft.status();
    const below = Math.min(this.storage.checkpointIndex, status.allMatch) + 1;
    if (below <= this.#cutBelow || below <= 1) return;
    this.#cutBelow = below;
    this.#options.log.cut(this.group, below).then(
      () => this.raft.logCut(below),
      (error: unknown) => this.raft.stop(asRingtideError(error)),
    );
  }

  async close(): Promise<void> {
    this.raft.stop(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.raft.idle();
    await this.storage.close();
  }
}
