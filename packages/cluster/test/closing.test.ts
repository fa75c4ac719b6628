import type { ClusterNode, ClusterOptions } from "@ringtide/cluster";
import { encodeCommand, type ReplicaStorage } from "@ringtide/engine";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const running: ClusterNode[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
  directory?.remove();
});

const GROUP = 16;
const ROWS_PER_WRITE = 100;
/** Far more than fill the memtables of the test. */
const MAX_WRITES = 5000;
const LARGE = 1024 * 1024 * 1024;

async function startThree(changes: Partial<ClusterOptions>): Promise<ClusterNode> {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  running.push(...(await Promise.all(seeds.map((_, i) => startNode(nodeOptions(path, seeds, i, changes))))));
  const writer = running[0] as ClusterNode;
  await eventually("node 1 leads its group", () => replica(writer).raft.status().leaderReady);
  return writer;
}

function replica(node: ClusterNode, group = GROUP) {
  const found = node.cluster.dataGroup(group);
  if (found === undefined) throw new Error(`node ${node.cluster.self} has no replica of ${group}`);
  return found;
}

async function writeRows(node: ClusterNode, from: number, writes: number): Promise<void> {
  for (let at = from; at < from + writes; at++) {
    const rows = Array.from({ length: ROWS_PER_WRITE }, (_, i) => ({
      device: "root.a.d",
      time: BigInt(at * ROWS_PER_WRITE + i),
      measurements: ["s"],
      values: [{ kind: "decimal" as const, value: i + 0.5 }],
    }));
    const payload = encodeCommand(undefined, { kind: "insertRows", rows });
    await node.cluster.coordinator.write(GROUP, undefined, () => payload);
  }
}

const points = (storage: ReplicaStorage): number => storage.files().reduce((sum, file) => sum + file.points, 0);

/** All replicas have closed all rows, at the same places of the log: nothing of them is in memory alone. */
async function expectSameFiles(rows: number): Promise<void> {
  const storages = running.map((node) => replica(node).storage);
  await eventually("every replica has all rows in files", () => storages.every((storage) => points(storage) === rows));
  const [first, ...others] = storages.map((storage) => storage.files());
  for (const files of others) expect(files).toEqual(first);
  for (const { name, digest } of first ?? []) {
    expect(name).not.toBe("");
    expect(digest).not.toBe("");
  }
}

it("closes the memtable by itself once it has its size, at the same entry on every replica", async () => {
  const writer = await startThree({ memtableCloseBytes: 20_000, logCloseBytes: LARGE });
  const checkpoints = () => running.map((node) => replica(node).storage.checkpointIndex);
  let writes = 0;
  for (let round = 0; round < 2; round++) {
    const before = Math.max(...checkpoints());
    const haveMoved = () => checkpoints().every((index) => index > before);
    for (; !haveMoved() && writes < MAX_WRITES; writes++) await writeRows(writer, writes, 1);
    expect(haveMoved()).toBe(true);
  }
  // What is left is too little to be closed by itself.
  await writer.cluster.coordinator.flush(GROUP);
  await expectSameFiles(writes * ROWS_PER_WRITE);
  expect(replica(writer).storage.files().length).toBeGreaterThan(1);
}, 30_000);

it("closes every group that holds too much of the log, also one without rows", async () => {
  const writer = await startThree({ memtableCloseBytes: LARGE, logCloseBytes: 20_000 });
  const idle = [32, 48];
  await eventually("the other groups have leaders", () =>
    idle.every((group) => running.some((node) => replica(node, group).raft.status().leaderReady)),
  );
  await writeRows(writer, 0, 50);
  for (const group of [GROUP, ...idle]) {
    await eventually(`every checkpoint of group ${group} moves`, () =>
      running.every((node) => replica(node, group).storage.checkpointIndex > 0),
    );
  }
  await writer.cluster.coordinator.flush(GROUP);
  await expectSameFiles(50 * ROWS_PER_WRITE);
  for (const node of running) for (const group of idle) expect(replica(node, group).storage.files()).toEqual([]);
}, 30_000);
