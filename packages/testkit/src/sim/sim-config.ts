import { type Config, loadConfig } from "@ringtide/common";

const KIB = 1024;
const META_PORT = 9003;
const DATA_PORT = 40010;
const CLIENT_PORT = 55560;

/** Sizes so small that files are closed, segments ended and the log is cut within seconds of a light load. */
export const SMALL_SIZES: Partial<Config> = {
  raftLogBufferSize: 64 * KIB,
  maxRaftLogPersistDataSizePerFile: 256 * KIB,
  memtableCloseBytes: 64 * KIB,
  logCloseBytes: 128 * KIB,
  minNumOfLogsInMem: 10,
  maxNumOfLogsInMem: 40,
};

/** Where clients reach a node. */
export function clientAddress(host: string): string {
  return `${host}:${CLIENT_PORT}`;
}

/**
 * The configuration of one node of a simulated cluster: the program's own defaults, `flags` as on its command line, and `changes` behind
 * the checks of the configuration (which have limits too high for a simulation).
 */
export function simConfig(
  host: string,
  hosts: readonly string[],
  flags: Readonly<Record<string, string>> = {},
  changes: Partial<Config> = {},
): Config {
  const { config } = loadConfig({
    clusterText: "",
    engineText: "",
    clusterFile: "ringtide-cluster.properties",
    engineFile: "ringtide-engine.properties",
    flags: {
      cluster_rpc_ip: host,
      internal_meta_port: String(META_PORT),
      internal_data_port: String(DATA_PORT),
      cluster_rpc_port: String(CLIENT_PORT),
      seed_nodes: hosts.map((each) => `${each}:${META_PORT}:${DATA_PORT}:${CLIENT_PORT}`).join(","),
      data_dirs: "/data",
      ...flags,
    },
  });
  return { ...config, ...changes };
}
