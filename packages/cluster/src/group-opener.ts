import type { GroupNumber, Kv, NodeId } from "@ringtide/common";
import { groupName, headerOf, META_GROUP, RingtideError, randomBelow, utf8Bytes } from "@ringtide/common";
import { Engine, type EngineOptions } from "@ringtide/engine";
import type { Configuration, Entry, Message } from "@ringtide/raft";
import { RaftCore } from "@ringtide/raft";
import type { RaftLog, RecoveredGroup, TermRun } from "@ringtide/raftlog";
import type { ClusterOptions, Ports } from "./cluster-options.ts";
import { DataGroup, type Replica } from "./data-group.ts";
import { DataMachine } from "./data-machine.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { FormationRecord } from "./formation.ts";
import { decodeGroupState, type GroupState } from "./group-state.ts";
import { Leadership } from "./leadership.ts";
import { leaseMsOf } from "./lease.ts";
import { MetaStore } from "./meta-group.ts";
import type { DataGroupPlan } from "./partition-table.ts";
import { RaftGroup } from "./raft-group.ts";
import type { SnapshotOffer } from "./raft-group-options.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** What opening a group of this node needs. */
export interface OpenContext {
  readonly options: ClusterOptions;
  readonly record: FormationRecord;
  readonly self: NodeId;
  readonly kv: Kv;
  readonly log: RaftLog;
  readonly send: (message: Message) => void;
  readonly turns: TurnQueue;
  readonly diskWatch: DiskWatch;
  readonly diskLevelOf: (peer: NodeId) => DiskLevel;
  readonly provesLife: (peer: NodeId) => boolean;
  readonly isStalled: (peer: NodeId) => boolean;
  readonly isUp: (peer: NodeId) => boolean;
  readonly onLeaderChanged: (group: GroupNumber, leader: NodeId) => void;
  readonly onSnapshotOffer: (group: GroupNumber, from: NodeId, index: number) => void;
  readonly pinnedIndex: (group: GroupNumber) => number | undefined;
  readonly onDamage: (group: GroupNumber) => void;
}

const MAX_INFLIGHT_REQUESTS = 256;
const MAX_APPEND_BYTES = 1024 * 1024;
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const RECOVERY_READ_BYTES = 16 * 1024 * 1024;
/** A group may use this part of the disk's reserve to settle what was under way. */
const REFUSAL_GRACE_SHARE = 16;
/** In steps of the election range: members after the first wait longer before they campaign. */
const LATER_PRIORITY = 1;

export interface OpenMeta {
  readonly raft: RaftGroup;
  readonly store: MetaStore;
  readonly leadership: Leadership;
  /** The core as log and store have it now, after the store took in a snapshot, or could not. */
  readonly reopenCore: () => Promise<RaftCore>;
}

export async function openMetaGroup(context: OpenContext): Promise<OpenMeta> {
  const { options, record, kv, self } = context;
  const store = await MetaStore.open(kv, options.ports.disk, record, options.ports.logger);
  const reopenCore = () => {
    // Not the checkpoint: the state in memory may be ahead of it, when a snapshot could not be taken in.
    const { index, term, configuration } = store.applied;
    const priority = record.members[0]?.id === self ? 0 : LATER_PRIORITY;
    return openCore(context, META_GROUP, { checkpointIndex: index, checkpointTerm: term, configuration, priority });
  };
  const raft = new RaftGroup({
    ...raftParts(context),
    group: META_GROUP,
    core: await reopenCore(),
    machine: store,
    snapshotToOffer: () => offerOf(store.checkpointIndex, store.checkpointState),
  });
  const leadership = new Leadership({ ...leadershipParts(context), raft, home: 0 });
  return { raft, store, leadership, reopenCore };
}

function offerOf(index: number, state: GroupState | undefined): SnapshotOffer | undefined {
  return index === 0 || state === undefined ? undefined : { index, ...state };
}

/** Where the data files of a group are. */
export function groupDirectory(options: ClusterOptions, group: GroupNumber): string {
  return `${options.dataDirectory}/groups/${group}`;
}

function engineOptions({ options, kv }: OpenContext, group: GroupNumber): EngineOptions {
  const { ports } = options;
  return {
    group,
    directory: groupDirectory(options, group),
    kv,
    kvPrefix: utf8Bytes(`group/${group}/`),
    disk: ports.disk,
    compute: ports.compute,
    clock: ports.clock,
    logger: ports.logger.child({ group: groupName(group) }),
    metrics: ports.metrics,
    slotStrategy: options.slotStrategy,
    autoCreateSeries: options.autoCreateSchema,
    maxEntryBytes: options.maxEntryBytes,
    onFailure: options.onFatal,
  };
}

async function openReplica(context: OpenContext, plan: DataGroupPlan): Promise<Replica> {
  const { group, members } = plan;
  const storage = await Engine.open(engineOptions(context, group));
  try {
    const state = decodeGroupState(storage.checkpointState, `checkpoint of ${groupName(group)}`);
    const configuration = state?.configuration ?? { voters: members, votersOutgoing: [], learners: [] };
    const core = await openCore(context, group, {
      checkpointIndex: storage.checkpointIndex,
      checkpointTerm: state?.term,
      configuration,
      priority: headerOf(group) === context.self ? 0 : LATER_PRIORITY,
    });
    return { storage, configuration, core };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

export async function openDataGroup(context: OpenContext, plan: DataGroupPlan): Promise<DataGroup> {
  const { options, self, log } = context;
  const { group } = plan;
  const { storage, configuration, core } = await openReplica(context, plan);
  const machine = new DataMachine(storage, configuration);
  const raft = new RaftGroup({
    ...raftParts(context),
    group,
    core,
    machine,
    snapshotToOffer: () => {
      const { checkpointIndex, checkpointState } = machine.storage;
      return offerOf(checkpointIndex, decodeGroupState(checkpointState, `checkpoint of ${groupName(group)}`));
    },
  });
  return new DataGroup({
    raft,
    machine,
    source: {
      present: async (manifest) =>
        new Set((await Engine.presentFiles(engineOptions(context, group), manifest)).map(({ name }) => name)),
      install: (directory, manifest) => Engine.install(engineOptions(context, group), directory, manifest),
      open: () => openReplica(context, plan),
    },
    log,
    policy: options,
    pinnedIndex: () => context.pinnedIndex(group),
    onDamage: context.onDamage,
    self,
    clock: options.ports.clock,
    logger: options.ports.logger,
    writeTimeoutMs: options.writeTimeoutMs,
    diskWatch: context.diskWatch,
    diskLevelOf: context.diskLevelOf,
    leadership: new Leadership({ ...leadershipParts(context), raft, home: headerOf(plan.group) }),
  });
}

function leadershipParts(context: OpenContext) {
  const { self, diskWatch, diskLevelOf, provesLife, isStalled, isUp, options } = context;
  const { electionMaxMs, ports } = options;
  const { clock, logger } = ports;
  return { self, diskWatch, diskLevelOf, provesLife, isStalled, isUp, electionMaxMs, clock, logger };
}

function raftParts(context: OpenContext) {
  const { clock, logger } = context.options.ports;
  const refusalGraceBytes = context.options.diskReserveBytes / REFUSAL_GRACE_SHARE;
  const { log, send, turns, onLeaderChanged, onSnapshotOffer } = context;
  const { onFatal } = context.options;
  return { refusalGraceBytes, onFatal, log, send, turns, onLeaderChanged, onSnapshotOffer, clock, logger };
}

/** What a core takes from its node. */
interface CoreContext {
  readonly options: Pick<
    ClusterOptions,
    | "tickMs"
    | "electionMinMs"
    | "electionMaxMs"
    | "heartbeatMs"
    | "quiesceAfterMs"
    | "leaseReads"
    | "maxEntryBytes"
    | "memoryEntriesMax"
    | "memoryEntriesMin"
  > & { readonly ports: Pick<Ports, "random"> };
  readonly self: NodeId;
  readonly log: RaftLog;
}

interface CoreStart {
  readonly checkpointIndex: number;
  /** Undefined for a checkpoint of before terms were kept with them. */
  readonly checkpointTerm: number | undefined;
  /** As of the checkpoint. */
  readonly configuration: Configuration;
  readonly priority: number;
}

/** The consensus core as the node's log has it: entries after the checkpoint are in memory, to be applied again. */
export async function openCore(context: CoreContext, group: GroupNumber, start: CoreStart): Promise<RaftCore> {
  const { options, self, log } = context;
  const { checkpointIndex, configuration, priority } = start;
  await joinLogToCheckpoint(context, group, start);
  const recovered = log.group(group);
  const firstIndex = recovered?.firstIndex ?? 1;
  const lastIndex = recovered?.lastIndex ?? 0;
  const ticks = (ms: number) => Math.max(1, Math.round(ms / options.tickMs));
  return new RaftCore({
    group,
    self,
    configuration,
    hardState: recovered?.hardState ?? { term: 0, vote: 0 },
    log: {
      firstIndex,
      lastIndex,
      termRuns: termRunsOf(recovered, log),
      entries: await readTail(log, group, Math.max(firstIndex, checkpointIndex + 1), lastIndex),
    },
    applied: checkpointIndex,
    commit: checkpointIndex,
    electionTicksMin: ticks(options.electionMinMs),
    electionTicksMax: ticks(options.electionMaxMs),
    heartbeatTicks: ticks(options.heartbeatMs),
    priority,
    quiesceAfterTicks: options.quiesceAfterMs === 0 ? 0 : ticks(options.quiesceAfterMs),
    leaseMs: options.leaseReads ? leaseMsOf(ticks(options.electionMinMs), options.tickMs) : 0,
    maxInflightRequests: MAX_INFLIGHT_REQUESTS,
    maxInflightBytes: options.maxEntryBytes * 2,
    maxAppendBytes: MAX_APPEND_BYTES,
    maxUncommittedBytes: options.maxEntryBytes * 4,
    memoryEntriesMax: options.memoryEntriesMax,
    memoryEntriesMin: options.memoryEntriesMin,
    memoryBytesMax: MEMORY_BYTES_MAX,
    randomBelow: (bound) => randomBelow(options.ports.random, bound),
    mayVote: recovered?.damaged !== true,
  });
}

/**
 * After a snapshot, or with a log that lost its end to damage, the log may not reach the checkpoint, or be another one there: then what is
 * left of it is of no use, and it begins anew behind the checkpoint. DISK_CORRUPT when entries behind the checkpoint are missing.
 */
async function joinLogToCheckpoint(context: CoreContext, group: GroupNumber, start: CoreStart): Promise<void> {
  const { log } = context;
  const { checkpointIndex, checkpointTerm } = start;
  const firstIndex = log.group(group)?.firstIndex ?? 1;
  const known = log.term(group, checkpointIndex);
  if (known !== undefined && (checkpointTerm === undefined || known === checkpointTerm)) return;
  if (firstIndex > checkpointIndex + 1 || checkpointTerm === undefined)
    throw new RingtideError(
      "DISK_CORRUPT",
      `the log of ${groupName(group)} begins at ${firstIndex} and does not fit its checkpoint at ${checkpointIndex}: restore the directory; a node cannot be added in this version`,
    );
  await log.reset(group, checkpointIndex + 1, checkpointTerm);
}

/** The runs with the term of the entry before the first: 0 at the beginning of a log. */
function termRunsOf(recovered: RecoveredGroup | undefined, log: RaftLog): readonly TermRun[] {
  if (recovered === undefined) return [{ fromIndex: 0, term: 0 }];
  const before = recovered.firstIndex - 1;
  const [first] = recovered.termRuns;
  if (first !== undefined && first.fromIndex <= before) return recovered.termRuns;
  return [{ fromIndex: before, term: log.term(recovered.group, before) ?? 0 }, ...recovered.termRuns];
}

async function readTail(log: RaftLog, group: number, fromIndex: number, throughIndex: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let next = fromIndex; next <= throughIndex; ) {
    const part = await log.read(group, next, throughIndex, RECOVERY_READ_BYTES);
    for (const entry of part) entries.push(entry);
    next += part.length;
  }
  return entries;
}
