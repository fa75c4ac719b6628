import { rmSync } from "node:fs";
import type { ClusterNode, NodeAddresses } from "@ringtide/cluster";
import { hasCode, META_GROUP, nullLogger, sleep } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { BeatBatch, encodeMessage, RaftMessageType } from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";
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

/** How long a stream has to stay open to count as accepted. */
const OPEN_MS = 2000;

function metaReplica(node: ClusterNode) {
  return node.cluster.localStatus().replicas.find((replica) => replica.group === META_GROUP);
}

/** Groups that the node leads. */
function leadersAt(node: ClusterNode): number[] {
  const { replicas } = node.cluster.localStatus();
  return replicas.filter((replica) => replica.role === "leader").map((replica) => replica.group);
}

/**
 * Votes for the node in the meta group the way node 3 with this UUID would: before the election in the next term, and in it. Resolves with
 * the code that the stream is closed with, or "kept open".
 */
async function sendVotes(node: ClusterNode, address: NodeAddresses, uuid: string): Promise<string> {
  const { record, self } = node.cluster;
  const metadata = { "ringtide-cluster": record.clusterUuid, "ringtide-node": "3", "ringtide-uuid": uuid };
  const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  const connection = net.connect(
    { host: address.host, port: address.metaPort + 1 },
    { service: "ringtide.v1.Beat", metadata, maxMessageBytes: 1 << 20, connectTimeoutMs: 2000 },
  );
  const term = (metaReplica(node)?.term ?? 0) + 1;
  const vote = { type: RaftMessageType.VOTE_RESPONSE, group: META_GROUP, from: 3, to: self, term, granted: true };
  try {
    const stream = connection.duplex("Beats");
    const closed = new Promise<string>((resolve) => {
      stream.onMessage(() => undefined);
      stream.onClose((error) => resolve(hasCode(error, "NODE_MISMATCH") ? error.code : String(error)));
    });
    const messages = [true, false].map((preVote) => ({ ...vote, preVote }));
    stream.write(encodeMessage(BeatBatch, { messages }));
    return await Promise.race([closed, sleep(systemClock, OPEN_MS).then(() => "kept open")]);
  } finally {
    connection.close();
  }
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
  // A write whose leader changes has an unknown outcome: the time-outs outlast the pauses of a busy machine.
  const { nodes } = await formThree({ electionMinMs: 1500, electionMaxMs: 2000 });
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
  const address = seeds[1] as NodeAddresses;
  const asks = () => metaReplica(survivor)?.role === "preCandidate";
  // The wiped node has given up. One that does not, and votes for the survivor whenever that asks, is not heard.
  for (let election = 0; election < 5; election++) {
    await eventually("the survivor asks for votes", asks);
    expect(await sendVotes(survivor, address, crypto.randomUUID())).toBe("NODE_MISMATCH");
    await new Promise((done) => setTimeout(done, 500));
    expect(leadersAt(survivor)).toEqual([]);
  }
  // The very same votes with the UUID that node 3 had are counted: nothing but the UUID kept the others out.
  const uuid = survivor.cluster.record.members.find((member) => member.id === 3)?.uuid ?? "";
  await eventually("the survivor asks for votes", asks);
  const [outcome] = await Promise.all([
    sendVotes(survivor, address, uuid),
    // Not for long: a leader that no follower answers resigns.
    eventually("the survivor leads", () => leadersAt(survivor).includes(META_GROUP)),
  ]);
  expect(outcome).toBe("kept open");
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
