import { describe, expect, it } from "vitest";
import { SimCluster } from "../src/index.ts";

const ROWS = 200;

/** So long that memtables are closed and log segments end within the test. */
const textOf = (row: number) => `row ${row} `.repeat(100);

/** Forms a cluster, writes from three clients while a node is killed and started again, and reads everything back. */
async function smoke(seed: number): Promise<{ readonly hash: string; readonly events: number }> {
  const cluster = new SimCluster({ seed });
  for (const { machine } of cluster.nodes) machine.disk.prepareDirectory("/data");
  await cluster.form();
  const clients = await cluster.runFor(Promise.all([1, 2, 3].map(() => cluster.connect())), 10_000);
  let written = 0;
  const writeAll = clients.map(async ({ session }, client) => {
    for (let row = client; row < ROWS; row += clients.length) {
      await session.execute(
        `insert into root.g.d${row % 7}(timestamp, a, b) values (${row}, ${row * 1.5}, '${textOf(row)}')`,
      );
      written++;
      if (written === ROWS / 4) cluster.node(seed % 3).losePower();
      if (written === ROWS / 2) cluster.node(seed % 3).start();
    }
  });
  await cluster.runFor(Promise.all(writeAll), 120_000);
  await cluster.runUntil(() => cluster.nodes.every(({ state }) => state === "runs"), 10_000, "all nodes serve");
  for (const { session } of clients) {
    const found = await cluster.runFor(readAll(session), 10_000);
    expect(found.sort((x, y) => x - y)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  }
  expect(cluster.nodes.flatMap(({ machine }) => machine.disk.files("/data/groups"))).not.toEqual([]);
  for (const node of cluster.nodes) node.stop();
  await cluster.runUntil(() => cluster.nodes.every(({ state }) => state === "off"), 30_000, "all nodes stop");
  return { hash: cluster.world.scheduler.trace.text, events: cluster.world.scheduler.eventCount };
}

async function readAll(session: Awaited<ReturnType<SimCluster["connect"]>>["session"]): Promise<number[]> {
  const rows: number[] = [];
  for (let device = 0; device < 7; device++) {
    for await (const { time, values } of await session.execute(`select a, b from root.g.d${device}`)) {
      expect(values).toEqual([Number(time) * 1.5, textOf(Number(time))]);
      rows.push(Number(time));
    }
  }
  return rows;
}

describe("a simulated cluster", () => {
  it.each([1, 2, 3, 4])(
    "serves its clients through the loss of a node, the same way in each run of seed %i",
    async (seed) => {
      const first = await smoke(seed);
      const again = await smoke(seed);
      expect(again).toEqual(first);
    },
  );

  it("forms with five nodes, whatever their clocks show", async () => {
    const cluster = new SimCluster({
      seed: 1,
      nodes: 5,
      flags: { default_replica_num: "5" },
      machine: (position) => ({ clockRate: 0.97 + position * 0.015, wallOffsetMs: position * 3_600_000 }),
    });
    await cluster.form();
    const { session } = await cluster.runFor(cluster.connect(), 10_000);
    await cluster.runFor(session.execute("insert into root.g.d(timestamp, a) values (1, 1)"), 30_000);
    expect(cluster.nodes.map(({ state }) => state)).toEqual(["runs", "runs", "runs", "runs", "runs"]);
  });

  it("shows why a node could not start", async () => {
    const cluster = new SimCluster({ seed: 1 });
    await cluster.form();
    cluster.node(0).kill();
    cluster.node(0).machine.disk.tree.removeDir("/data/kv");
    cluster.node(0).start();
    await cluster.runUntil(() => cluster.node(0).state === "failed", 10_000, "the node fails");
    expect(cluster.node(0).failure).toMatchObject({ code: "DISK_CORRUPT" });
  });
});
