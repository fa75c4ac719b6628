import type { Clock, GroupNumber, Logger, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, RingtideError } from "@ringtide/common";
import { addsRows, type ReplicaStorage, type SnapshotManifest } from "@ringtide/engine";
import { type Configuration, EntryKind, type RaftCore, type RaftStatus } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import type { DataMachine } from "./data-machine.ts";
import { DiskRoom } from "./disk-room.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import type { Leadership } from "./leadership.ts";
import { firstIndexToKeep, type LogRetention } from "./log-retention.ts";
import type { RaftGroup } from "./raft-group.ts";
import { whenRoom } from "./when-room.ts";
import { within } from "./within.ts";

/** When the leader closes the memtable into a file. */
interface ClosePolicy {
  readonly memtableCloseBytes: number;
  readonly logCloseBytes: number;
  /** New writes are refused (OVERLOADED) while open and closing memtables hold more than this. */
  readonly memtableLimitBytes: number;
}

/** A replica as its node's disk has it. */
export interface Replica {
  readonly storage: ReplicaStorage;
  /** Of the storage's checkpoint. */
  readonly configuration: Configuration;
  readonly core: RaftCore;
}

/** What replaces the state of a replica whose storage is closed. */
interface ReplicaSource {
  present(manifest: SnapshotManifest): Promise<ReadonlySet<string>>;
  install(directory: string, manifest: SnapshotManifest): Promise<void>;
  open(): Promise<Replica>;
}

export interface DataGroupOptions {
  readonly raft: RaftGroup;
  readonly machine: DataMachine;
  readonly source: ReplicaSource;
  readonly log: RaftLog;
  readonly policy: ClosePolicy & LogRetention;
  /** Entries behind this index are needed by the receiver of a snapshot. */
  readonly pinnedIndex: () => number | undefined;
  readonly onDamage: (group: GroupNumber) => void;
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
  readonly #machine: DataMachine;
  readonly #options: DataGroupOptions;
  #closeProposed = false;
  #nextMaintenanceMs = 0;
  readonly #room: DiskRoom;

  constructor(options: DataGroupOptions) {
    this.#options = options;
    this.raft = options.raft;
    this.#machine = options.machine;
    this.group = options.raft.group;
    this.#room = new DiskRoom(options);
    this.#watchDamage();
  }

  get storage(): ReplicaStorage {
    return this.#machine.storage;
  }

  #watchDamage(): void {
    this.storage.onDamage(() => this.#options.onDamage(this.group));
    if (this.storage.damagedFiles().length > 0) this.#options.onDamage(this.group);
  }

  /** Data files of a manifest that this replica has, read and found good. */
  presentFiles(manifest: SnapshotManifest): Promise<ReadonlySet<string>> {
    return this.#options.source.present(manifest);
  }

  /**
   * Replaces this replica by a snapshot whose files are in `directory`, and goes on as after a restart. Rejects when the snapshot could not be
   * installed: then it goes on with the state that it had. When it cannot go on at all, the group stops here.
   */
  async install(directory: string, manifest: SnapshotManifest): Promise<void> {
    const { source, clock } = this.#options;
    await this.raft.suspend();
    try {
      await this.storage.close();
      // Whatever comes of it, the disk has the old state or the new one, and opening says which.
      const [installed] = await Promise.allSettled([source.install(directory, manifest)]);
      const { storage, configuration, core } = await whenRoom(
        clock,
        () => source.open(),
        () => this.raft.stopped,
      );
      this.#machine.replace(storage, configuration);
      this.#watchDamage();
      this.raft.resume(core);
      if (installed.status === "rejected") throw installed.reason;
    } catch (error) {
      if (this.raft.isSuspended) this.raft.fail(error);
      throw error;
    }
  }

  /** Checks a write in full, then replicates and applies it. */
  async propose(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (proposal.kind === EntryKind.CLOSE_FILE) return this.#flushWithin(timeoutMs);
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

  /** As somebody who waits for it has asked: a file may have to wait for room on the disk. */
  #flushWithin(timeoutMs: number): Promise<Applied> {
    const late = () => new RingtideError("WRITE_TIMEOUT", `${groupName(this.group)}: its file is not closed yet`);
    return within(this.#flush(timeoutMs), this.#options.clock, timeoutMs, late);
  }

  /** Closes the memtable through the log; resolves when this node's file is durable. */
  async #flush(timeoutMs: number): Promise<Applied> {
    const applied = await this.raft.propose(
      { group: this.group, kind: EntryKind.CLOSE_FILE, session: 0, sequence: 0, payload: new Uint8Array(0) },
      timeoutMs,
    );
    await this.storage.settled();
    return applied;
  }

  /** Called on each tick of the node. */
  tick(): void {
    if (!this.raft.isQuiet) this.raft.tick();
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
    this.#flush(this.#options.writeTimeoutMs)
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

  #cutLog(): void {
    const { log, policy, pinnedIndex } = this.#options;
    const { checkpointIndex } = this.storage;
    this.raft.cutLog(firstIndexToKeep(this.raft.status(), checkpointIndex, pinnedIndex(), log.sizeBytes(), policy));
  }

  async close(): Promise<void> {
    this.raft.stop(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.raft.idle();
    await this.storage.close();
  }
}
