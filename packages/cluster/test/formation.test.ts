import { rmSync } from "node:fs";
import type { ClusterNode } from "@ringtide/cluster";
import { hasCode } from "@ringtide/common";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const running: ClusterNode[] = [];
const directories: { remove(): void }[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
  for (const directory of directories.splice(0)) directory.remove();
});

async function codeOf(attempt: Promise<ClusterNode>): Promise<string> {
  try {
    running.push(await attempt);
    return "started";
  } catch (error) {
    return hasCode(error, "INTERNAL") ? String(error) : (error as { code: string }).code;
  }
}

async function formThree(changes = {}) {
  const directory = temporaryDirectory();
  directories.push(directory);
  const seeds = await chooseAddresses(3);
  const nodes = await Promise.all(seeds.map((_, i) => startNode(nodeOptions(directory.path, seeds, i, changes))));
  running.push(...nodes);
  return { directory: directory.path, seeds, nodes };
}

it("forms from three seeds, elects leaders and spreads them over the nodes", async () => {
  const { nodes } = await formThree();
  const uuids = new Set(nodes.map((node) => node.cluster.record.clusterUuid));
  expect(uuids.size).toBe(1);
  expect(nodes.map((node) => node.cluster.self)).toEqual([1, 2, 3]);
  await eventually("each node leads the group that it heads", () =>
    nodes.every((node) => node.cluster.dataGroup(node.cluster.self * 16)?.raft.status().leaderReady === true),
  );
}, 20_000);

it("replicates a write of the meta group to every node", async () => {
  const { nodes } = await formThree();
  for (const [i, node] of nodes.entries()) {
    await node.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path: `root.sg${i}` });
  }
  await eventually("all nodes have all storage groups", () =>
    nodes.every((node) => node.cluster.metaState.storageGroups.join() === "root.sg0,root.sg1,root.sg2"),
  );
}, 20_000);

it("does not let two wiped seeds of three form a second cluster", async () => {
  const { directory, seeds, nodes } = await formThree();
  for (const node of nodes) await node.close();
  running.splice(0);
  for (const i of [0, 1]) rmSync(`${directory}/node-${i + 1}`, { recursive: true });
  const wiped = [0, 1].map((i) => codeOf(startNode(nodeOptions(directory, seeds, i))));
  running.push(await startNode(nodeOptions(directory, seeds, 2)));
  expect(await Promise.all(wiped)).toEqual(["ALREADY_FORMED", "ALREADY_FORMED"]);
}, 30_000);

it("does not form while a seed is missing", async () => {
  const directory = temporaryDirectory();
  directories.push(directory);
  const seeds = await chooseAddresses(3);
  const stop = new AbortController();
  const starts = [0, 1].map((i) => codeOf(startNode(nodeOptions(directory.path, seeds, i), stop.signal)));
  await new Promise((done) => setTimeout(done, 1500));
  stop.abort(Object.assign(new Error("stopped"), { code: "stopped" }));
  expect(await Promise.all(starts)).toEqual(["stopped", "stopped"]);
}, 20_000);

it("refuses a seed whose configuration differs, naming the key", async () => {
  const directory = temporaryDirectory();
  directories.push(directory);
  const seeds = await chooseAddresses(2);
  const stop = new AbortController();
  const other = startNode(
    nodeOptions(directory.path, seeds, 0, { agreement: { default_replica_num: "2" } }),
    stop.signal,
  );
  const mine = startNode(
    nodeOptions(directory.path, seeds, 1, { agreement: { default_replica_num: "3" } }),
    stop.signal,
  );
  await expect(Promise.race([other, mine])).rejects.toThrow(/default_replica_num/);
  stop.abort(Object.assign(new Error("stopped"), { code: "stopped" }));
  await Promise.allSettled([other, mine]);
}, 20_000);

it("restarts from its own directory without the others, and refuses the directory of another cluster", async () => {
  const { directory, seeds, nodes } = await formThree();
  for (const node of nodes) await node.close();
  running.splice(0);
  const alone = await startNode(nodeOptions(directory, seeds, 0));
  running.push(alone);
  expect(alone.cluster.self).toBe(1);
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 1, { clusterName: "other" })))).toBe("DATA_DIR_FOREIGN");
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 0)))).toBe("DATA_DIR_IN_USE");
}, 30_000);

it("counts no vote of a wiped node: with it, one survivor of three elects nobody", async () => {
  const { directory, seeds, nodes } = await formThree();
  for (const node of nodes) await node.close();
  running.splice(0);
  rmSync(`${directory}/node-3`, { recursive: true });
  const survivor = await startNode(nodeOptions(directory, seeds, 1));
  running.push(survivor);
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 2)))).toBe("ALREADY_FORMED");
  await new Promise((done) => setTimeout(done, 2500));
  const status = survivor.cluster.localStatus();
  expect(status.replicas.map((replica) => replica.role).filter((role) => role === "leader")).toEqual([]);
}, 30_000);

it("restarts all nodes from their directories with the metadata that was acknowledged", async () => {
  const { directory, seeds, nodes } = await formThree();
  await (nodes[0] as ClusterNode).cluster.coordinator.writeMeta(undefined, {
    kind: "createStorageGroup",
    path: "root.kept",
  });
  for (const node of nodes) await node.close();
  running.splice(0);
  running.push(...(await Promise.all(seeds.map((_, i) => startNode(nodeOptions(directory, seeds, i))))));
  await eventually("all nodes have the storage group", () =>
    running.every((node) => node.cluster.metaState.storageGroups.join() === "root.kept"),
  );
}, 30_000);

it("refuses to start without the log or the key-value store that it had: it could vote twice, or forget entries", async () => {
  const { directory, seeds, nodes } = await formThree();
  for (const node of nodes) await node.close();
  running.splice(0);
  rmSync(`${directory}/node-1/log`, { recursive: true });
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 0)))).toBe("DISK_CORRUPT");
  rmSync(`${directory}/node-2/kv`, { recursive: true });
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 1)))).toBe("DISK_CORRUPT");
  rmSync(`${directory}/node-3/identity.json`);
  expect(await codeOf(startNode(nodeOptions(directory, seeds, 2)))).toBe("DATA_DIR_FOREIGN");
}, 30_000);
