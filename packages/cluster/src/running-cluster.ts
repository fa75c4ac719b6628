import type { GroupNumber, Kv, NodeId } from "@ringtide/common";
import { asRingtideError, hasCode, META_GROUP, RingtideError } from "@ringtide/common";
import type { SnapshotManifest } from "@ringtide/engine";
import type { Message } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import type { ClusterOptions } from "./cluster-options.ts";
import { Coordinator } from "./coordinator.ts";
import type { DataGroup } from "./data-group.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import { callMetadata, maxMessageBytes } from "./doors.ts";
import { DropTask } from "./drop-task.ts";
import type { FormationRecord } from "./formation.ts";
import { groupDirectory, type OpenMeta, openDataGroup, openMetaGroup } from "./group-opener.ts";
import { GroupTicker } from "./group-ticker.ts";
import type { Leadership } from "./leadership.ts";
import { MetaLogCutter, type MetaStore } from "./meta-group.ts";
import { NodeHealth } from "./node-health.ts";
import { askStatus } from "./node-status.ts";
import type { RaftGroup } from "./raft-group.ts";
import { type SnapshotGroup, Snapshots } from "./snapshot/snapshots.ts";
import { type NodeStatus, replicaStatus } from "./status.ts";
import { Transport } from "./transport.ts";
import { TurnQueue } from "./turn-queue.ts";
import { whenRoom } from "./when-room.ts";

/** Everything that runs on a node once its cluster has formed: the groups, their transport, the coordinator and the tick. */
export class RunningCluster {
  readonly record: FormationRecord;
  readonly self: NodeId;
  readonly transport: Transport;
  readonly coordinator: Coordinator;
  readonly snapshots: Snapshots;
  readonly #options: ClusterOptions;
  readonly #log: RaftLog;
  readonly #health: NodeHealth;
  readonly #diskWatch: DiskWatch;
  readonly #meta: OpenMeta;
  readonly #metaStore: MetaStore;
  readonly #metaRaft: RaftGroup;
  readonly #metaLeadership: Leadership;
  readonly #metaCutter: MetaLogCutter;
  readonly #dataGroups: Map<GroupNumber, DataGroup>;
  readonly #dropTask: DropTask;
  readonly #ticker: GroupTicker;

  private constructor(parts: {
    options: ClusterOptions;
    record: FormationRecord;
    self: NodeId;
    log: RaftLog;
    transport: Transport;
    health: NodeHealth;
    diskWatch: DiskWatch;
    meta: OpenMeta;
    dataGroups: Map<GroupNumber, DataGroup>;
    snapshots: Snapshots;
  }) {
    this.#options = parts.options;
    this.record = parts.record;
    this.self = parts.self;
    this.transport = parts.transport;
    this.#log = parts.log;
    this.#health = parts.health;
    this.#diskWatch = parts.diskWatch;
    this.#meta = parts.meta;
    this.#metaStore = parts.meta.store;
    this.#metaRaft = parts.meta.raft;
    this.#metaLeadership = parts.meta.leadership;
    this.#dataGroups = parts.dataGroups;
    this.snapshots = parts.snapshots;
    this.#metaCutter = new MetaLogCutter({
      store: parts.meta.store,
      raft: parts.meta.raft,
      log: parts.log,
      clock: parts.options.ports.clock,
      retention: parts.options,
      pinnedIndex: () => parts.snapshots.pinnedIndex(META_GROUP),
    });
    this.#ticker = new GroupTicker({
      pace: parts.options,
      peers: parts.record.members.map((member) => member.id).filter((id) => id !== parts.self),
      transport: parts.transport,
      health: parts.health,
      clock: parts.options.ports.clock,
      logger: parts.options.ports.logger,
      rafts: () => this.#rafts(),
      onSilence: (peer, meta) => this.#wakeGroupsWith(peer, meta),
      tickGroups: () => this.#tickGroups(),
    });
    this.coordinator = new Coordinator({
      self: parts.self,
      options: parts.options,
      metaState: parts.meta.store.state,
      metaRaft: parts.meta.raft,
      dataGroups: parts.dataGroups,
      transport: parts.transport,
      diskWatch: parts.diskWatch,
    });
    this.#dropTask = new DropTask({
      state: parts.meta.store.state,
      coordinator: this.coordinator,
      statuses: () => this.clusterStatus(),
      clock: parts.options.ports.clock,
      logger: parts.options.ports.logger,
    });
  }

  /** Recovers the groups of this node from its directories and connects to the other members. Not ticking yet. */
  static async open(
    options: ClusterOptions,
    record: FormationRecord,
    self: NodeId,
    kv: Kv,
    log: RaftLog,
    diskWatch: DiskWatch,
  ): Promise<RunningCluster> {
    const { ports } = options;
    const health = new NodeHealth(ports.clock, log, diskWatch, options.tickMs);
    let cluster: RunningCluster | undefined;
    const transport = new Transport({
      self,
      members: record.members,
      metadata: callMetadata(record, self, options.internalSecret),
      net: ports.net,
      clock: ports.clock,
      logger: ports.logger,
      metrics: ports.metrics,
      connectTimeoutMs: options.connectTimeoutMs,
      maxMessageBytes: maxMessageBytes(options),
      maxQueuedBytesPerPeer: options.maxEntryBytes * 4,
      proofOfLife: () => health.proof(),
      onMessage: (message) => cluster?.deliver(message),
      onLoss: (peer, meta) => cluster?.reportLoss(peer, meta),
    });
    const send = (message: Message) => transport.send(message);
    await diskWatch.start();
    const isStalled = (peer: NodeId) => {
      const { oldestPendingSyncMs = 0, longestTurnMs = 0 } = transport.proofOf(peer) ?? {};
      return oldestPendingSyncMs >= options.diskStallLimitMs || longestTurnMs >= options.loopStallLimitMs;
    };
    const provesLife = (peer: NodeId) => transport.proofOf(peer) !== undefined && !isStalled(peer);
    const diskLevelOf = (peer: NodeId) => transport.proofOf(peer)?.diskLevel ?? 0;
    const isUp = (peer: NodeId) => cluster?.coordinator.isAlive(peer) ?? true;
    const onLeaderChanged = (group: GroupNumber, leader: NodeId) => transport.leaderChanged(group, leader);
    const snapshots = new Snapshots({
      ...ports,
      ...options,
      self,
      groupOf: (group) => cluster?.snapshotGroup(group),
      connectionTo: (peer) => transport.bulkConnection(peer),
      roomBytes: () => diskWatch.freeBytes - options.diskReserveBytes,
    });
    await snapshots.start();
    const context = {
      options,
      record,
      self,
      kv,
      log,
      send,
      turns: new TurnQueue(ports.clock),
      diskWatch,
      diskLevelOf,
      provesLife,
      isStalled,
      isUp,
      onLeaderChanged,
      onSnapshotOffer: (group: GroupNumber, from: NodeId, index: number) => snapshots.offered(group, from, index),
      pinnedIndex: (group: GroupNumber) => snapshots.pinnedIndex(group),
      onDamage: (group: GroupNumber) => snapshots.damaged(group),
    };
    const meta = await openMetaGroup(context);
    const dataGroups = new Map<GroupNumber, DataGroup>();
    for (const plan of meta.store.state.table.groups) {
      if (!plan.members.includes(self)) continue;
      dataGroups.set(plan.group, await openDataGroup(context, plan));
    }
    cluster = new RunningCluster({
      options,
      record,
      self,
      log,
      transport,
      health,
      diskWatch,
      meta,
      dataGroups,
      snapshots,
    });
    const opened = cluster;
    opened.#heedDisk(diskWatch.level);
    diskWatch.onChange((level) => opened.#heedDisk(level));
    return opened;
  }

  /** Starts the tick that drives elections, beats and upkeep. */
  start(): void {
    this.#ticker.start();
  }

  #tickGroups(): void {
    this.snapshots.tick();
    if (!this.#metaRaft.isQuiet) this.#metaRaft.tick();
    this.#metaCutter.tick();
    this.#metaLeadership.tick();
    for (const group of this.#dataGroups.values()) group.tick();
    if (this.#metaRaft.status().leaderReady) this.#dropTask.tick();
  }

  /** The meta group takes its few small entries as long as it can: membership is among them. */
  #heedDisk(level: DiskLevel): void {
    for (const group of this.#dataGroups.values()) group.raft.refuseEntries(level === 2);
  }

  *#rafts(): Generator<RaftGroup> {
    yield this.#metaRaft;
    for (const group of this.#dataGroups.values()) yield group.raft;
  }

  #raft(group: GroupNumber): RaftGroup | undefined {
    return group === META_GROUP ? this.#metaRaft : this.#dataGroups.get(group)?.raft;
  }

  deliver(message: Message): void {
    const proof = this.transport.proofOf(message.from);
    // A leader that cannot prove its life is not alive to us: our election timer goes on.
    if (
      message.type === "heartbeat" &&
      proof !== undefined &&
      proof.oldestPendingSyncMs > this.#options.diskStallLimitMs
    )
      return;
    this.#raft(message.group)?.step(message);
  }

  /** What moves files between replicas asks here for a group of this node. */
  snapshotGroup(group: GroupNumber): SnapshotGroup | undefined {
    const directory = groupDirectory(this.#options, group);
    if (group === META_GROUP) {
      const { raft, store } = this.#meta;
      return {
        raft,
        exporter: store,
        install: (from, manifest) => this.#installMeta(from, manifest),
        present: async () => new Set(),
        storage: undefined,
        directory,
        members: this.metaState.members.map((member) => member.id),
      };
    }
    const found = this.#dataGroups.get(group);
    if (found === undefined) return undefined;
    const { raft, storage } = found;
    return {
      raft,
      exporter: storage,
      install: (from, manifest) => found.install(from, manifest),
      present: (manifest) => found.presentFiles(manifest),
      storage,
      directory,
      members: this.metaState.table.membersOf(group),
    };
  }

  async #installMeta(directory: string, manifest: SnapshotManifest): Promise<void> {
    const { raft, store, reopenCore } = this.#meta;
    await raft.suspend();
    try {
      const [installed] = await Promise.allSettled([store.install(directory, manifest)]);
      raft.resume(await whenRoom(this.#options.ports.clock, reopenCore, () => raft.stopped));
      if (installed.status === "rejected") throw installed.reason;
    } catch (error) {
      if (raft.isSuspended) raft.fail(error);
      throw error;
    }
  }

  #wakeGroupsWith(peer: NodeId, meta: boolean): void {
    if (meta) this.#metaRaft.wake();
    else
      for (const { group, raft } of this.#dataGroups.values())
        if (this.metaState.table.membersOf(group).includes(peer)) raft.wake();
  }

  reportLoss(peer: NodeId, meta: boolean): void {
    for (const raft of this.#rafts()) if ((raft.group === META_GROUP) === meta) raft.reportUnreachable(peer);
  }

  get metaState() {
    return this.#metaStore.state;
  }

  dataGroup(group: GroupNumber): DataGroup | undefined {
    return this.#dataGroups.get(group);
  }

  localStatus(): NodeStatus {
    const replicas = [replicaStatus(this.#metaRaft, this.#metaStore.checkpointIndex)];
    for (const group of this.#dataGroups.values())
      replicas.push(replicaStatus(group.raft, group.storage.checkpointIndex));
    const diskFreeBytes = Number.isFinite(this.#diskWatch.freeBytes) ? this.#diskWatch.freeBytes : null;
    return { node: this.self, ...this.#health.proof(), diskFreeBytes, replicas };
  }

  /** Status of every member; undefined for one that does not answer within a second. */
  async clusterStatus(): Promise<ReadonlyMap<NodeId, NodeStatus | undefined>> {
    const answers = this.record.members.map(async (member): Promise<[NodeId, NodeStatus | undefined]> => {
      if (member.id === this.self) return [member.id, this.localStatus()];
      try {
        return [member.id, await askStatus(this.transport, member.id)];
      } catch (error) {
        if (!hasCode(error, "NET_UNREACHABLE", "NET_TIMEOUT", "NET_CLOSED", "NOT_FORMED", "SHUTTING_DOWN")) {
          this.#options.ports.logger.warn("a member refuses status", {
            node: member.id,
            reason: asRingtideError(error).message,
          });
        }
        return [member.id, undefined];
      }
    });
    return new Map(await Promise.all(answers));
  }

  async close(): Promise<void> {
    this.#ticker.close();
    this.#diskWatch.stop();
    // Ends what waits for a group, as the installation of a snapshot may.
    for (const raft of this.#rafts()) raft.stop(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.snapshots.close();
    this.transport.close();
    await this.#metaRaft.idle();
    await this.#metaStore.close();
    for (const group of this.#dataGroups.values()) await group.close();
    await this.#log.close();
  }
}
