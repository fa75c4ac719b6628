import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { choosePorts } from "@ringtide/cli";
import type { MemberRecord } from "@ringtide/cluster";
import type { NodeReport, NodeStart } from "./settings.ts";

const NODE = join(import.meta.dirname, "node.ts");
const NODES = 3;
const POLL_MS = 50;

export interface RaftNodesOptions {
  readonly directory: string;
  readonly groups: number;
  readonly flags: Readonly<Record<string, string>>;
}

/** Three processes with the same Raft groups. */
export class RaftNodes {
  readonly members: readonly MemberRecord[];
  readonly #running = new Map<number, ChildProcess>();

  private constructor(members: readonly MemberRecord[]) {
    this.members = members;
  }

  /** `onStarted` is told of the nodes before they run, so that whoever fails can end them. */
  static async start(options: RaftNodesOptions, onStarted: (nodes: RaftNodes) => void): Promise<RaftNodes> {
    const ports = await choosePorts(NODES, undefined);
    const nodes = new RaftNodes(
      ports.map(({ meta, data, rpc }, i) => ({
        id: i + 1,
        uuid: `bench-${i + 1}`,
        addresses: { host: "127.0.0.1", metaPort: meta, dataPort: data, clientPort: rpc },
      })),
    );
    onStarted(nodes);
    await Promise.all(nodes.members.map(({ id }) => nodes.#startNode(id, options)));
    return nodes;
  }

  async #startNode(self: number, { directory, groups, flags }: RaftNodesOptions): Promise<void> {
    const own = `${directory}/node-${self}`;
    mkdirSync(own, { recursive: true });
    const start: NodeStart = { self, members: this.members, directory: own, groups, flags };
    const out = openSync(`${own}/node.log`, "a");
    const child = fork(NODE, [JSON.stringify(start)], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", out, out, "ipc"],
      env: { ...process.env, UV_THREADPOOL_SIZE: process.env["UV_THREADPOOL_SIZE"] ?? "16" },
    });
    closeSync(out);
    this.#running.set(self, child);
    await messageOf(child, `node ${self}, see ${own}/node.log`);
  }

  pid(node: number): number {
    return this.#running.get(node)?.pid ?? 0;
  }

  get running(): number[] {
    return [...this.#running.keys()];
  }

  async report(node: number): Promise<NodeReport> {
    const child = this.#running.get(node);
    if (child === undefined) throw new Error(`node ${node} does not run`);
    child.send("report");
    return (await messageOf(child, `node ${node}`)) as NodeReport;
  }

  /** Reports of the nodes that run, in the order of `running`. */
  reports(): Promise<NodeReport[]> {
    return Promise.all(this.running.map((node) => this.report(node)));
  }

  /** Waits until the reports are as wanted, and says how long that took. */
  async until(what: string, isDone: (reports: readonly NodeReport[]) => boolean, timeoutMs: number): Promise<number> {
    const startedMs = performance.now();
    while (!isDone(await this.reports())) {
      if (performance.now() - startedMs > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
    return performance.now() - startedMs;
  }

  async kill(node: number): Promise<void> {
    const child = this.#running.get(node);
    if (child === undefined) return;
    this.#running.delete(node);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map((node) => this.kill(node)));
  }
}

/** The next message of a node; rejects when it ends instead. */
function messageOf(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${name} ended`));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

/** Every group has exactly one leader among these nodes. */
export function allLed(groups: number): (reports: readonly NodeReport[]) => boolean {
  return (reports) => reports.reduce((sum, { leads }) => sum + leads, 0) === groups;
}
