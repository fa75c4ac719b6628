import {
  type Clock,
  type Connection,
  type Disk,
  type GroupNumber,
  groupName,
  hexBytes,
  type Logger,
  type NodeId,
  RingtideError,
} from "@ringtide/common";
import type { ReplicaStorage, SnapshotManifest } from "@ringtide/engine";
import type { FilePartRequest } from "@ringtide/proto";
import { decodeGroupState } from "../group-state.ts";
import type { RaftGroup } from "../raft-group.ts";
import { FileRepair } from "./file-repair.ts";
import { SnapshotPuller } from "./puller.ts";
import { type SnapshotExporter, SnapshotSource } from "./source.ts";

/** A group as it takes part in snapshots. */
export interface SnapshotGroup {
  readonly raft: RaftGroup;
  readonly exporter: SnapshotExporter;
  install(directory: string, manifest: SnapshotManifest): Promise<void>;
  /** Names of the manifest's files that need not be in the directory for `install`. */
  present(manifest: SnapshotManifest): Promise<ReadonlySet<string>>;
  /** Data groups only. */
  readonly storage: ReplicaStorage | undefined;
  /** Of its data files. */
  readonly directory: string;
  readonly members: readonly NodeId[];
}

export interface SnapshotsOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly self: NodeId;
  readonly dataDirectory: string;
  readonly catchUpTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly snapshotBytesPerSecond: number;
  readonly groupOf: (group: GroupNumber) => SnapshotGroup | undefined;
  readonly connectionTo: (peer: NodeId) => Connection;
  /** Free space that incoming snapshots may take. */
  readonly roomBytes: () => number;
}

const UPKEEP_INTERVAL_MS = 1000;
/** A receiver that does not come back within this begins again. */
const KEEP_MS = 60_000;

/** Everything of a node that moves files between replicas: snapshots out, snapshots in, and single files that were damaged. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #source: SnapshotSource;
  readonly #puller: SnapshotPuller;
  readonly #repair: FileRepair;
  readonly #closed = new AbortController();
  #nextUpkeepMs = 0;
  #upkeep: Promise<void> = Promise.resolve();

  constructor(options: SnapshotsOptions) {
    const { disk, clock, logger, dataDirectory, connectionTo, readTimeoutMs } = options;
    this.#options = options;
    this.#source = new SnapshotSource({
      disk,
      clock,
      logger,
      directory: `${dataDirectory}/snapshots`,
      bytesPerSecond: options.snapshotBytesPerSecond,
      keepMs: KEEP_MS,
      onRotten: (group, name) => this.#verify(group, name),
    });
    this.#puller = new SnapshotPuller({
      disk,
      clock,
      logger,
      directory: `${dataDirectory}/incoming`,
      timeoutMs: options.catchUpTimeoutMs,
      partTimeoutMs: readTimeoutMs,
      connectionTo,
      roomBytes: options.roomBytes,
      isNeeded: (group, index) => this.#isNeeded(group, index),
      present: (manifest) => this.#require(manifest.group).present(manifest),
      install: (group, directory, manifest) => this.#install(group, directory, manifest),
    });
    this.#repair = new FileRepair({
      disk,
      clock,
      logger,
      self: options.self,
      directory: `${dataDirectory}/repair`,
      timeoutMs: options.catchUpTimeoutMs,
      partTimeoutMs: readTimeoutMs,
      connectionTo,
      groupOf: options.groupOf,
    });
  }

  /** Removes what a run before left half done on the sending side. */
  async start(): Promise<void> {
    await this.#source.start();
    await this.#repair.start();
  }

  #require(group: GroupNumber): SnapshotGroup {
    const found = this.#options.groupOf(group);
    if (found === undefined)
      throw new RingtideError("NOT_LEADER", `node ${this.#options.self} holds no replica of ${groupName(group)}`);
    if (found.raft.stopped !== undefined) throw found.raft.stopped;
    return found;
  }

  /** Serves OpenSnapshot. */
  open(group: GroupNumber): Promise<SnapshotManifest> {
    return this.#source.open(group, this.#require(group).exporter);
  }

  /** Serves FilePart: a file of a held snapshot, or a data file of the live replica. */
  part({ group, snapshotIndex, name, offset }: FilePartRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (snapshotIndex !== 0) return this.#source.part(group, snapshotIndex, name, offset, signal);
    const { storage, directory } = this.#require(group);
    const isSound =
      storage?.files().some((file) => file.name === name) === true &&
      !storage.damagedFiles().some((file) => file.name === name);
    if (!isSound) throw new RingtideError("DISK_NOT_FOUND", `node ${this.#options.self} has no sound file ${name}`);
    return this.#source.send(`${directory}/${name}`, offset, signal);
  }

  /** Entries behind this index must stay in the group's log. */
  pinnedIndex(group: GroupNumber): number | undefined {
    return this.#source.pinnedIndex(group);
  }

  offered(group: GroupNumber, from: NodeId, index: number): void {
    this.#puller.offer(group, from, index);
  }

  /** A data file of the group was found damaged. */
  damaged(group: GroupNumber): void {
    this.#repair.request(group);
  }

  /** Marks the data file as damaged if it is, and not only the copy in a snapshot: it is repaired then like any other. */
  #verify(group: GroupNumber, name: string): void {
    const { logger, groupOf } = this.#options;
    groupOf(group)
      ?.storage?.verify(this.#closed.signal, { name })
      .catch((error: unknown) => {
        logger.warn("a data file could not be verified", { group: groupName(group), name, reason: String(error) });
      });
  }

  #isNeeded(group: GroupNumber, index: number): boolean {
    const raft = this.#options.groupOf(group)?.raft;
    return raft !== undefined && raft.stopped === undefined && !raft.isSuspended && raft.status().commit < index;
  }

  async #install(group: GroupNumber, directory: string, manifest: SnapshotManifest): Promise<void> {
    const state = decodeGroupState(hexBytes(manifest.groupState), `snapshot of ${groupName(group)}`);
    const found = this.#require(group);
    // The log may have got that far by itself meanwhile; what it acknowledged must not be thrown away then.
    if (state !== undefined && found.raft.needsSnapshot(manifest.index, state.term))
      await found.install(directory, manifest);
  }

  /** Called on each tick of the node. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#nextUpkeepMs) return;
    this.#nextUpkeepMs = nowMs + UPKEEP_INTERVAL_MS;
    this.#repair.tick();
    this.#upkeep = this.#upkeep
      .then(() => this.#source.tick())
      .catch((error: unknown) => {
        this.#options.logger.warn("an old snapshot could not be removed", { reason: String(error) });
      });
  }

  async close(): Promise<void> {
    this.#closed.abort(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.#puller.close();
    await this.#repair.close();
    await this.#upkeep;
  }
}
