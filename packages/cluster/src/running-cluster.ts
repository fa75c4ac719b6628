import type { GroupNumber, Kv, NodeId, Timer } from "@ringtide/common";
import { asRingtideError, hasCode, META_GROUP, RingtideError } from "@ringtide/common";
import type { Message } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import type { ClusterOptions } from "./cluster-options.ts";
import { Coordinator } from "./coordinator.ts";
import type { DataGroup } from "./data-group.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import { callMetadata, maxMessageBytes } from "./doors.ts";
import { DropTask } from "./drop-task.ts";
import type { FormationRecord } from "./formation.ts";
import { openDataGroup, openMetaGroup } from "./group-opener.ts";
import type { Leadership } from "./leadership.ts";
import { MetaLogCutter, type MetaStore } from "./meta-group.ts";
import { NodeHealth } from "./node-health.ts";
import { askStatus } from "./node-status.ts";
import type { RaftGroup } from "./raft-group.ts";
import { type NodeStatus, replicaStatus } from "./status.ts";
import { Transport } from "./transport.ts";

/** Everything that runs on a node once its cluster has formed: the groups, their transport, the coordinator and the tick. */
export class RunningCluster {
  readonly record: FormationRecord;
  readonly self: NodeId;
  readonly transport: Transport;
  readonly coordinator: Coordinator;
  readonly #options: ClusterOptions;
  readonly #log: RaftLog;
  readonly #health: NodeHealth;
  readonly #diskWatch: DiskWatch;
  readonly #metaStore: MetaStore;
  readonly #metaRaft: RaftGroup;
  readonly #metaLeadership: Leadership;
  readonly #metaCutter: MetaLogCutter;
  readonly #dataGroups: Map<GroupNumber, DataGroup>;
  readonly #dropTask: DropTask;
  #tickTimer: Timer | undefined;
  #closed = false;

  private constructor(parts: {
    options: ClusterOptions;
    record: FormationRecord;
    self: NodeId;
    log: RaftLog;
    transport: Transport;
    health: NodeHealth;
    diskWatch: DiskWatch;
    metaStore: MetaStore;
    metaRaft: RaftGroup;
    metaLeadership: Leadership;
    dataGroups: Map<GroupNumber, DataGroup>;
  }) {
    this.#options = parts.options;
    this.record = parts.record;
    this.self = parts.self;
    this.transport = parts.transport;
    this.#log = parts.log;
    this.#health = parts.health;
    this.#diskWatch = parts.diskWatch;
    this.#metaStore = parts.metaStore;
    this.#metaRaft = parts.metaRaft;
    this.#metaLeadership = parts.metaLeadership;
    this.#dataGroups = parts.dataGroups;
    this.#metaCutter = new MetaLogCutter(parts.metaStore, parts.metaRaft, parts.log, parts.options.ports.clock);
    this.coordinator = new Coordinator({
      self: parts.self,
      options: parts.options,
      metaState: parts.metaStore.state,
      metaRaft: parts.metaRaft,
      dataGroups: parts.dataGroups,
      transport: parts.transport,
      diskWatch: parts.diskWatch,
    });
    this.#dropTask = new DropTask({
      state: parts.metaStore.state,
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
    const context = {
      options,
      record,
      self,
      kv,
      log,
      send,
      diskWatch,
      diskLevelOf,
      provesLife,
      isStalled,
      isUp,
      onLeaderChanged,
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
      metaStore: meta.store,
      metaRaft: meta.raft,
      metaLeadership: meta.leadership,
      dataGroups,
    });
    const opened = cluster;
    opened.#heedDisk(diskWatch.level);
    diskWatch.onChange((level) => opened.#heedDisk(level));
    return opened;
  }

  /** Starts the tick that drives elections, beats and upkeep. */
  start(): void {
    const { clock } = this.#options.ports;
    const run = () => {
      if (this.#closed) return;
      this.#tickTimer = clock.setTimer(this.#options.tickMs, run);
      const lateMs = this.#health.tick();
      // After a stall of our own, what the sockets hold is read first: else we would campaign against a leader whose beats wait there.
      if (lateMs > this.#options.tickMs * 2) clock.nextTurn(() => this.#tick(lateMs));
      else this.#tick(lateMs);
    };
    this.#tickTimer = clock.setTimer(this.#options.tickMs, run);
  }

  #tick(lateMs: number): void {
    if (this.#closed) return;
    if (this.#mustStepDown(lateMs)) this.#stepDownEverywhere();
    this.#metaRaft.tick();
    this.#metaCutter.tick();
    this.#metaLeadership.tick();
    for (const group of this.#dataGroups.values()) group.tick();
    if (this.#metaRaft.status().leaderReady) this.#dropTask.tick();
  }

  /** The meta group takes its few small entries as long as it can: membership is among them. */
  #heedDisk(level: DiskLevel): void {
    for (const group of this.#dataGroups.values()) group.raft.refuseEntries(level === 2);
  }

  /** A leader whose disk or main loop hangs keeps no leadership: its beats would hide that. */
  #mustStepDown(lateMs: number): boolean {
    const { diskStallLimitMs, loopStallLimitMs } = this.#options;
    return this.#health.proof().oldestPendingSyncMs > diskStallLimitMs || lateMs > loopStallLimitMs;
  }

  #stepDownEverywhere(): void {
    for (const raft of this.#rafts()) {
      if (raft.status().role !== "leader") continue;
      this.#options.ports.logger.warn("stepping down: the disk or the main loop stalls", {
        group: raft.group,
        ...this.#health.proof(),
      });
      raft.stepDown();
    }
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
    this.#closed = true;
    this.#tickTimer?.cancel();
    this.#diskWatch.stop();
    this.transport.close();
    this.#metaRaft.stop(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.#metaRaft.idle();
    await this.#metaStore.close();
    for (const group of this.#dataGroups.values()) await group.close();
    await this.#log.close();
  }
}
