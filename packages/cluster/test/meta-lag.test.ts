import type { ClusterNode } from "@ringtide/cluster";
import { Deadline, META_GROUP } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

let nodes: ClusterNode[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const node of nodes) await node.close();
  directory?.remove();
});

it("shows a storage group at every node once its creation was acknowledged, and none takes inserts for a deleted one", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  nodes = await Promise.all(seeds.map((_, i) => startNode(nodeOptions(path, seeds, i))));
  // A write without a number is not repeated when the leader that it was sent to is not the one that wins.
  const leaders = () => new Set(nodes.map(({ cluster }) => cluster.coordinator.leaderOf(META_GROUP)));
  await eventually("all know one meta leader", () => leaders().size === 1 && !leaders().has(0));
  for (let round = 0; round < 12; round++) {
    const [one, two, three] = [0, 1, 2].map((i) => nodes[(round + i) % 3]?.cluster);
    if (one === undefined || two === undefined || three === undefined) throw new Error("three nodes expected");
    const name = `root.sg${round}`;
    await one.coordinator.writeMeta(undefined, { kind: "createStorageGroup", path: name });
    for (const { coordinator, metaState } of [two, three]) {
      const deadline = new Deadline(systemClock, 10_000);
      await coordinator.catchUpMeta(round % 2 === 0 ? "strong" : "mid", deadline, new AbortController().signal);
      expect(metaState.storageGroups).toContain(name);
    }
    await two.coordinator.writeMeta(undefined, { kind: "deleteStorageGroups", paths: [name] });
    await eventually("the series are dropped", () => two.metaState.drops.length === 0);
    expect(one.metaState.storageGroups).not.toContain(name);
    expect(three.metaState.storageGroups).not.toContain(name);
  }
}, 20_000);
