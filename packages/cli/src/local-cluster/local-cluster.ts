import { existsSync, mkdirSync, rmSync } from "node:fs";
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
  requireState,
  withNode,
  writeState,
} from "./state.ts";

export interface StartOptions {
  readonly directory: string;
  readonly nodes: number;
  readonly replicas: number;
  /** First port; undefined: any that are free. */
  readonly basePort: number | undefined;
  /** Configuration keys that every node gets. */
  readonly flags: Readonly<Record<string, string>>;
}

const HOST = "127.0.0.1";
const READY_MS = 60_000;
const STOP_MS = 30_000;
const KILL_MS = 10_000;

/** Starts an empty cluster in a directory, or the one that is there from its data. Returns when it serves. */
export async function startCluster(options: StartOptions): Promise<LocalClusterState> {
  const directory = resolve(options.directory);
  const found = readState(directory);
  let state = found ?? (await newState({ ...options, directory }));
  for (const node of state.nodes) state = withNode(state, startNode(state, node));
  writeState(state);
  try {
    await waitReady(state.nodes, READY_MS);
  } catch (error) {
    for (const node of state.nodes) await endNode(node.pid, "SIGKILL", KILL_MS);
    writeState({ ...state, nodes: state.nodes.map((node) => ({ ...node, pid: 0 })) });
    throw error;
  }
  return state;
}

async function newState(options: StartOptions): Promise<LocalClusterState> {
  if (options.nodes < 1) throw new RingtideError("CONFIG_INVALID_VALUE", "--nodes must be 1 or more");
  mkdirSync(options.directory, { recursive: true });
  const ports = await choosePorts(options.nodes, options.basePort);
  return {
    format: 1,
    directory: options.directory,
    replicas: options.replicas,
    flags: options.flags,
    nodes: ports.map((port, i) => ({
      number: i + 1,
      pid: 0,
      dataDirectory: `${options.directory}/node-${i + 1}/data`,
      logFile: `${options.directory}/node-${i + 1}/node.log`,
      rpc: `${HOST}:${port.rpc}`,
      meta: `${HOST}:${port.meta}`,
      data: `${HOST}:${port.data}`,
    })),
  };
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

/** Starts the process of a node unless it runs. */
function startNode(state: LocalClusterState, node: LocalNode): LocalNode {
  if (isNodeRunning(node.pid)) return node;
  const seeds = state.nodes.map((seed) => `${HOST}:${portOf(seed.meta)}:${portOf(seed.data)}:${portOf(seed.rpc)}`);
  const pid = spawnNode(node.logFile, {
    home: `${state.directory}/node-${node.number}`,
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
  await Promise.all(state.nodes.map((node) => endNode(node.pid, "SIGTERM", STOP_MS)));
  const stopped = { ...state, nodes: state.nodes.map((node) => ({ ...node, pid: 0 })) };
  writeState(stopped);
  return stopped;
}

/** Ends one node with SIGKILL, as a power cut would. */
export async function killNode(directory: string, number: number): Promise<LocalClusterState> {
  const state = requireState(resolve(directory));
  const node = nodeOf(state, number);
  await endNode(node.pid, "SIGKILL", KILL_MS);
  const changed = withNode(state, { ...node, pid: 0 });
  writeState(changed);
  return changed;
}

/** Starts one node again (stopping it first when it runs); returns when it serves. */
export async function restartNode(directory: string, number: number): Promise<LocalClusterState> {
  const state = requireState(resolve(directory));
  const node = nodeOf(state, number);
  await endNode(node.pid, "SIGTERM", STOP_MS);
  const started = startNode(state, { ...node, pid: 0 });
  const changed = withNode(state, started);
  writeState(changed);
  await waitReady([started], READY_MS);
  return changed;
}

/** Stops the nodes at once and removes the directory with everything in it. */
export async function destroyCluster(directory: string): Promise<void> {
  const state = readState(resolve(directory));
  for (const node of state?.nodes ?? []) await endNode(node.pid, "SIGKILL", KILL_MS);
  if (existsSync(directory)) rmSync(directory, { recursive: true, force: true });
}
