import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  destroyCluster,
  killNode,
  type LocalClusterState,
  restartNode,
  startCluster,
  stopCluster,
} from "../src/index.ts";
import { choosePorts } from "../src/local-cluster/ports.ts";
import { isNodeRunning } from "../src/local-cluster/processes.ts";
import { nodeOf, readState, requireState, withNode, writeState } from "../src/local-cluster/state.ts";
import { refuseForeign } from "../src/quickstart/ownership.ts";
import { temporaryDirectory } from "./support.ts";

const directories: string[] = [];
const servers: Server[] = [];

function directory(): string {
  const made = temporaryDirectory();
  directories.push(made);
  return made;
}

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const made of directories.splice(0)) {
    await destroyCluster(made);
    rmSync(made, { recursive: true, force: true });
  }
});

function stateIn(path: string): LocalClusterState {
  const nodes = [1, 2].map((number) => ({
    number,
    pid: 0,
    dataDirectory: `${path}/node-${number}/data`,
    logFile: `${path}/node-${number}/node.log`,
    rpc: `127.0.0.1:${number}4`,
    meta: `127.0.0.1:${number}0`,
    data: `127.0.0.1:${number}2`,
  }));
  return { format: 1, directory: path, replicas: 2, flags: {}, nodes };
}

describe("the state of a local cluster", () => {
  it("comes back as it was written", () => {
    const state = stateIn(directory());
    expect(readState(state.directory)).toBeUndefined();
    writeState(state);
    expect(readState(state.directory)).toEqual(state);
    expect(withNode(state, { ...nodeOf(state, 2), pid: 7 }).nodes.map((node) => node.pid)).toEqual([0, 7]);
  });

  it("is asked for by name: no cluster, no such node, another format", () => {
    const state = stateIn(directory());
    expect(() => requireState(state.directory)).toThrow(/no local cluster in .*: start one with/);
    expect(() => nodeOf(state, 3)).toThrow("there is no node 3: the cluster has nodes 1 to 2");
    writeFileSync(`${state.directory}/cluster.json`, '{"format":2}');
    expect(() => readState(state.directory)).toThrow(/has format 2/);
    rmSync(`${state.directory}/cluster.json`);
  });

  it("takes no other process for a node", () => {
    const node = nodeOf(stateIn(directory()), 1);
    expect(isNodeRunning(node)).toBe(false);
    expect(isNodeRunning({ ...node, pid: process.pid })).toBe(false);
  });
});

describe("ports", () => {
  it("are six a node from the base port on, or free ones", async () => {
    const [first] = await choosePorts(3, undefined);
    const start = first?.meta ?? 0;
    expect(await choosePorts(2, start)).toEqual([
      { meta: start, data: start + 2, rpc: start + 4 },
      { meta: start + 6, data: start + 8, rpc: start + 10 },
    ]);
  });

  it("in use, or beyond the last, are refused by number", async () => {
    const [first] = await choosePorts(1, undefined);
    const taken = (first?.meta ?? 0) + 3;
    const server = createServer().listen(taken, "127.0.0.1");
    servers.push(server);
    await new Promise((done) => server.once("listening", done));
    await expect(choosePorts(1, taken - 3)).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(`port ${taken} is in use`) as string,
    });
    await expect(choosePorts(3, 65_530)).rejects.toMatchObject({ code: "CONFIG_INVALID_VALUE" });
    await expect(choosePorts(1, 0.5)).rejects.toMatchObject({ code: "CONFIG_INVALID_VALUE" });
  });
});

describe("a local cluster", () => {
  const one = { nodes: 1, replicas: 1, basePort: undefined, flags: {} };

  it("refuses counts that make no cluster, and leaves nothing behind", async () => {
    const path = `${directory()}/new`;
    for (const wrong of [{ nodes: 0 }, { nodes: 1.5 }, { replicas: 0 }])
      await expect(startCluster({ ...one, ...wrong, directory: path })).rejects.toMatchObject({
        code: "CONFIG_INVALID_VALUE",
      });
    expect(existsSync(path)).toBe(false);
  });

  it("starts, is killed, restarted and stopped, and goes on where it was; with other settings it does not start", async () => {
    const path = directory();
    const started = await startCluster({ ...one, directory: path, flags: { log_level: "warn" } });
    const pid = nodeOf(started, 1).pid;
    expect(isNodeRunning(nodeOf(started, 1))).toBe(true);
    expect(nodeOf(await startCluster({ ...one, directory: path }), 1).pid).toBe(pid); // it runs already
    expect(nodeOf(await killNode(path, 1), 1).pid).toBe(0);
    expect(isNodeRunning(nodeOf(started, 1))).toBe(false);
    const restarted = nodeOf(await restartNode(path, 1), 1);
    expect({ ...restarted, pid }).toEqual(nodeOf(started, 1));
    await stopCluster(path);
    expect(isNodeRunning(restarted)).toBe(false);
    for (const other of [{ nodes: 2 }, { replicas: 2 }, { basePort: 1 }, { flags: { log_level: "info" } }])
      await expect(startCluster({ ...one, directory: path, ...other })).rejects.toMatchObject({
        code: "CONFIG_CONFLICT",
      });
    expect(readState(path)).toEqual({ ...started, nodes: [{ ...nodeOf(started, 1), pid: 0 }] });
  });

  it("says why a node does not start: the end of its log", async () => {
    const path = directory();
    const failing = startCluster({ ...one, directory: path, flags: { no_such_key: "1" } });
    await expect(failing).rejects.toThrow(/node 1 ended; the end of .*node\.log:\n(.*\n)*.*no_such_key/);
  });

  it("that runs in part goes on when a node that is started does not come up", async () => {
    const path = directory();
    const two = { directory: path, nodes: 2, replicas: 2, basePort: undefined, flags: {} };
    const running = nodeOf(await startCluster(two), 2);
    const broken = nodeOf(await killNode(path, 1), 1);
    writeFileSync(`${broken.dataDirectory}/identity.json`, "{");
    await expect(startCluster(two)).rejects.toThrow(/node 1 ended/);
    expect(isNodeRunning(running)).toBe(true);
    expect(requireState(path).nodes).toEqual([broken, running]);
  });

  it("leaves no node running when the next cannot be started", async () => {
    const path = directory();
    writeFileSync(`${path}/node-2`, "in the way of a directory");
    await expect(startCluster({ ...one, directory: path, nodes: 2 })).rejects.toThrow(/node-2/);
    const state = requireState(path);
    expect(existsSync(nodeOf(state, 1).logFile)).toBe(true); // it was started
    expect(state.nodes.map((node) => node.pid)).toEqual([0, 0]);
    const processes = spawnSync("ps", ["-e", "-ww", "-o", "args="], { encoding: "utf8" }).stdout;
    expect(processes).toContain("ps -e -ww");
    expect(processes).not.toContain(path);
  });

  it("is the quickstart's to remove only when the quickstart made it", async () => {
    const path = directory();
    expect(() => refuseForeign(path)).not.toThrow(); // nothing there
    writeState(stateIn(path));
    expect(() => refuseForeign(path)).toThrow(
      expect.objectContaining({
        code: "CONFIG_CONFLICT",
        message: expect.stringContaining(`the cluster in ${path} was not made by this quickstart`) as string,
      }) as Error,
    );
    await destroyCluster(path);
    await startCluster({ ...one, directory: path, madeBy: "quickstart" });
    expect(requireState(path).madeBy).toBe("quickstart");
    expect((await stopCluster(path)).madeBy).toBe("quickstart");
    expect(() => refuseForeign(path)).not.toThrow();
  });

  it("is removed without what others put into its directory", async () => {
    const path = directory();
    const state = stateIn(path);
    writeState(state);
    mkdirSync(`${path}/node-1/data`, { recursive: true });
    writeFileSync(`${path}/notes.txt`, "mine");
    await destroyCluster(path);
    expect(readdirSync(path)).toEqual(["notes.txt"]);
    expect(readFileSync(`${path}/notes.txt`, "utf8")).toBe("mine");
    rmSync(`${path}/notes.txt`);
    await destroyCluster(path);
    expect(existsSync(path)).toBe(false);
  });
});
