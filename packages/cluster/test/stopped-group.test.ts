import type { ClusterNode } from "@ringtide/cluster";
import { RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";
import { afterEach, expect, it } from "vitest";
import { GatedDisk } from "./support/gated-disk.ts";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";

const nodes: ClusterNode[] = [];
const gates: GatedDisk[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
afterEach(async () => {
  for (const gate of gates.splice(0)) gate.release();
  for (const node of nodes.splice(0)) await node.close();
  directory?.remove();
});

const GROUP = 16;

it("leaves the outcome open of writes that a stopping group had appended, and serves later ones at another node", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  const starts = seeds.map((_, i) => {
    const gate = new GatedDisk(createDisk());
    gates.push(gate);
    const options = nodeOptions(path, seeds, i);
    return startNode({ ...options, ports: { ...options.ports, disk: gate.disk } });
  });
  nodes.push(...(await Promise.all(starts)));
  const { cluster } = nodes[0] as ClusterNode;
  const raft = cluster.dataGroup(GROUP)?.raft;
  await eventually("node 1 leads its group", () => raft?.status().leaderReady === true);
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: 1n, measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
  });
  const write = () => cluster.coordinator.write(GROUP, undefined, () => payload);
  await write();

  for (const gate of gates) gate.hold();
  const lastIndex = raft?.status().lastIndex ?? 0;
  const open = write();
  await eventually("the write is appended", () => (raft?.status().lastIndex ?? 0) > lastIndex);
  raft?.stop(new RingtideError("DISK_CORRUPT", "a segment is damaged"));
  await expect(open).rejects.toMatchObject({ code: "LEADERSHIP_LOST" });

  for (const gate of gates) gate.release();
  expect(raft?.stopped?.code).toBe("GROUP_STOPPED");
  await write();
}, 30_000);
