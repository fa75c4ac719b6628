import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, choosePorts } from "@ringtide/cli";
import { fetchStatus, type StatusReport } from "@ringtide/client";
import { caughtUp, eventually, statusOf } from "../../support/cluster.ts";
import { atExit } from "./at-exit.ts";
import { directNetwork, type Network } from "./network.ts";
import { NodeProcess, type Program } from "./node-process.ts";

export interface ClusterOptions {
  readonly program: Program;
  readonly nodes?: number;
  /** Configuration keys of every node, over the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Configuration keys of single nodes, by number. */
  readonly settingsOf?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  readonly network?: Network;
}

const READY_MS = 60_000;
const REVIVALS = 3;

/** A cluster of real processes that is ended, and leaves nothing behind, by `end`. */
export class Cluster {
  readonly nodes: readonly NodeProcess[];
  readonly directory: string;
  readonly #network: Network;
  readonly #settled: () => void;

  private constructor(nodes: readonly NodeProcess[], directory: string, network: Network) {
    this.nodes = nodes;
    this.directory = directory;
    this.#network = network;
    this.#settled = atExit(() => rmSync(directory, { recursive: true, force: true }));
  }

  /** Chooses ports and directories; starts nothing. */
  static async create(options: ClusterOptions): Promise<Cluster> {
    const { program, settings = {}, settingsOf = {}, network = directNetwork } = options;
    const ports = await choosePorts(options.nodes ?? 3, undefined);
    const directory = mkdtempSync(join(tmpdir(), "ringtide-robust-"));
    try {
      await network.open(ports);
    } catch (error) {
      await network.close();
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
    const seeds = ports.map(({ meta, data, rpc }, i) => `${network.hostOf(i + 1)}:${meta}:${data}:${rpc}`).join(",");
    const nodes = ports.map(({ meta, data, rpc }, i) => {
      const number = i + 1;
      const home = `${directory}/node-${number}`;
      const dataDirectory = settingsOf[number]?.["data_dirs"] ?? `${home}/data`;
      const flags = {
        home,
        cluster_rpc_ip: network.hostOf(number),
        internal_meta_port: String(meta),
        internal_data_port: String(data),
        cluster_rpc_port: String(rpc),
        seed_nodes: seeds,
        default_replica_num: String(ports.length),
        ...settings,
        ...settingsOf[number],
        data_dirs: dataDirectory,
      };
      return new NodeProcess({
        number,
        program,
        command: network.commandOf(number),
        directory: home,
        dataDirectory,
        rpc: `${network.hostOf(number)}:${rpc}`,
        flags,
        dial: network.dialOf(number),
      });
    });
    return new Cluster(nodes, directory, network);
  }

  /** A cluster that serves. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = await Cluster.create(options);
    try {
      for (const node of cluster.nodes) node.start();
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.end();
      throw error;
    }
  }

  get addresses(): string[] {
    return this.nodes.map((node) => node.rpc);
  }

  node(number: number): NodeProcess {
    const found = this.nodes[number - 1];
    if (found === undefined) throw new Error(`there is no node ${number}`);
    return found;
  }

  /** The status as the first node that answers sees it. */
  status(): Promise<StatusReport> {
    return statusOf(this.nodes.filter((node) => node.isRunning).map((node) => node.rpc));
  }

  /** Waits until these nodes (all when left out) serve; fails at once when the process of one has ended. */
  async ready(nodes: readonly NodeProcess[] = this.nodes): Promise<void> {
    let problem = "";
    for (const node of nodes) {
      await eventually("node serves", READY_MS, async () => {
        const ended = nodes.find((each) => !each.isRunning);
        if (ended !== undefined) throw new Error(`node ${ended.number} has ended:\n${ended.logTail()}`);
        problem = await problemOf(node);
        return problem === "";
      }).catch((error: unknown) => {
        throw new Error(`node ${node.number}: ${problem}; ${String(error)}\n${node.logTail()}`);
      });
    }
  }

  /** Starts every node that has ended, or ends while it is waited for, again; all serve on return. */
  async revive(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      for (const node of this.nodes) if (!node.isRunning) node.start();
      try {
        await this.ready();
        return;
      } catch (error) {
        const hasEnded = this.nodes.some((node) => !node.isRunning);
        if (!hasEnded || attempt === REVIVALS) throw error;
      }
    }
  }

  /** Starts a node again; returns when it serves and has what the others had committed. */
  async restart(node: NodeProcess): Promise<void> {
    node.start();
    await this.ready([node]);
    await this.caughtUp();
  }

  caughtUp(timeoutMs = READY_MS): Promise<void> {
    return caughtUp(this.addresses, timeoutMs);
  }

  /** Waits until no node is short of disk: a write that did not fit counts for some seconds. */
  haveRoom(): Promise<void> {
    return eventually("all nodes have room", READY_MS, async () => {
      const { nodes } = await this.status();
      return nodes.every(({ diskLevel }) => diskLevel === 0);
    });
  }

  /** Names of the groups that a node leads, data groups first. */
  async groupsLedBy(node: number): Promise<string[]> {
    const { groups } = await this.status();
    return groups
      .filter((group) => group.leader === node)
      .map((group) => group.group)
      .sort();
  }

  /** Passes of each failpoint, all nodes together. */
  hits(): ReadonlyMap<string, number> {
    const hits = new Map<string, number>();
    for (const node of this.nodes)
      for (const [name, count] of node.hits()) hits.set(name, (hits.get(name) ?? 0) + count);
    return hits;
  }

  /** Ends every process by its pid, and removes network and directory. */
  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#network.close();
    rmSync(this.directory, { recursive: true, force: true });
    this.#settled();
  }
}

/** Why a node does not serve; empty when it does. */
async function problemOf(node: NodeProcess): Promise<string> {
  let status: StatusReport;
  try {
    status = await fetchStatus(addressOf(node.rpc));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  for (const { group, leader, replicas } of status.groups) {
    if (leader === 0) return `${group} has no leader`;
    const own = replicas.find((replica) => replica.node === node.number);
    if (own?.stopped) return `${group} stopped: ${own.stopped}`;
    if (own?.serves !== true) return `${group} has not caught up`;
  }
  return "";
}
