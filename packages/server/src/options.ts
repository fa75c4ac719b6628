import type { ClusterOptions, NodeAddresses, Ports } from "@ringtide/cluster";
import type { Config } from "@ringtide/common";
import { agreementKeys, RingtideError, yieldTurn } from "@ringtide/common";
import { runFragment } from "@ringtide/query";

/** Refuses settings that this version would read and not honour, beyond those that the configuration schema refuses itself. */
export function refuseUnbuilt(config: Config): void {
  if (config.dataDirs.length > 1)
    throw new RingtideError("UNSUPPORTED", "data_dirs: only one directory is supported yet");
}

/** The cluster's options as the configuration has them; paths are relative to `home`. */
export function clusterOptions(
  config: Config,
  home: string,
  ports: Ports,
  onFatal: (error: Error) => void,
): ClusterOptions {
  const dataDirectory = resolvePath(home, config.dataDirs[0] ?? "data");
  const budget = config.memoryBudgetBytes * (config.memtableMemoryPercent / 100);
  return {
    ports,
    dataDirectory,
    logDirectory: config.logDir === "" ? `${dataDirectory}/log` : resolvePath(home, config.logDir),
    clusterName: config.clusterName,
    addresses: {
      host: config.clusterRpcIp,
      metaPort: config.internalMetaPort,
      dataPort: config.internalDataPort,
      clientPort: config.clusterRpcPort,
    },
    bindHost: config.bindAddress === "" ? config.clusterRpcIp : config.bindAddress,
    seeds: config.seedNodes.map((seed): NodeAddresses => seed),
    agreement: agreementKeys(config),
    internalSecret: config.internalSecret,
    replicas: config.defaultReplicaNum,
    groupsPerHeader: config.multiRaftFactor,
    slotStrategy: { name: config.slotStrategy, slotCount: config.slotCount, salt: config.slotSalt },
    precision: config.timestampPrecision,
    autoCreateSchema: config.enableAutoCreateSchema,
    tickMs: config.tickMs,
    heartbeatMs: config.heartbeatIntervalMs,
    electionMinMs: config.electionTimeoutMinMs,
    electionMaxMs: config.electionTimeoutMaxMs,
    diskStallLimitMs: config.diskStallLimitMs,
    loopStallLimitMs: config.loopStallLimitMs,
    connectTimeoutMs: config.connectionTimeoutMs,
    writeTimeoutMs: config.writeOperationTimeoutMs,
    readTimeoutMs: config.readOperationTimeoutMs,
    diskLowWaterBytes: config.diskLowWaterBytes,
    diskReserveBytes: config.diskReserveBytes,
    maxConnections: config.maxConcurrentClientNum,
    maxEntryBytes: config.raftLogBufferSize,
    segmentBytes: config.maxRaftLogPersistDataSizePerFile,
    memoryEntriesMin: config.minNumOfLogsInMem,
    memoryEntriesMax: config.maxNumOfLogsInMem,
    memtableCloseBytes: config.memtableCloseBytes,
    // Each group may hold its share of the budget; three groups a node is the usual shape.
    memtableLimitBytes: Math.max(config.memtableCloseBytes * 2, budget / 3),
    logCloseBytes: config.logCloseBytes,
    logRetainBytes: config.maxNumberOfPersistRaftLogFiles * config.maxRaftLogPersistDataSizePerFile,
    logRetainEntries: config.maxPersistRaftLogNumberOnDisk,
    catchUpTimeoutMs: config.catchUpTimeoutMs,
    snapshotBytesPerSecond: config.snapshotBytesPerSecond,
    quiesceAfterMs: config.quiesceAfterMs,
    leaseReads: config.leaseReads,
    shutdownGraceMs: config.shutdownGraceMs,
    runFragment: (fragment, reader, signal) => runFragment(fragment, reader, signal, () => yieldTurn(ports.clock)),
    onFatal,
  };
}

function resolvePath(home: string, path: string): string {
  return path.startsWith("/") ? path : `${home}/${path}`;
}
