import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { RingtideError } from "@ringtide/common";

/** One node of a local cluster: what the launcher must remember of it. */
export interface LocalNode {
  /** From 1, as the user counts them. */
  readonly number: number;
  /** 0: not running as far as the launcher knows. */
  readonly pid: number;
  readonly dataDirectory: string;
  readonly logFile: string;
  /** Addresses by door, `host:port`. */
  readonly rpc: string;
  readonly meta: string;
  readonly data: string;
}

export interface LocalClusterState {
  readonly format: 1;
  readonly directory: string;
  readonly replicas: number;
  /** Extra configuration flags of every node. */
  readonly flags: Readonly<Record<string, string>>;
  readonly nodes: readonly LocalNode[];
  /** The program that made the cluster and may therefore remove it; left out: the user did, by hand. */
  readonly madeBy?: "quickstart";
}

const FILE = "cluster.json";

/** Undefined when there is no cluster in the directory. */
export function readState(directory: string): LocalClusterState | undefined {
  const path = `${directory}/${FILE}`;
  if (!existsSync(path)) return undefined;
  const state = parse(path);
  if (state.format !== 1) throw new RingtideError("FORMAT_UNKNOWN", `${path} has format ${String(state.format)}`);
  return state;
}

function parse(path: string): LocalClusterState {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LocalClusterState;
  } catch (error) {
    throw new RingtideError("DISK_CORRUPT", `${path} cannot be read: end its nodes by hand and remove the directory`, {
      cause: error,
    });
  }
}

export function requireState(directory: string): LocalClusterState {
  const state = readState(directory);
  if (state === undefined) {
    throw new RingtideError(
      "DISK_NOT_FOUND",
      `no local cluster in ${directory}: start one with local-cluster.sh start --dir ${directory}`,
    );
  }
  return state;
}

export function writeState(state: LocalClusterState): void {
  const path = `${state.directory}/${FILE}`;
  writeFileSync(`${path}.tmp`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

export function removeState(directory: string): void {
  rmSync(`${directory}/${FILE}`, { force: true });
}

export function withNode(state: LocalClusterState, changed: LocalNode): LocalClusterState {
  return { ...state, nodes: state.nodes.map((node) => (node.number === changed.number ? changed : node)) };
}

export function nodeOf(state: LocalClusterState, number: number): LocalNode {
  const node = state.nodes.find((candidate) => candidate.number === number);
  if (node === undefined) {
    throw new RingtideError(
      "CONFIG_INVALID_VALUE",
      `there is no node ${number}: the cluster has nodes 1 to ${state.nodes.length}`,
    );
  }
  return node;
}
