import type { ClusterNode } from "@ringtide/cluster";
import { encodeCommand } from "@ringtide/engine";
import { afterEach, expect, it } from "vitest";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const running: ClusterNode[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
  directory?.remove();
});

const GROUP = 16;
const ROWS = 400;

function insert(node: ClusterNode, time: number): Promise<unknown> {
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: BigInt(time), measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
  });
  return node.cluster.coordinator.write(GROUP, undefined, () => payload);
}

it("elects a leader that is ready after a restart of all nodes with more log to apply than may be uncommitted", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  // Four entries of this size may be uncommitted at a leader, eight unapplied at a follower: the rows below take far more.
  const start = () => Promise.all(seeds.map((_, i) => startNode(nodeOptions(path, seeds, i, { maxEntryBytes: 2048 }))));
  running.push(...(await start()));
  const ready = (node: ClusterNode | undefined) => node?.cluster.dataGroup(GROUP)?.raft.status().leaderReady === true;
  // Its header leads in the end; before that leadership may move under a write, which has no number and is not repeated.
  await eventually("the header leads", () => ready(running[0]), 20_000);
  for (let at = 0; at < ROWS; at += 20)
    await Promise.all(Array.from({ length: 20 }, (_, i) => insert(running[0] as ClusterNode, at + i)));
  for (const node of running.splice(0)) await node.close();
  running.push(...(await start()));
  await eventually("a leader is ready", () => running.some(ready));
  await eventually("the header leads again", () => ready(running[0]), 20_000);
  await insert(running[0] as ClusterNode, ROWS);
  expect(running.filter(ready)).toHaveLength(1);
}, 40_000);
