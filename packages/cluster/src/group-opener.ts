import type { GroupNumber, Kv, NodeId } from "@ringtide/common";
import { groupName, headerOf, META_GROUP, randomBelow, utf8Bytes } from "@ringtide/common";
import { Engine } from "@ringtide/engine";
import type { Configuration, Entry, Message } from "@ringtide/raft";
import { RaftCore } from "@ringtide/raft";
import type { RaftLog, RecoveredGroup, TermRun } from "@ringtide/raftlog";
import type { ClusterOptions } from "./cluster-options.ts";
import { DataGroup, dataMachine } from "./data-group.ts";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { FormationRecord } from "./formation.ts";
import { Leadership } from "./leadership.ts";
import { MetaStore } from "./meta-group.ts";
import type { DataGroupPlan } from "./partition-table.ts";
import { RaftGroup } from "./raft-group.ts";

/** What opening a group of this node needs. */
export interface OpenContext {
  readonly options: ClusterOptions;
  readonly record: FormationRecord;
  readonly self: NodeId;
  readonly kv: Kv;
  readonly log: RaftLog;
  readonly send: (message: Message) => void;
  readonly diskWatch: DiskWatch;
  readonly diskLevelOf: (peer: NodeId) => DiskLevel;
  readonly provesLife: (peer: NodeId) => boolean;
  readonly isStalled: (peer: NodeId) => boolean;
  readonly isUp: (peer: NodeId) => boolean;
  readonly onLeaderChanged: (group: GroupNumber, leader: NodeId) => void;
}

const MAX_INFLIGHT_REQUESTS = 256;
const MAX_APPEND_BYTES = 1024 * 1024;
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const RECOVERY_READ_BYTES = 16 * 1024 * 1024;
/** A group may use this part of the disk's reserve to settle what was under way. */
const REFUSAL_GRACE_SHARE = 16;
/** In steps of the election range: members after the first wait longer before they campaign. */
const LATER_PRIORITY = 1;

export async function openMetaGroup(
  context: OpenContext,
): Promise<{ readonly raft: RaftGroup; readonly store: MetaStore; readonly leadership: Leadership }> {
  const { options, record, kv } = context;
  const store = await MetaStore.open(kv, record, options.ports.logger);
  const voters = record.members.map((member) => member.id);
  const core = await openCore(
    context,
    META_GROUP,
    voters,
    store.checkpointIndex,
    voters[0] === context.self ? 0 : LATER_PRIORITY,
  );
  const raft = new RaftGroup({ ...raftParts(context), group: META_GROUP, core, machine: store });
  return { raft, store, leadership: new Leadership({ ...leadershipParts(context), raft, home: 0 }) };
}

export async function openDataGroup(context: OpenContext, plan: DataGroupPlan): Promise<DataGroup> {
  const { options, self, kv, log } = context;
  const { ports } = options;
  const storage = await Engine.open({
    group: plan.group,
    directory: `${options.dataDirectory}/groups/${plan.group}`,
    kv,
    kvPrefix: utf8Bytes(`group/${plan.group}/`),
    disk: ports.disk,
    compute: ports.compute,
    clock: ports.clock,
    logger: ports.logger.child({ group: groupName(plan.group) }),
    metrics: ports.metrics,
    slotStrategy: options.slotStrategy,
    autoCreateSeries: options.autoCreateSchema,
    maxEntryBytes: options.maxEntryBytes,
    onFailure: options.onFatal,
  });
  const priority = headerOf(plan.group) === self ? 0 : LATER_PRIORITY;
  const core = await openCore(context, plan.group, plan.members, storage.checkpointIndex, priority);
  const raft = new RaftGroup({ ...raftParts(context), group: plan.group, core, machine: dataMachine(storage) });
  return new DataGroup({
    raft,
    storage,
    log,
    policy: options,
    self,
    clock: ports.clock,
    logger: ports.logger,
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
  return {
    refusalGraceBytes,
    log: context.log,
    send: context.send,
    onLeaderChanged: context.onLeaderChanged,
    clock,
    logger,
  };
}

/** The consensus core as the node's log has it: entries after the checkpoint are in memory, to be applied again. */
async function openCore(
  context: OpenContext,
  group: number,
  voters: readonly NodeId[],
  checkpointIndex: number,
  priority: number,
): Promise<RaftCore> {
  const { options, self, log } = context;
  const recovered = log.group(group);
  const configuration: Configuration = { voters, votersOutgoing: [], learners: [] };
  const firstIndex = recovered?.firstIndex ?? 1;
  const lastIndex = recovered?.lastIndex ?? 0;
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
    electionTicksMin: Math.round(options.electionMinMs / options.tickMs),
    electionTicksMax: Math.round(options.electionMaxMs / options.tickMs),
    heartbeatTicks: Math.max(1, Math.round(options.heartbeatMs / options.tickMs)),
    priority,
    leaseMs: 0,
    quiesceAfterTicks: 0,
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
