import type { ClusterNode } from "@ringtide/cluster";
import { META_GROUP } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";
import { GROUP, read, readLast, write } from "./support/reads.ts";
import { wrapDisk } from "./support/wrap-disk.ts";

const LOW_WATER = 1000;
const RESERVE = 100;
/** Free bytes above both marks, between them, and below both. */
const ROOM = 10_000;
const LOW = 500;
const FULL = 50;

let nodes: ClusterNode[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close();
  directory?.remove();
});

/** Three nodes whose disks have as much room as `free` says, by index. Node 1 leads group 16. */
async function startThree(free: number[]) {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  const starts = seeds.map((_, i) => {
    const space = () => Promise.resolve({ freeBytes: free[i] ?? 0, totalBytes: 100_000 });
    const marks = { diskLowWaterBytes: LOW_WATER, diskReserveBytes: RESERVE, writeTimeoutMs: 5000 };
    const options = nodeOptions(path, seeds, i, { runFragment: readLast, ...marks });
    return startNode({ ...options, ports: { ...options.ports, disk: wrapDisk(createDisk(), { space }) } });
  });
  nodes = await Promise.all(starts);
  const [one, two, three] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  await eventually("node 1 leads its group", () => statusOf(one)?.leaderReady === true, 15_000);
  return [one, two, three] as const;
}

const statusOf = (node: ClusterNode, group = GROUP) => node.cluster.dataGroup(group)?.raft.status();
const diskLevel = (node: ClusterNode) => node.cluster.localStatus().diskLevel;

function leads(node: ClusterNode): number[] {
  return node.cluster.localStatus().replicas.flatMap(({ role, group }) => (role === "leader" ? [group] : []));
}

function remove(node: ClusterNode): Promise<unknown> {
  const command = { kind: "deleteData", patterns: ["root.a.d.s"], from: 0n, to: 0n } as const;
  return node.cluster.coordinator.write(GROUP, undefined, () => encodeCommand(undefined, command));
}

const makeStorageGroup = (node: ClusterNode, path: string) =>
  node.cluster.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path });

it("moves leadership off a node whose disk fills up, without refusing a write, and home again once there is room", async () => {
  const free = [ROOM, ROOM, ROOM];
  const [one] = await startThree(free);
  let time = 1;
  free[0] = LOW;
  await eventually("node 1 knows that its disk is low", () => diskLevel(one) === 1);
  // Through the low node itself: its group is on the way to another, which takes them.
  for (; time <= 20; time++) await write(one, time);
  await eventually("node 1 leads nothing", () => leads(one).length === 0);
  // For longer than any balancing or election takes.
  const untilMs = performance.now() + 4000;
  while (performance.now() < untilMs) {
    await write(one, ++time);
    expect(leads(one)).toEqual([]);
  }
  expect(await read(one, "strong")).toEqual({ value: String(time), served: "leader" });
  free[0] = ROOM;
  await eventually("node 1 leads its group again", () => leads(one).includes(GROUP), 15_000);
  await write(one, ++time);
}, 60_000);

it("goes on without a follower whose disk is full, and that one catches up by itself", async () => {
  const free = [ROOM, ROOM, ROOM];
  const [one, , three] = await startThree(free);
  await write(one, 1);
  free[2] = FULL;
  await eventually("node 3 knows that its disk is full", () => diskLevel(three) === 2);
  await eventually("node 3 leads nothing", () => leads(three).length === 0, 15_000);
  for (let time = 2; time <= 50; time++) await write(one, time);
  const { commit } = statusOf(one) ?? { commit: 0 };
  expect(statusOf(three)?.lastIndex).toBeLessThan(commit - 40);
  expect((await read(three, "strong")).value).toBe("50");
  free[2] = ROOM;
  await eventually("node 3 has caught up", () => (statusOf(three)?.applied ?? 0) >= commit, 15_000);
}, 60_000);

/** Leadership moves after disks that fill up one after the other, and takes commands under way along: until it has not for a second. */
async function leadershipRests(): Promise<void> {
  let seen = "";
  let sinceMs = 0;
  await eventually("leadership is at rest", () => {
    const now = nodes.map(({ cluster: { coordinator } }) =>
      [META_GROUP, GROUP].map((group) => coordinator.leaderOf(group)),
    );
    const isAgreed = new Set(now.map(String)).size === 1 && !now.flat().includes(0);
    if (!isAgreed || String(now) !== seen) sinceMs = performance.now();
    seen = String(now);
    return performance.now() - sinceMs > 1000;
  });
}

it("refuses rows, then all commands, while too many disks fill up; reads, elections and flushes go on", async () => {
  const free = [ROOM, ROOM, ROOM];
  const [one, two, three] = await startThree(free);
  await write(one, 1);
  free.fill(LOW);
  await eventually("all disks are low", () => nodes.every((node) => diskLevel(node) === 1));
  await leadershipRests();
  await expect(write(two, 2)).rejects.toMatchObject({
    code: "DISK_FULL",
    message: expect.stringMatching(/disk_low_water_bytes/),
  });
  await remove(two);
  await makeStorageGroup(two, "root.low");

  free.fill(FULL);
  await eventually("all disks are full", () => nodes.every((node) => diskLevel(node) === 2));
  await leadershipRests();
  await expect(remove(two)).rejects.toMatchObject({
    code: "DISK_FULL",
    message: expect.stringMatching(/disk_reserve_bytes/),
  });
  await expect(makeStorageGroup(two, "root.full")).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(await read(three, "strong")).toEqual({ value: "1", served: "leader" });
  nodes
    .find((node) => statusOf(node)?.role === "leader")
    ?.cluster.dataGroup(GROUP)
    ?.raft.stepDown();
  expect(await read(three, "strong")).toEqual({ value: "1", served: "leader" });
  await two.cluster.coordinator.flush(GROUP);

  free.fill(ROOM);
  await eventually("all disks have room", () => nodes.every((node) => diskLevel(node) === 0));
  await eventually("the leader has heard of it", () => nodes.some((node) => leads(node).includes(GROUP)));
  await expect.poll(() => write(two, 3).then(() => "taken", String), { timeout: 5000 }).toBe("taken");
}, 60_000);

it("refuses rows at a leader that has room while a majority has not", async () => {
  const free = [ROOM, ROOM, ROOM];
  const [one] = await startThree(free);
  await write(one, 1);
  free[1] = LOW;
  free[2] = LOW;
  const refused = async () => {
    for (let time = 2; ; time++) {
      await write(one, time);
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await expect(refused()).rejects.toMatchObject({ code: "DISK_FULL", message: expect.stringMatching(/nodes 2, 3/) });
  await remove(one);
  expect(leads(one)).toContain(GROUP);
}, 60_000);
