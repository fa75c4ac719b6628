import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { RingtideError } from "@ringtide/common";
import { choosePorts } from "./ports.ts";
import { endNode, isNodeRunning, spawnNode } from "./processes.ts";
import { waitReady } from "./readiness.ts";
import {
  type LocalClusterState,
  type LocalNode,
  nodeOf,
  readState,
  removeState,
  requireState,
  withNode,
  writeState,
} from "./state.ts";

export interface StartOptions {
  readonly directory: string;
  /** Undefined: three, or as many as the cluster in the directory has. */
  readonly nodes: number | undefined;
  /** Undefined: three, or as many as there are nodes, or as the cluster in the directory has. */
  readonly replicas: number | undefined;
  /** First port; undefined: any that are free, or those of the cluster in the directory. */
  readonly basePort: number | undefined;
  /** Configuration keys that every node gets. */
  readonly flags: Readonly<Record<string, string>>;
  /** Kept in the state of a cluster that is new. */
  readonly madeBy?: "quickstart";
}

const DEFAULT_NODES = 3;
const MAX_NODES = 100;
const DEFAULT_REPLICAS = 3;
const HOST = "127.0.0.1";
const READY_MS = 60_000;
const STOP_MS = 30_000;
const KILL_MS = 10_000;

/**
 * Starts an empty cluster in a directory, or the nodes that do not run of the one that is there, from their data. Returns when all
 * serve; when that fails, the nodes that this call started are ended, and the others run on.
 */
export async function startCluster(options: StartOptions): Promise<LocalClusterState> {
  const directory = resolve(options.directory);
  const found = readState(directory);
  if (found !== undefined) refuseOther(found, options);
  let state = found ?? (await newState({ ...options, directory }));
  const started: LocalNode[] = [];
  try {
    for (const node of state.nodes) {
      if (isNodeRunning(node)) continue;
      const spawned = startNode(state, node);
      started.push(spawned);
      state = withNode(state, spawned);
      writeState(state); // at once: whatever happens next, the launcher knows of the process
    }
    await waitReady(state.nodes, READY_MS);
  } catch (error) {
    await Promise.all(started.map((node) => endNode(node, "SIGKILL", KILL_MS)));
    for (const node of started) state = withNode(state, { ...node, pid: 0 });
    writeState(state);
    throw error;
  }
  return state;
}

/** What a cluster was made with does not change when it is started again. */
function refuseOther(found: LocalClusterState, options: StartOptions): void {
  const { nodes, replicas, basePort, flags } = options;
  const [first] = found.nodes;
  const other: [string, boolean][] = [
    [`--nodes ${nodes}`, nodes !== undefined && nodes !== found.nodes.length],
    [`--replicas ${replicas}`, replicas !== undefined && replicas !== found.replicas],
    [`--base-port ${basePort}`, basePort !== undefined && first !== undefined && portOf(first.meta) !== `${basePort}`],
    ...Object.entries(flags).map(([key, value]): [string, boolean] => [
      `--set ${key}=${value}`,
      found.flags[key] !== value,
    ]),
  ];
  for (const [flag, differs] of other) {
    if (differs) {
      throw new RingtideError(
        "CONFIG_CONFLICT",
        `the cluster in ${found.directory} was made without ${flag}: leave it out, or take another directory`,
      );
    }
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RingtideError("CONFIG_INVALID_VALUE", `the cluster's directory cannot be made: ${reason}`, {
      cause: error,
    });
  }
}

async function newState(options: StartOptions): Promise<LocalClusterState> {
  const nodes = options.nodes ?? DEFAULT_NODES;
  const replicas = options.replicas ?? Math.min(DEFAULT_REPLICAS, nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES)
    throw new RingtideError("CONFIG_INVALID_VALUE", `--nodes must be 1 to ${MAX_NODES}`);
  if (!Number.isInteger(replicas) || replicas < 1)
    throw new RingtideError("CONFIG_INVALID_VALUE", "--replicas must be 1 or more");
  const ports = await choosePorts(nodes, options.basePort);
  makeDirectory(options.directory);
  return {
    format: 1,
    directory: options.directory,
    replicas,
    flags: options.flags,
    ...(options.madeBy === undefined ? {} : { madeBy: options.madeBy }),
    nodes: ports.map((port, i) => ({
      number: i + 1,
      pid: 0,
      dataDirectory: `${nodeDirectory(options.directory, i + 1)}/data`,
      logFile: `${nodeDirectory(options.directory, i + 1)}/node.log`,
      rpc: `${HOST}:${port.rpc}`,
      meta: `${HOST}:${port.meta}`,
      data: `${HOST}:${port.data}`,
    })),
  };
}

function nodeDirectory(directory: string, number: number): string {
  return `${directory}/node-${number}`;
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

/** Starts the process of a node that does not run. */
function startNode(state: LocalClusterState, node: LocalNode): LocalNode {
  const seeds = state.nodes.map((seed) => `${HOST}:${portOf(seed.meta)}:${portOf(seed.data)}:${portOf(seed.rpc)}`);
  const pid = spawnNode(node.logFile, {
    home: nodeDirectory(state.directory, node.number),
    cluster_rpc_ip: HOST,
    internal_meta_port: portOf(node.meta),
    internal_data_port: portOf(node.data),
    cluster_rpc_port: portOf(node.rpc),
    seed_nodes: seeds.join(","),
    default_replica_num: String(state.replicas),
    data_dirs: node.dataDirectory,
    ...state.flags,
  });
  return { ...node, pid };
}

/** Stops all nodes cleanly; the data stays. */
export async function stopCluster(directory: string): Promise<LocalClusterState> {
  const state = requireState(resolve(directory));
  await Promise.all(state.nodes.map((node) => endNode(node, "SIGTERM", STOP_MS)));
  const stopped = { ...state, nodes: state.nodes.map((node) => ({ ...node, pid: 0 })) };
  writeState(stopped);
  return stopped;
}

/** Ends one node with SIGKILL, as a power cut would. */
export async function killNode(directory: string, number: number): Promise<LocalClusterState> {
  const state = requireState(resolve(directory));
  const node = nodeOf(state, number);
  await endNode(node, "SIGKILL", KILL_MS);
  const changed = withNode(state, { ...node, pid: 0 });
  writeState(changed);
  return changed;
}

/** Starts one node again (stopping it first when it runs); returns when it serves. */
export async function restartNode(directory: string, number: number): Promise<LocalClusterState> {
  const state = requireState(resolve(directory));
  const node = nodeOf(state, number);
  await endNode(node, "SIGTERM", STOP_MS);
  const started = startNode(state, { ...node, pid: 0 });
  const changed = withNode(state, started);
  writeState(changed);
  await waitReady([started], READY_MS);
  return changed;
}

/** Stops the nodes at once and removes what the launcher made: their directories, and the cluster's when nothing else is in it. */
export async function destroyCluster(directory: string): Promise<void> {
  const path = resolve(directory);
  const state = readState(path);
  for (const node of state?.nodes ?? []) await endNode(node, "SIGKILL", KILL_MS);
  for (const node of state?.nodes ?? []) rmSync(nodeDirectory(path, node.number), { recursive: true, force: true });
  removeState(path);
  if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
}
