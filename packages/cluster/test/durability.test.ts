import type { ClusterNode } from "@ringtide/cluster";
import { createDisk } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";
import { EntryKind } from "@ringtide/raft";
import { afterEach, expect, it } from "vitest";
import { GatedDisk } from "./support/gated-disk.ts";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const running: ClusterNode[] = [];
const gates: GatedDisk[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const gate of gates.splice(0)) gate.release();
  for (const node of running.splice(0)) await node.close();
  directory?.remove();
});

const GROUP_OF_NODE_1 = 16;

async function startGated() {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  const starts = seeds.map((_, i) => {
    const gate = new GatedDisk(createDisk());
    gates.push(gate);
    const options = nodeOptions(path, seeds, i, { electionMinMs: 1500, electionMaxMs: 2000 });
    return startNode({ ...options, ports: { ...options.ports, disk: gate.disk } });
  });
  running.push(...(await Promise.all(starts)));
  const leader = running[0] as ClusterNode;
  const group = leader.cluster.dataGroup(GROUP_OF_NODE_1);
  await eventually("node 1 leads its group", () => group?.raft.status().leaderReady === true, 15_000);
  return { leader, write: () => writeRow(leader) };
}

function writeRow(node: ClusterNode): Promise<unknown> {
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: 1n, measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
  });
  return node.cluster.coordinator.write(GROUP_OF_NODE_1, undefined, () => payload, EntryKind.PHYSICAL_PLAN);
}

/** True when the promise is still open after a while. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  const first = await Promise.race([promise, new Promise((done) => setTimeout(() => done(open), 400))]);
  return first === open;
}

it("acknowledges a write only after fdatasync on the leader and one follower: both followers held", async () => {
  const { write } = await startGated();
  gates[1]?.hold();
  gates[2]?.hold();
  const acknowledged = write();
  expect(await isOpen(acknowledged)).toBe(true);
  gates[1]?.release();
  await acknowledged;
}, 40_000);

it("acknowledges a write only after fdatasync of a quorum: the leader and one follower held", async () => {
  const { write } = await startGated();
  gates[0]?.hold();
  gates[1]?.hold();
  const acknowledged = write();
  expect(await isOpen(acknowledged)).toBe(true);
  gates[0]?.release();
  await acknowledged;
}, 40_000);

it("acknowledges a write without waiting for the disk of a third node", async () => {
  const { write } = await startGated();
  gates[2]?.hold();
  await write();
}, 40_000);
