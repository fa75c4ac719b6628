import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { choosePorts, type NodePorts } from "@ringtide/cli";
import type { RingReport, StatusReport } from "@ringtide/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./support/cluster.ts";
import { isAlive, PROJECT, runScript, Script, type ScriptOptions, temporaryDirectory } from "./support/scripts.ts";

const scripts: Script[] = [];
const directories: string[] = [];

function directory(): string {
  const made = temporaryDirectory();
  directories.push(made);
  return made;
}

function start(name: string, args: readonly string[], options: ScriptOptions = {}): Script {
  const script = new Script(name, args, options);
  scripts.push(script);
  return script;
}

afterEach(async () => {
  for (const script of scripts.splice(0)) await script.end();
  for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
});

describe("every script", () => {
  const all = readdirSync(`${PROJECT}/sbin`).filter((name) => name !== "lib.sh");

  it("explains itself with examples", async () => {
    expect(all.length).toBeGreaterThanOrEqual(6);
    for (const name of all) {
      const { code, out, err } = await runScript(name, ["--help"]);
      expect({ name, code, err }).toEqual({ name, code: 0, err: "" });
      expect(out, name).toMatch(/^(Usage: )?\S+\.sh /);
      expect(out, name).toContain("Examples:\n");
    }
  });

  it("refuses a flag that it does not know", async () => {
    for (const name of all.filter((other) => other !== "quickstart.sh")) {
      const { code, err } = await runScript(name, ["--no_such_flag", "1"], { cwd: directory() });
      expect({ name, code }).toEqual({ name, code: 1 });
      expect(err, name).not.toBe("");
      expect(err, name).not.toContain("    at "); // no stack
    }
  });
});

/** Flags of a node that is a cluster of its own, or with a second seed. */
function nodeFlags(ports: NodePorts, second?: NodePorts): string[] {
  const seeds = [ports, ...(second === undefined ? [] : [second])];
  return Object.entries({
    cluster_rpc_ip: "127.0.0.1",
    internal_meta_port: ports.meta,
    internal_data_port: ports.data,
    cluster_rpc_port: ports.rpc,
    seed_nodes: seeds.map(({ meta, data, rpc }) => `127.0.0.1:${meta}:${data}:${rpc}`).join(","),
    default_replica_num: seeds.length,
  }).flatMap(([key, value]) => [`--${key}`, String(value)]);
}

async function portsOf(count: number): Promise<NodePorts[]> {
  return await choosePorts(count, undefined);
}

/** Starts a node in the directory, which gets configuration files that only name the cluster. */
function startNode(home: string, flags: readonly string[]): Script {
  mkdirSync(`${home}/etc`, { recursive: true });
  writeFileSync(`${home}/etc/ringtide-cluster.properties`, "cluster_name=by_hand\n");
  writeFileSync(`${home}/etc/ringtide-engine.properties`, "# nothing\n");
  return start("start-node.sh", ["-c", "etc", ...flags], { cwd: home });
}

const isReady = (node: Script) =>
  eventually(`ready: ${node.err}`, 30_000, () => Promise.resolve(node.err.includes("ready: ")));

async function sql(port: number, statement: string): Promise<string> {
  const { code, out, err } = await runScript("start-cli.sh", ["-p", `${port}`, "--format", "csv", "-e", statement]);
  expect(code, err).toBe(0);
  return out;
}

const runFiles = (home: string) => readdirSync(`${home}/run`);

describe("start-node.sh and stop-node.sh", () => {
  it("start from configuration files and flags, end cleanly on SIGTERM, and go on with the data", async () => {
    const home = directory();
    const [ports] = await portsOf(1);
    if (ports === undefined) throw new Error("no ports");
    const first = startNode(home, nodeFlags(ports));
    await isReady(first);
    expect(runFiles(home)).toEqual([`node-${first.child.pid}.json`]);
    await sql(ports.rpc, "INSERT INTO root.hand.d(time, s) VALUES (1, 4.25)");
    const status = await runScript("nodetool.sh", ["-p", `${ports.rpc}`, "status", "--format", "json"]);
    expect((JSON.parse(status.out) as StatusReport).cluster.name).toBe("by_hand");
    first.child.kill("SIGTERM");
    expect((await first.finished()).code).toBe(0);
    expect(runFiles(home)).toEqual([]);
    expect(readdirSync(home).toSorted()).toEqual(["data", "etc", "run"]);

    const second = startNode(home, nodeFlags(ports));
    await isReady(second);
    expect(await sql(ports.rpc, "SELECT s FROM root.hand.d")).toBe(
      "Time,root.hand.d.s\n1970-01-01T00:00:00.001Z,4.25\n",
    );
    second.child.kill("SIGINT");
    expect((await second.finished()).code).toBe(0);
  });

  it("stop the nodes of a directory, be they ready or waiting for seeds, and no other process", async () => {
    const home = directory();
    const otherHome = directory();
    const [one, two, three, missing] = await portsOf(4);
    if (one === undefined || two === undefined || three === undefined) throw new Error("no ports");
    const ready = startNode(home, [...nodeFlags(one), "--data_dirs", "data1"]);
    const waiting = startNode(home, [...nodeFlags(two, missing), "--data_dirs", "data2"]);
    const other = startNode(otherHome, nodeFlags(three));
    await isReady(ready);
    await isReady(other);
    await eventually("the run file of the waiting node", 10_000, () => Promise.resolve(runFiles(home).length === 2));
    // Left behind by a node that was killed; its pid belongs to another program now.
    writeFileSync(`${home}/run/node-1.json`, `{"pid":${process.pid},"metaPort":1,"processStart":"1"}\n`);
    // The same, and now it belongs to a node of another directory.
    writeFileSync(`${home}/run/node-2.json`, `{"pid":${other.child.pid},"metaPort":1,"processStart":"1"}\n`);

    const stopped = await runScript("stop-node.sh", [], { cwd: home });
    expect({ ...stopped, out: stopped.out.trimEnd().split("\n").toSorted() }).toEqual({
      code: 0,
      err: "",
      out: [ready, waiting].map((node) => `stopped node ${node.child.pid}`).toSorted(),
    });
    expect((await ready.finished()).code).toBe(0);
    expect((await waiting.finished()).code).toBe(0);
    expect(runFiles(home)).toEqual([]);
    expect(isAlive(other.child.pid ?? 0)).toBe(true);
    expect((await runScript("stop-node.sh", [], { cwd: home })).out).toBe("no node of . runs\n");
    expect((await runScript("stop-node.sh", ["--home", otherHome])).out).toBe(`stopped node ${other.child.pid}\n`);
    expect((await other.finished()).code).toBe(0);
  });

  it("name the configuration directory that is missing", async () => {
    const { code, err } = await runScript("start-node.sh", ["-c", "nowhere"], { cwd: directory() });
    expect(code).toBe(1);
    expect(err).toMatch(/^DISK_NOT_FOUND: cannot read nowhere\/.*: name the configuration directory with -c\n$/);
  });
});

interface Launched {
  readonly directory: string;
  readonly replicas: number;
  readonly nodes: readonly Record<"node" | "pid" | "dataDirectory" | "rpc" | "meta" | "data", string | number>[];
}

describe("local-cluster.sh and nodetool.sh", () => {
  let home: string;
  let launched: Launched;
  let basePort: number;

  async function cluster(...args: string[]): Promise<Launched> {
    const { code, out, err } = await runScript("local-cluster.sh", [...args, "--dir", "my cluster", "--json"], {
      cwd: home,
    });
    expect(code, err).toBe(0);
    return JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as Launched;
  }

  const pids = (of: Launched) => of.nodes.map((node) => Number(node.pid));
  const port = (node: number) => String(basePort + (node - 1) * 6 + 4);

  beforeAll(async () => {
    home = temporaryDirectory();
    basePort = (await portsOf(3))[0]?.meta ?? 0;
    launched = await cluster("start", "--nodes", "3", "--replicas", "2", "--base-port", `${basePort}`);
  });

  afterAll(async () => {
    await cluster("stop");
    rmSync(home, { recursive: true, force: true });
  });

  it("tell pids, data directories and addresses as the last line", () => {
    expect(launched).toEqual({
      directory: `${home}/my cluster`,
      replicas: 2,
      nodes: [1, 2, 3].map((node, i) => ({
        node,
        pid: expect.any(Number) as number,
        dataDirectory: `${home}/my cluster/node-${node}/data`,
        meta: `127.0.0.1:${basePort + i * 6}`,
        data: `127.0.0.1:${basePort + i * 6 + 2}`,
        rpc: `127.0.0.1:${basePort + i * 6 + 4}`,
      })),
    });
    expect(pids(launched).every(isAlive)).toBe(true);
    expect(readdirSync(home)).toEqual(["my cluster"]);
  });

  it("show the cluster's status and ring, for people and for programs", async () => {
    const ask = (...args: string[]) => runScript("nodetool.sh", ["-h", "127.0.0.1", "-p", port(2), ...args]);
    const status = JSON.parse((await ask("status", "--format", "json")).out) as StatusReport;
    expect(status).toMatchObject({ answeredBy: 2, cluster: { replicas: 2 } });
    expect(status.nodes.map(({ node, alive }) => [node, alive])).toEqual([1, 2, 3].map((node) => [node, true]));
    const data = status.groups.filter(({ group }) => group.startsWith("data"));
    expect(data.map(({ replicas }) => replicas.length)).toEqual([2, 2, 2]);
    for (const replica of data.flatMap(({ replicas }) => replicas)) {
      expect(replica).toMatchObject({ serves: true, term: expect.any(Number) as number });
      expect(replica.commitIndex).toBeGreaterThanOrEqual(replica.appliedIndex ?? Number.POSITIVE_INFINITY);
    }
    const ring = JSON.parse((await ask("--format", "json", "ring")).out) as RingReport;
    expect(ring.groups.reduce((sum, { slots }) => sum + slots, 0)).toBe(ring.slotStrategy.slotCount);
    expect(ring.groups.every(({ members, header }) => members[0] === header && members.length === 2)).toBe(true);

    const statusTable = (await ask("status")).out;
    expect(statusTable).toContain(`Cluster default (${status.cluster.uuid}), 2 replicas, as node 2 sees it\n`);
    expect(statusTable.match(/ data\(\d,0\) .* yes /g)).toHaveLength(6);
    expect((await ask("ring")).out).toMatch(/Cluster default: 10000 slots by device-hash\n[┌─┬┐]+\n│ Ring │ Node │/);
    expect((await ask("rings")).err).toContain("unknown command 'rings'");
    const nobody = await runScript("nodetool.sh", ["-p", "1", "status"]);
    expect(nobody.code).toBe(1);
    expect(nobody.err).toMatch(/^NET_UNREACHABLE: /);
  });

  it("kill, restart, stop and start again, with the data", async () => {
    await sql(Number(port(1)), "INSERT INTO root.lc.d(time, s) VALUES (1, 7)");
    const killed = await cluster("kill", "2");
    expect(pids(killed)).toEqual([pids(launched)[0], 0, pids(launched)[2]]);
    expect(isAlive(pids(launched)[1] as number)).toBe(false);
    const down = await runScript("nodetool.sh", ["-p", port(1), "status"]);
    expect(down.out).toContain("DOWN");

    const restarted = await cluster("restart", "2");
    expect(restarted.nodes.map((node) => ({ ...node, pid: 0 }))).toEqual(
      launched.nodes.map((node) => ({ ...node, pid: 0 })),
    );
    expect(pids(restarted).every(isAlive)).toBe(true);

    const stopped = await cluster("stop");
    expect(pids(stopped)).toEqual([0, 0, 0]);
    expect(pids(restarted).some(isAlive)).toBe(false);
    for (const node of [1, 2, 3])
      expect(readFileSync(`${home}/my cluster/node-${node}/node.log`, "utf8")).toContain("stopping");

    expect(pids(await cluster("start")).every(isAlive)).toBe(true);
    expect(await sql(Number(port(3)), "SELECT s FROM root.lc.d")).toContain(",7\n");
  });

  it("say what is wrong: no cluster, no such node, a setting that the cluster was not made with", async () => {
    const wrong = (...args: string[]) => runScript("local-cluster.sh", args, { cwd: home });
    expect(await wrong("stop", "--dir", "nothing")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^DISK_NOT_FOUND: no local cluster in .*nothing: start one with/) as string,
    });
    expect((await wrong("kill", "9", "--dir", "my cluster")).err).toContain("there is no node 9");
    expect((await wrong("start", "--nodes", "5", "--dir", "my cluster")).err).toMatch(/^CONFIG_CONFLICT: /);
    expect((await wrong("start", "--dir", "new", "--set", "log_level")).err).toContain("--set takes KEY=VALUE");
    expect((await wrong("start")).err).toContain("dir");
    const taken = await wrong("start", "--dir", "new", "--nodes", "1", "--base-port", `${basePort}`);
    expect(taken.err).toMatch(new RegExp(`^ADDRESS_IN_USE: port ${basePort} is in use`));
    expect(readdirSync(home)).toEqual(["my cluster"]);
  });
});
