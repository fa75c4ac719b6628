import { RingtideError } from "../errors.ts";
import type { Config } from "./schema.ts";

/** CONFIG_CONFLICT, naming keys and values, when values that are each allowed contradict each other. */
export function checkConsistent(config: Config): void {
  atMost("min_num_of_logs_in_mem", config.minNumOfLogsInMem, "max_num_of_logs_in_mem", config.maxNumOfLogsInMem);
  atMost("tick_ms", config.tickMs, "heartbeat_interval_ms", config.heartbeatIntervalMs);
  // Two lost beats must not be an election.
  const threeBeatsMs = 3 * config.heartbeatIntervalMs;
  atMost("3 × heartbeat_interval_ms", threeBeatsMs, "election_timeout_min_ms", config.electionTimeoutMinMs);
  atMost(
    "election_timeout_min_ms",
    config.electionTimeoutMinMs,
    "election_timeout_max_ms",
    config.electionTimeoutMaxMs,
  );
  atMost("disk_reserve_bytes", config.diskReserveBytes, "disk_low_water_bytes", config.diskLowWaterBytes);
  atMost(
    "raft_log_buffer_size",
    config.raftLogBufferSize,
    "max_raft_log_persist_data_size_per_file",
    config.maxRaftLogPersistDataSizePerFile,
  );
  const percent = config.memtableMemoryPercent + config.cacheMemoryPercent + config.queryMemoryPercent;
  atMost("memtable_memory_percent + cache_memory_percent + query_memory_percent", percent, "all", 100);
  const shareBytes = Math.floor((config.memoryBudgetBytes * config.queryMemoryPercent) / 100);
  atMost("query_memory_bytes", config.queryMemoryBytes, "query_memory_percent of memory_budget_bytes", shareBytes);
  checkPorts(config);
}

function atMost(lowName: string, low: number, highName: string, high: number): void {
  if (low > high) throw new RingtideError("CONFIG_CONFLICT", `${lowName} (${low}) is above ${highName} (${high})`);
}

function checkPorts(config: Config): void {
  const uses: readonly (readonly [name: string, port: number])[] = [
    ["internal_meta_port", config.internalMetaPort],
    ["internal_meta_port + 1", config.internalMetaPort + 1],
    ["internal_data_port", config.internalDataPort],
    ["internal_data_port + 1", config.internalDataPort + 1],
    ["cluster_rpc_port", config.clusterRpcPort],
    ["rpc_port", config.rpcPort],
    ["http_port", config.httpPort],
  ];
  const taken = new Map<number, string>();
  for (const [name, port] of uses) {
    const other = taken.get(port);
    if (other !== undefined)
      throw new RingtideError("CONFIG_CONFLICT", `${other} and ${name} are both ${port}: a port serves one of them`);
    taken.set(port, name);
  }
}
