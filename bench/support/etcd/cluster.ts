import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { choosePorts } from "@ringtide/cli";
import { EtcdClient } from "./client.ts";
import { encodePut, headerOf, leaderOf } from "./messages.ts";

const MEMBERS = 3;
const STATUS = "/etcdserverpb.Maintenance/Status";
const PUT = "/etcdserverpb.KV/Put";
const READY_MS = 30_000;
const POLL_MS = 200;
/** Keys are written again and again, so that the store stays small. */
const KEYS = 1024;

/** Version of the etcd that is installed; undefined when none is. */
export function etcdVersion(): string | undefined {
  try {
    return /etcd Version: (\S+)/.exec(execFileSync("etcd", ["--version"], { encoding: "utf8" }))?.[1] ?? "unknown";
  } catch {
    return undefined;
  }
}

/** A local etcd of three members, with its default settings: each put is on the disks of two before it is acknowledged. */
export class EtcdCluster {
  readonly #children: ChildProcess[] = [];
  #leader: EtcdClient | undefined;
  #leaderNumber = 0;
  #revision = 0;

  async start(directory: string): Promise<void> {
    const ports = await choosePorts(MEMBERS, undefined);
    const members = ports.map(({ meta, data }, i) => ({
      name: `etcd-${i + 1}`,
      client: `127.0.0.1:${meta}`,
      peer: `http://127.0.0.1:${data}`,
    }));
    const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
    for (const { name, client, peer } of members) {
      mkdirSync(`${directory}/${name}`, { recursive: true, mode: 0o700 });
      const out = openSync(`${directory}/${name}.log`, "a");
      const flags: Record<string, string> = {
        name,
        "data-dir": `${directory}/${name}`,
        "listen-client-urls": `http://${client}`,
        "advertise-client-urls": `http://${client}`,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": initial,
      };
      const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      this.#children.push(spawn("etcd", args, { stdio: ["ignore", out, out] }));
      closeSync(out);
    }
    await this.#findLeader(members.map(({ client }) => client));
  }

  async #findLeader(addresses: readonly string[]): Promise<void> {
    const untilMs = performance.now() + READY_MS;
    for (;;) {
      for (const [i, address] of addresses.entries()) {
        const client = new EtcdClient(address);
        const status = await client.call(STATUS, new Uint8Array(0)).catch(() => undefined);
        if (status !== undefined && leaderOf(status) !== 0 && leaderOf(status) === headerOf(status).member) {
          this.#leader = client;
          this.#leaderNumber = i + 1;
          this.#revision = headerOf(status).revision;
          return;
        }
        client.close();
      }
      if (performance.now() > untilMs) throw new Error(`etcd has no leader after ${READY_MS} ms`);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  get leaderNumber(): number {
    return this.#leaderNumber;
  }

  get pids(): readonly number[] {
    return this.#children.map(({ pid }) => pid ?? 0);
  }

  /** Puts to the leader, as a client of its own would. */
  async put(number: number, value: Uint8Array): Promise<void> {
    await this.#call(PUT, encodePut(Buffer.from(`bench/${number % KEYS}`), value));
  }

  /** How many puts took effect since this was asked last. */
  async putsSince(): Promise<number> {
    const { revision } = headerOf(await this.#call(STATUS, new Uint8Array(0)));
    const puts = revision - this.#revision;
    this.#revision = revision;
    return puts;
  }

  #call(path: string, request: Uint8Array): Promise<Uint8Array> {
    if (this.#leader === undefined) throw new Error("etcd does not run");
    return this.#leader.call(path, request);
  }

  async end(): Promise<void> {
    this.#leader?.close();
    for (const child of this.#children) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  }
}
