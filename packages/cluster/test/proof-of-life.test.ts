import type { ClusterNode } from "@ringtide/cluster";
import { type Logger, nullLogger } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";
import { encodeCommand } from "@ringtide/engine";
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

const GROUP = 16;

function write(node: ClusterNode, time: number): Promise<unknown> {
  const payload = encodeCommand(undefined, {
    kind: "insertRows",
    rows: [{ device: "root.a.d", time: BigInt(time), measurements: ["s"], values: [{ kind: "integer", value: 1n }] }],
  });
  return node.cluster.coordinator.write(GROUP, undefined, () => payload);
}

it("takes leadership from a node whose disk hangs, though its main loop beats on", async () => {
  directory = temporaryDirectory();
  const { path } = directory;
  const lines: string[] = [];
  const logger: Logger = {
    ...nullLogger,
    info: (line, fields) => lines.push(`${line} ${JSON.stringify(fields)}`),
    child: () => logger,
  };
  const seeds = await chooseAddresses(3);
  const starts = seeds.map((_, i) => {
    const gate = new GatedDisk(createDisk());
    gates.push(gate);
    const options = nodeOptions(path, seeds, i, { diskStallLimitMs: 500 }, logger);
    return startNode({ ...options, ports: { ...options.ports, disk: gate.disk } });
  });
  running.push(...(await Promise.all(starts)));
  const [first, second, third] = running as [ClusterNode, ClusterNode, ClusterNode];
  const statusOf = (node: ClusterNode) => node.cluster.dataGroup(GROUP)?.raft.status();
  await eventually("node 1 leads its group", () => statusOf(first)?.leaderReady === true);
  const term = statusOf(first)?.term ?? 0;

  gates[0]?.hold();
  // A leader applies, and acknowledges, what its own disk has: of this one it never learns what became of it.
  await expect(write(first, 1)).rejects.toMatchObject({ code: "LEADERSHIP_LOST" });
  expect(first.cluster.localStatus().oldestPendingSyncMs).toBeGreaterThan(500);
  await eventually(
    "another node leads",
    () => [second, third].some((node) => statusOf(node)?.leaderReady === true),
    5000,
  );
  expect(statusOf(first)?.role).not.toBe("leader");
  expect(Math.max(...[second, third].map((node) => statusOf(node)?.term ?? 0))).toBeGreaterThan(term);
  await write(second, 2);
  expect(statusOf(first)?.role).not.toBe("leader");

  const toldAgeMs = (node: ClusterNode) => node.cluster.transport.proofOf(first.cluster.self)?.oldestPendingSyncMs ?? 0;
  await eventually("the others know well how long it hangs", () => [second, third].every((n) => toldAgeMs(n) > 2500));
  lines.length = 0;
  const commit = Math.max(...[second, third].map((node) => statusOf(node)?.commit ?? 0));
  gates[0]?.release();
  await eventually("node 1 has applied what it missed", () => (statusOf(first)?.applied ?? 0) >= commit);
  // A disk that hung once may do it again: when balancing comes round, which is every 3 s, nobody hands leadership back.
  await new Promise((done) => setTimeout(done, 3500));
  expect(lines.filter((line) => /^moving leadership .*"to":1/.test(line))).toEqual([]);
}, 30_000);
