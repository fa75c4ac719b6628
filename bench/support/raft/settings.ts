import type { MemberRecord } from "@ringtide/cluster";
import { loadConfig } from "@ringtide/common";

/** Members of the group, all in one process each on this machine. */
export interface NodeStart {
  readonly self: number;
  readonly members: readonly MemberRecord[];
  readonly directory: string;
  readonly groups: number;
  /** Configuration keys other than the defaults. */
  readonly flags: Readonly<Record<string, string>>;
}

/** What a node's host says of its groups. */
export interface NodeReport {
  /** Groups that this node leads, ready to take proposals. */
  readonly leads: number;
  readonly quiet: number;
  /** Raft messages sent, and what they left in: batches of one link, signs of life included. */
  readonly messages: number;
  readonly packets: number;
  /** Of all groups: values applied, and a digest of them in their order. */
  readonly applied: number;
  readonly digest: number;
  /** Sum of the terms of all groups: it grows with each election. */
  readonly terms: number;
}

/** Numbers below are kept for the meta group and the data groups of a real cluster. */
const FIRST_GROUP = 16;

export function groupNumbers(groups: number): number[] {
  return Array.from({ length: groups }, (_, i) => FIRST_GROUP + i);
}

/** The options of a real node as far as Raft's host has them, from the same configuration. */
export function raftOptions(flags: Readonly<Record<string, string>>) {
  const { config } = loadConfig({ clusterText: "", engineText: "", clusterFile: "", engineFile: "", flags });
  return {
    tickMs: config.tickMs,
    heartbeatMs: config.heartbeatIntervalMs,
    electionMinMs: config.electionTimeoutMinMs,
    electionMaxMs: config.electionTimeoutMaxMs,
    quiesceAfterMs: config.quiesceAfterMs,
    leaseReads: config.leaseReads,
    diskStallLimitMs: config.diskStallLimitMs,
    loopStallLimitMs: config.loopStallLimitMs,
    connectTimeoutMs: config.connectionTimeoutMs,
    writeTimeoutMs: config.writeOperationTimeoutMs,
    maxConnections: config.maxConcurrentClientNum,
    maxEntryBytes: config.raftLogBufferSize,
    lowWaterBytes: config.diskLowWaterBytes,
    reserveBytes: config.diskReserveBytes,
    segmentBytes: config.maxRaftLogPersistDataSizePerFile,
    memoryEntriesMin: config.minNumOfLogsInMem,
    memoryEntriesMax: config.maxNumOfLogsInMem,
  };
}
