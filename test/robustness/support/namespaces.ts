import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import { atExit } from "./at-exit.ts";
import type { Network } from "./network.ts";

const run = promisify(execFile);
const ip = (...args: readonly string[]) => run("ip", args);

const HOST_NUMBER = 254;
/** An address that nobody on the bridge has: what is sent there is gone. */
const NOBODY = "02:00:00:00:00:01";
const NAME = /^rt(\d+)[bn]\d*/;

/**
 * Each node in a network namespace of its own, with an address of its own, on a bridge that is in a namespace too; this process
 * reaches them through one more link. A direction is cut by sending its packets to a hardware address that nobody has: they vanish
 * without a word, as in a broken network, and no packet filter is needed.
 */
export class Namespaces implements Network {
  readonly #prefix = `rt${process.pid}`;
  readonly #subnet: string;
  #nodes = 0;
  #settled: () => void = () => undefined;

  constructor() {
    const taken = new Set(
      Object.values(networkInterfaces())
        .flat()
        .map((each) => each?.address.split(".").slice(0, 3).join(".")),
    );
    const free = Array.from({ length: 250 }, (_, i) => `10.${200 + (i % 50)}.${(process.pid + i) % 250}`);
    this.#subnet = free.find((subnet) => !taken.has(subnet)) ?? "10.200.0";
  }

  get #bridge(): string {
    return `${this.#prefix}b`;
  }
  /** Name of the link in this process's namespace. */
  get #hostLink(): string {
    return `${this.#prefix}h`;
  }
  #namespace(node: number): string {
    return `${this.#prefix}n${node}`;
  }

  get #names(): string[] {
    return [...Array.from({ length: this.#nodes }, (_, i) => this.#namespace(i + 1)), this.#bridge];
  }

  hostOf(node: number): string {
    return `${this.#subnet}.${node}`;
  }

  commandOf(node: number): readonly string[] {
    return ["ip", "netns", "exec", this.#namespace(node)];
  }

  dialOf(): Readonly<Record<string, string>> {
    return {};
  }

  async open(ports: readonly unknown[]): Promise<void> {
    await removeLeftovers();
    this.#nodes = ports.length;
    this.#settled = atExit(() => {
      for (const name of this.#names) spawnSync("ip", ["netns", "del", name]);
    });
    await ip("netns", "add", this.#bridge);
    await ip("-n", this.#bridge, "link", "add", "br0", "type", "bridge");
    await ip("-n", this.#bridge, "link", "set", "br0", "up");
    for (let node = 1; node <= this.#nodes; node++) {
      const name = this.#namespace(node);
      await ip("netns", "add", name);
      await this.#plug(node, ["netns", name], "eth0");
      await ip("-n", name, "link", "set", "lo", "up");
      await ip("-n", name, "addr", "add", `${this.hostOf(node)}/24`, "dev", "eth0");
      await ip("-n", name, "link", "set", "eth0", "up");
    }
    await this.#plug(HOST_NUMBER, [], this.#hostLink);
    await ip("addr", "add", `${this.#subnet}.${HOST_NUMBER}/24`, "dev", this.#hostLink);
    await ip("link", "set", this.#hostLink, "up");
  }

  /** Links the bridge with an interface somewhere else. */
  async #plug(number: number, where: readonly string[], name: string): Promise<void> {
    const port = `${this.#prefix}p${number}`;
    const inner = `${this.#prefix}e${number}`;
    await ip("link", "add", port, "type", "veth", "peer", "name", inner);
    await ip("link", "set", port, "netns", this.#bridge);
    if (where.length > 0) {
      await ip("link", "set", inner, ...where);
      await ip("-n", where[1] ?? "", "link", "set", inner, "name", name);
    } else await ip("link", "set", inner, "name", name);
    await ip("-n", this.#bridge, "link", "set", port, "master", "br0", "up");
  }

  /** Nothing that `from` sends reaches `to` any more; the other direction stays. */
  async cut(from: number, to: number): Promise<void> {
    const rule = [this.hostOf(to), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent"];
    await ip("-n", this.#namespace(from), "neigh", "replace", ...rule);
  }

  /** A node is cut from all others, both ways; this process still reaches it. */
  async isolate(node: number): Promise<void> {
    for (let other = 1; other <= this.#nodes; other++) {
      if (other === node) continue;
      await this.cut(node, other);
      await this.cut(other, node);
    }
  }

  async heal(): Promise<void> {
    for (let node = 1; node <= this.#nodes; node++) {
      for (let other = 1; other <= this.#nodes; other++) {
        if (other === node) continue;
        // What was not cut has no such entry, or a sound one, which comes again by itself.
        await ip("-n", this.#namespace(node), "neigh", "del", this.hostOf(other), "dev", "eth0").catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    for (const name of this.#names) await removeNamespace(name);
    // The links went with their namespaces, unless opening failed on the way.
    await ip("link", "del", this.#hostLink).catch(() => undefined);
    this.#settled();
  }
}

async function removeNamespace(name: string): Promise<void> {
  await ip("netns", "del", name).catch(() => undefined);
}

/** A test that was killed could not remove its namespaces. */
async function removeLeftovers(): Promise<void> {
  const { stdout } = await ip("netns", "list");
  for (const line of stdout.split("\n")) {
    const [name = "", pid] = NAME.exec(line) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeNamespace(line.split(" ")[0] ?? name);
  }
}
