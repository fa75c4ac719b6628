import type { ClusterNode, ClusterOptions } from "@ringtide/cluster";
import { encodeCommand } from "@ringtide/engine";
import { RaftLog } from "@ringtide/raftlog";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";
import { wrapDisk } from "./support/wrap-disk.ts";

const running = new Map<number, ClusterNode>();
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const node of running.values()) await node.close();
  running.clear();
  directory?.remove();
});

const GROUP = 16;
const VALUE_BYTES = 50_000;
const WRITES = 60;
const STOPPED = 3;

function write(node: ClusterNode, time: number): Promise<unknown> {
  const text = `${time}`.padEnd(VALUE_BYTES, "x");
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: BigInt(time), measurements: ["s"], values: [{ kind: "text", value: text }] }],
  });
  return node.cluster.coordinator.write(GROUP, undefined, () => payload);
}

function replicaOf(node: ClusterNode) {
  const found = node.cluster.dataGroup(GROUP);
  if (found === undefined) throw new Error(`node ${node.cluster.self} has no replica of ${GROUP}`);
  return found;
}

/** Where the group's log begins as a stopped node's directory has it. */
async function firstIndexOnDisk({ ports, logDirectory, segmentBytes, maxEntryBytes, onFatal }: ClusterOptions) {
  const parts = { ...ports, directory: logDirectory, segmentBytes, maxEntryBytes, onFailure: onFatal };
  const log = await RaftLog.open({ ...parts, mustExist: true });
  try {
    return log.group(GROUP)?.firstIndex;
  } finally {
    await log.close();
  }
}

it("cuts the log only as far as the slowest replica has it, and further once that has caught up", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  // A few entries in memory: the node that comes back is served from the disk.
  const changes = { segmentBytes: 300_000, memtableCloseBytes: 200_000, logCloseBytes: 500_000 };
  const small = { ...changes, memoryEntriesMin: 4, memoryEntriesMax: 8 };
  const optionsOf = (id: number) => nodeOptions(path, seeds, id - 1, small);
  const start = async (id: number) => running.set(id, await startNode(optionsOf(id)));
  await Promise.all([1, 2, STOPPED].map(start));
  const leader = running.get(1) as ClusterNode;
  await eventually("node 1 leads its group", () => replicaOf(leader).raft.status().leaderReady);
  await write(leader, 0);

  const stopped = running.get(STOPPED) as ClusterNode;
  running.delete(STOPPED);
  await stopped.close();
  const { lastIndex } = replicaOf(stopped).raft.status();
  for (let time = 1; time <= WRITES; time++) await write(leader, time);
  const up = [...running.values()];
  await eventually("files are closed far behind what the stopped node has", () =>
    up.every((node) => replicaOf(node).storage.checkpointIndex > lastIndex + WRITES / 2),
  );
  await new Promise((done) => setTimeout(done, 500)); // two rounds of upkeep, in which the log could be cut
  for (const node of up) expect(replicaOf(node).raft.status().firstIndex).toBeLessThanOrEqual(lastIndex + 1);

  await start(STOPPED);
  const { commit } = replicaOf(leader).raft.status();
  const all = [...running.values()];
  await eventually("the stopped node catches up", () =>
    all.every((node) => replicaOf(node).raft.status().applied >= commit),
  );
  await eventually("the log is cut on every node", () =>
    all.every((node) => replicaOf(node).raft.status().firstIndex > lastIndex + WRITES / 2),
  );

  const { firstIndex } = replicaOf(leader).raft.status();
  await leader.close();
  running.delete(1);
  expect(await firstIndexOnDisk(optionsOf(1))).toBeGreaterThanOrEqual(firstIndex);
}, 40_000);

it("forgets at once what it cuts, also while the disk takes its time to", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  let held: Promise<void> | undefined;
  let release = (): void => undefined;
  const optionsOf = (index: number): ClusterOptions => {
    const options = nodeOptions(path, seeds, index);
    const { disk } = options.ports;
    const replaceFile = async (file: string, content: Uint8Array): Promise<void> => {
      if (file.endsWith("/log/cuts")) await held;
      await disk.replaceFile(file, content);
    };
    return index === 0 ? { ...options, ports: { ...options.ports, disk: wrapDisk(disk, { replaceFile }) } } : options;
  };
  const nodes = await Promise.all([0, 1, 2].map((index) => startNode(optionsOf(index))));
  for (const [at, node] of nodes.entries()) running.set(at + 1, node);
  const leader = running.get(1) as ClusterNode;
  await eventually("node 1 leads its group", () => replicaOf(leader).raft.status().leaderReady);
  for (let time = 1; time <= 10; time++) await write(leader, time);
  held = new Promise((done) => {
    release = done;
  });
  try {
    await leader.cluster.coordinator.flush(GROUP);
    await eventually("the core has forgotten them", () => replicaOf(leader).raft.status().firstIndex > 1);
  } finally {
    release();
  }
});
