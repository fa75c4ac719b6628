import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Death, Orders, Report } from "@ringtide/testkit";
import { eventually } from "../../support/cluster.ts";
import { PROJECT } from "../../support/scripts.ts";
import { atExit } from "./at-exit.ts";

const MAINS = {
  server: `${PROJECT}/packages/server/src/main.ts`,
  failpoints: `${PROJECT}/packages/testkit/src/failpoints/main.ts`,
};
export type Program = keyof typeof MAINS;

const STOP_MS = 20_000;
const ORDER_MS = 10_000;

export interface NodeSpec {
  /** From 1; the node's id once the cluster has formed. */
  readonly number: number;
  readonly program: Program;
  /** What the program is started through: a network namespace; empty for none. */
  readonly command: readonly string[];
  /** Log, control and report files. */
  readonly directory: string;
  readonly dataDirectory: string;
  /** Address of the clients' door. */
  readonly rpc: string;
  readonly flags: Readonly<Record<string, string>>;
  /** Addresses that the node dials through others, as the server with failpoints takes them. */
  readonly dial: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A node as a process of its own; it can be killed, frozen and started again from its data. */
export class NodeProcess {
  readonly spec: NodeSpec;
  readonly logFile: string;
  #child: ChildProcess | undefined;
  #ended: Promise<Ending> = Promise.resolve({ code: 0, signal: null });
  #orders: Orders = { version: 0 };
  /** Hits of the processes that have ended. */
  readonly #pastHits = new Map<string, number>();

  constructor(spec: NodeSpec) {
    this.spec = spec;
    this.logFile = `${spec.directory}/node.log`;
  }

  get number(): number {
    return this.spec.number;
  }
  get rpc(): string {
    return this.spec.rpc;
  }
  get isRunning(): boolean {
    return this.#child !== undefined;
  }
  /** How the last process ended, once it has. */
  get ended(): Promise<Ending> {
    return this.#ended;
  }
  /** 0 while no process runs. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get #controlFile(): string {
    return `${this.spec.directory}/control.json`;
  }
  get #reportFile(): string {
    return `${this.spec.directory}/report.json`;
  }

  /** Starts the process; it dies at `failpoint` when that is given. */
  start(failpoint?: Death): void {
    if (this.#child !== undefined) throw new Error(`node ${this.number} runs already`);
    const { directory, program, command, flags, dial } = this.spec;
    mkdirSync(directory, { recursive: true });
    this.#orders = { version: this.#orders.version + 1 };
    replaceFile(this.#controlFile, JSON.stringify({ ...this.#orders, ...(failpoint && { die: failpoint }) }));
    const [first = process.execPath, ...rest] = [...command, process.execPath];
    const args = Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]);
    const log = openSync(this.logFile, "a");
    const child = spawn(first, [...rest, "--disable-warning=ExperimentalWarning", MAINS[program], ...args], {
      cwd: PROJECT,
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: "16",
        FAILPOINT_CONTROL: this.#controlFile,
        FAILPOINT_REPORT: this.#reportFile,
        FAILPOINT_DIAL: JSON.stringify(dial),
      },
    });
    closeSync(log);
    const settled = atExit(() => child.kill("SIGKILL"));
    this.#child = child;
    this.#ended = once(child, "exit").then(([code, signal]) => {
      settled();
      this.#child = undefined;
      this.#keepHits();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  #keepHits(): void {
    for (const [name, count] of Object.entries(this.report()?.hits ?? {}))
      this.#pastHits.set(name, (this.#pastHits.get(name) ?? 0) + count);
  }

  /** Passes of each failpoint by all processes of this node so far. */
  hits(): ReadonlyMap<string, number> {
    const hits = new Map(this.#pastHits);
    if (this.isRunning)
      for (const [name, count] of Object.entries(this.report()?.hits ?? {}))
        hits.set(name, (hits.get(name) ?? 0) + count);
    return hits;
  }

  /** As a power cut would end it. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** Stops it cleanly; fails when it does not end, or not with code 0. */
  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    const child = this.#child;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    const { code, signal } = await this.#ended;
    clearTimeout(timer);
    if (code !== 0)
      throw new Error(`node ${this.number} ended with ${code ?? signal} after SIGTERM:\n${this.logTail()}`);
  }

  /** Nothing of it runs until `thaw`; its sockets stay open. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** What the process, of the server with failpoints, shall do from now on; in force on return. What is left out is off. */
  async order(orders: Omit<Orders, "version">): Promise<void> {
    this.#orders = { ...orders, version: this.#orders.version + 1 };
    const { version } = this.#orders;
    replaceFile(this.#controlFile, JSON.stringify(this.#orders));
    await eventually(`node ${this.number} obeys ${JSON.stringify(orders)}`, ORDER_MS, async () => {
      const report = this.report();
      // It may have died of the order already.
      return !this.isRunning || (report?.pid === this.pid && report.version >= version);
    });
  }

  /** The last report of the process that runs, or ran last. */
  report(): Report | undefined {
    try {
      return JSON.parse(readFileSync(this.#reportFile, "utf8")) as Report;
    } catch {
      return undefined; // not written yet
    }
  }

  logTail(lines = 12): string {
    try {
      return readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "(no log)";
    }
  }
}

function replaceFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
}
