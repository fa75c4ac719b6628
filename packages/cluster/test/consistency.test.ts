import type { ClusterNode, ClusterOptions } from "@ringtide/cluster";
import { afterEach, expect, it } from "vitest";
import { Cuts } from "./support/cut-net.ts";
import { chooseAddresses, eventually, nodeOptions, startNode, temporaryDirectory } from "./support/nodes.ts";
import { GROUP, read, readLast, write } from "./support/reads.ts";

let nodes: ClusterNode[] = [];
let directory: { readonly path: string; remove(): void } | undefined;
let cuts = new Cuts();
afterEach(async () => {
  cuts.heal();
  for (const node of nodes.splice(0)) await node.close();
  directory?.remove();
});

/** Three nodes; node 1 leads group 16. */
async function startThree(changes: (index: number) => Partial<ClusterOptions> = () => ({})) {
  cuts = new Cuts();
  directory = temporaryDirectory();
  const { path } = directory;
  const seeds = await chooseAddresses(3);
  const starts = seeds.map((_, i) => {
    const options = nodeOptions(path, seeds, i, { runFragment: readLast, ...changes(i) });
    return startNode({ ...options, ports: { ...options.ports, net: cuts.net(options.ports.net, seeds, i) } });
  });
  nodes = await Promise.all(starts);
  const [one, two, three] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  await eventually("node 1 leads its group", () => statusOf(one)?.leaderReady === true, 15_000);
  return [one, two, three] as const;
}

const statusOf = (node: ClusterNode, group = GROUP) => node.cluster.dataGroup(group)?.raft.status();

it("shows at strong and mid, at every node, what was acknowledged a moment ago at any", async () => {
  const all = await startThree();
  for (let time = 1; time <= 30; time++) {
    await write(all[time % 3] as ClusterNode, time);
    const answers = all.flatMap((node) => [read(node, "strong"), read(node, "mid")]);
    for (const answer of await Promise.all(answers)) expect(answer).toEqual({ value: String(time), served: "leader" });
  }
}, 40_000);

it("shows at strong what the former leader acknowledged, right after another one was elected", async () => {
  const all = await startThree();
  for (let time = 1; time <= 8; time++) {
    await write(all[time % 3] as ClusterNode, time);
    const leader = all.find((node) => statusOf(node)?.role === "leader");
    if (time % 2 === 0) leader?.cluster.dataGroup(GROUP)?.raft.stepDown();
    else leader?.cluster.dataGroup(GROUP)?.raft.transferLeadership((leader.cluster.self % 3) + 1);
    const answers = await Promise.all(all.map((node) => read(node, "strong")));
    for (const answer of answers) expect(answer).toEqual({ value: String(time), served: "leader" });
  }
}, 60_000);

it("answers no strong read at a leader that is cut off and does not know it; mid and weak say that their data are its own", async () => {
  // Node 1 takes long to find that nobody answers it.
  const [one, two, three] = await startThree((index) => (index === 0 ? { electionMaxMs: 8000 } : {}));
  await write(one, 1);
  cuts.cutOff(0);
  await eventually("another node leads", () => [two, three].some((node) => statusOf(node)?.leaderReady === true));
  await write(two, 2);
  expect(statusOf(one)?.role).toBe("leader");
  await expect(read(one, "strong", 1500)).rejects.toMatchObject({
    code: "CONSISTENCY_UNAVAILABLE",
    message: expect.stringMatching(/node 1: CONSISTENCY_UNAVAILABLE/),
  });
  expect(await read(one, "mid", 2000)).toEqual({ value: "1", served: "local" });
  expect(await read(one, "weak")).toEqual({ value: "1", served: "local" });
  for (const node of [two, three]) expect(await read(node, "strong")).toEqual({ value: "2", served: "leader" });
  const asked = read(one, "strong", 15_000);
  cuts.heal();
  expect(await asked).toEqual({ value: "2", served: "leader" });
}, 60_000);

it("ends reads of all groups within one time-out when two of three nodes are down", async () => {
  const [one, two, three] = await startThree();
  await write(one, 1);
  const groups = [16, 32, 48];
  await eventually("node 1 serves", () => groups.every((group) => one.cluster.dataGroup(group)?.raft.serves === true));
  await two.close();
  await three.close();
  nodes = [one];
  const timeoutMs = 2000;
  const startedMs = performance.now();
  const strong = groups.map((group) => read(one, "strong", timeoutMs, group));
  for (const outcome of await Promise.allSettled(strong)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "CONSISTENCY_UNAVAILABLE" } });
  }
  expect(performance.now() - startedMs).toBeLessThan(timeoutMs + 1000);
  const fallenBackMs = performance.now();
  const answers = await Promise.all(groups.map((group) => read(one, "mid", timeoutMs, group)));
  expect(answers.map(({ served }) => served)).toEqual(["local", "local", "local"]);
  expect(answers[0]?.value).toBe("1");
  expect(performance.now() - fallenBackMs).toBeLessThan(timeoutMs);
}, 60_000);
