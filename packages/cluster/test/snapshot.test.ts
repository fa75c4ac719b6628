import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterNode, ClusterOptions } from "@ringtide/cluster";
import { type Disk, type Logger, META_GROUP, nullLogger, RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";
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
const STOPPED = 3;

/** Small enough that the log is cut behind a checkpoint within a few writes, whoever is away. */
const SMALL = {
  segmentBytes: 100_000,
  memtableCloseBytes: 100_000,
  logCloseBytes: 200_000,
  logRetainBytes: 200_000,
  logRetainEntries: 20,
  memoryEntriesMin: 4,
  memoryEntriesMax: 8,
};

async function startAll(changes: Partial<ClusterOptions> = {}) {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  /** `disk`: in place of the real one. */
  const start = async (id: number, disk?: Disk, logger: Logger = nullLogger) => {
    const options = nodeOptions(path, seeds, id - 1, { ...SMALL, ...changes }, logger);
    const node = await startNode(disk === undefined ? options : { ...options, ports: { ...options.ports, disk } });
    running.set(id, node);
    return node;
  };
  await Promise.all([1, 2, STOPPED].map((id) => start(id)));
  const leader = running.get(1) as ClusterNode;
  await eventually("node 1 leads its group", () => replicaOf(leader).raft.status().leaderReady);
  return { path, start, leader };
}

function replicaOf(node: ClusterNode) {
  const found = node.cluster.dataGroup(GROUP);
  if (found === undefined) throw new Error(`node ${node.cluster.self} has no replica of ${GROUP}`);
  return found;
}

function write(node: ClusterNode, time: number): Promise<unknown> {
  const text = `${time}`.padEnd(20_000, "x");
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: BigInt(time), measurements: ["s"], values: [{ kind: "text", value: text }] }],
  });
  return node.cluster.coordinator.write(GROUP, undefined, () => payload);
}

async function stop(id: number): Promise<void> {
  const node = running.get(id) as ClusterNode;
  running.delete(id);
  await node.close();
}

async function timesAt(node: ClusterNode): Promise<number[]> {
  const times: number[] = [];
  const scan = replicaOf(node).storage.scan({
    device: "root.a.d",
    measurements: ["s"],
    range: { from: 0n, to: 1_000_000n },
    descending: false,
    signal: new AbortController().signal,
  });
  for await (const batch of scan)
    for (const offset of batch.times?.offsets ?? []) times.push(Number(batch.times?.base) + offset);
  return times;
}

/** Stops a node that has `first` rows, and has the others write on until they have cut their logs past `cutPast`: 80 rows in all. */
async function leaveBehind(leader: ClusterNode, first: number, cutPast: number): Promise<void> {
  await stop(STOPPED);
  for (let time = first; time < 80; time++) await write(leader, time);
  await eventually("the log is cut without the stopped node", () =>
    [...running.values()].every((node) => replicaOf(node).raft.status().firstIndex > cutPast),
  );
}

/** Turns a bit of a file. Returns what it was. */
function rot(file: string): Buffer {
  const sound = readFileSync(file);
  const bytes = Buffer.from(sound);
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
  writeFileSync(file, bytes);
  return sound;
}

const range = (end: number) => Array.from({ length: end }, (_, time) => time);

it("brings a replica back that is behind what the others' logs hold, by a snapshot and the log after it", async () => {
  const { start, leader } = await startAll();
  await write(leader, 0);
  await leaveBehind(leader, 1, 40);

  const back = await start(STOPPED);
  for (let time = 80; time < 100; time++) await write(leader, time);
  const { commit } = replicaOf(leader).raft.status();
  await eventually("the stopped node catches up", () => replicaOf(back).raft.status().applied >= commit);
  expect(replicaOf(back).raft.status().firstIndex).toBeGreaterThan(40);
  expect(await timesAt(back)).toEqual(range(100));

  await leader.cluster.coordinator.flush(GROUP);
  await eventually("all replicas close the same file", () =>
    [...running.values()].every(
      (node) => replicaOf(node).storage.checkpointIndex === replicaOf(leader).storage.checkpointIndex,
    ),
  );
  for (const node of running.values())
    expect(replicaOf(node).storage.files()).toEqual(replicaOf(leader).storage.files());

  await stop(STOPPED);
  const again = await start(STOPPED);
  await eventually("it comes back once more, from its own disk", () => replicaOf(again).raft.serves);
  expect(await timesAt(again)).toEqual(range(100));
}, 60_000);

it("takes a snapshot in although a file that it has already rotted while it was away", async () => {
  const { path, start, leader } = await startAll();
  for (let time = 0; time < 20; time++) await write(leader, time);
  await leader.cluster.coordinator.flush(GROUP);
  await eventually(
    "the stopped node has files",
    () => replicaOf(running.get(STOPPED) as ClusterNode).storage.files().length > 0,
  );
  await leaveBehind(leader, 20, 50);
  const group = join(path, `node-${STOPPED}/groups/${GROUP}`);
  const first = join(group, readdirSync(group).sort()[0] as string);
  rot(first);

  const back = await start(STOPPED);
  const { commit } = replicaOf(leader).raft.status();
  await eventually("the stopped node catches up", () => replicaOf(back).raft.status().applied >= commit);
  expect(replicaOf(back).raft.stopped).toBeUndefined();
  expect(await timesAt(back)).toEqual(range(80));
}, 60_000);

it("brings a replica back although a file of the leader has rotted unseen: that is fetched from the third first", async () => {
  const { path, start, leader } = await startAll();
  await write(leader, 0);
  await leaveBehind(leader, 1, 50);
  const files = replicaOf(leader).storage.files();
  const rotten = join(path, `node-1/groups/${GROUP}`, files[0]?.name ?? "");
  const sound = rot(rotten);

  const back = await start(STOPPED);
  const { commit } = replicaOf(leader).raft.status();
  await eventually("the stopped node catches up", () => replicaOf(back).raft.status().applied >= commit, 30_000);
  expect(await timesAt(back)).toEqual(range(80));
  expect(readFileSync(rotten).equals(sound)).toBe(true);
}, 60_000);

it("pulls no snapshot that would take the disk's reserve, and pulls it once there is room", async () => {
  const { path, start, leader } = await startAll();
  await write(leader, 0);
  await leaveBehind(leader, 1, 50);
  let freeBytes = 50_000;
  const refusals: string[] = [];
  const logger: Logger = {
    ...nullLogger,
    child: () => logger,
    warn: (message, fields) => {
      if (message.startsWith("a snapshot did not come through")) refusals.push(String(fields?.["code"]));
    },
  };
  const disk = wrapDisk(createDisk(), { space: async () => ({ freeBytes, totalBytes: 1e9 }) });
  const back = await start(STOPPED, disk, logger);
  await eventually("the snapshot is refused", () => refusals.length > 0);
  expect(refusals[0]).toBe("DISK_FULL");
  expect(readdirSync(join(path, `node-${STOPPED}/incoming/${GROUP}`))).toEqual(["manifest.json"]);
  freeBytes = 1e9;
  const { commit } = replicaOf(leader).raft.status();
  await eventually("the stopped node catches up", () => replicaOf(back).raft.status().applied >= commit, 20_000);
  expect(await timesAt(back)).toEqual(range(80));
}, 60_000);

it("ends the node when its disk fails while a snapshot is taken in", async () => {
  const fatal: Error[] = [];
  const { start, leader } = await startAll({ onFatal: (error) => fatal.push(error) });
  await write(leader, 0);
  await leaveBehind(leader, 1, 40);
  const inner = createDisk();
  let isTakenIn = false;
  const disk = wrapDisk(inner, {
    open: (name, mode) => {
      isTakenIn ||= name.endsWith(`incoming/${GROUP}/state`) && mode === "read";
      return inner.open(name, mode);
    },
    replaceFile: async (name, content) => {
      if (isTakenIn && name.endsWith("/log/cuts")) throw new RingtideError("DISK_IO", "the disk is gone");
      await inner.replaceFile(name, content);
    },
  });
  await start(STOPPED, disk);
  await eventually("the node ends", () => fatal.length > 0);
  expect(fatal[0]).toMatchObject({ code: "DISK_IO", message: "the disk is gone" });
}, 60_000);

it("brings the meta group back by a snapshot", async () => {
  const { start, leader } = await startAll();
  await stop(STOPPED);
  const paths = Array.from({ length: 300 }, (_, i) => `root.sg${i}`);
  for (const path of paths) await leader.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path });
  const { metaState } = leader.cluster;
  await eventually(
    "the meta log is cut without the stopped node",
    () => (leader.cluster.snapshotGroup(META_GROUP)?.raft.status().firstIndex ?? 0) > 200,
  );
  const back = await start(STOPPED);
  await eventually(
    "its meta state is the others'",
    () => back.cluster.metaState.appliedIndex >= metaState.appliedIndex,
  );
  expect(back.cluster.metaState.storageGroups).toEqual([...paths].sort());
  await back.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path: "root.zz" });
  expect(back.cluster.metaState.storageGroups).toContain("root.zz");
}, 60_000);

it("goes on with the meta state that it has when a snapshot of it cannot be taken in, and takes in the next one", async () => {
  const { start, leader } = await startAll();
  await leader.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path: "root.first" });
  const has = () => running.get(STOPPED)?.cluster.metaState.storageGroups.includes("root.first") === true;
  await eventually("the node that will be away has the first storage group", has);
  await stop(STOPPED);
  for (let i = 0; i < 300; i++)
    await leader.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path: `root.sg${i}` });
  await eventually(
    "the meta log is cut without the stopped node",
    () => (leader.cluster.snapshotGroup(META_GROUP)?.raft.status().firstIndex ?? 0) > 200,
  );
  let reads = 0;
  const disk = wrapDisk(createDisk(), {
    readFile: async (name) => {
      const bytes = await createDisk().readFile(name);
      if (name.endsWith(`incoming/${META_GROUP}/state`) && ++reads === 1) bytes[0] = 0;
      return bytes;
    },
  });
  const back = await start(STOPPED, disk);
  const { metaState } = leader.cluster;
  await eventually(
    "its meta state is the others'",
    () => back.cluster.metaState.appliedIndex >= metaState.appliedIndex,
    20_000,
  );
  expect(reads).toBeGreaterThan(1);
  expect(back.cluster.metaState.storageGroups).toEqual(metaState.storageGroups);
}, 60_000);

it("fetches a damaged or missing data file again from another replica", async () => {
  const { path, start, leader } = await startAll();
  for (let time = 0; time < 20; time++) await write(leader, time);
  await leader.cluster.coordinator.flush(GROUP);
  await eventually("the file is on every node", () =>
    [...running.values()].every((node) => replicaOf(node).storage.files().length > 0),
  );
  const files = replicaOf(leader).storage.files();
  await stop(STOPPED);
  const group = join(path, `node-${STOPPED}/groups/${GROUP}`);
  const names = readdirSync(group).sort();
  expect(names.length).toBeGreaterThan(0);
  const first = join(group, names[0] as string);
  const sound = readFileSync(first);
  writeFileSync(first, sound.subarray(0, sound.length - 10));
  for (const name of names.slice(1)) rmSync(join(group, name));

  const back = await start(STOPPED);
  expect(replicaOf(back).storage.damagedFiles()).toHaveLength(names.length);
  await eventually("all files are sound again", () => replicaOf(back).storage.damagedFiles().length === 0);
  expect(readFileSync(first).equals(sound)).toBe(true);
  expect(replicaOf(back).storage.files()).toEqual(files);
  await eventually("it serves", () => replicaOf(back).raft.serves);
  expect(await timesAt(back)).toEqual(range(20));
}, 60_000);
