import { killNode, type LocalClusterState, restartNode, startCluster } from "@ringtide/cli";
import { connect } from "@ringtide/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { caughtUp, endTestCluster, eventually, rpcAddresses, startTestCluster, statusOf } from "./support/cluster.ts";
import { Writer } from "./support/writers.ts";

/** Goal: 3 s. The bound is generous because test machines are shared. */
const PAUSE_BOUND_MS = 15_000;
/** A stall longer than this fails the test at once; a shorter one is measured to its end. */
const STALL_BOUND_MS = 60_000;
/** Load on the nodes that are left, after each kill. */
const LOAD_MS = 3000;
const WRITERS = 4;

let state: LocalClusterState;
beforeAll(async () => {
  state = await startTestCluster();
});
afterAll(() => endTestCluster(state));

async function pause(ms: number): Promise<void> {
  await new Promise((done) => setTimeout(done, ms));
}

/** Waits until each writer has the acknowledgement of a tablet that it sent after the call. */
async function allWriteOn(what: string, writers: readonly Writer[]): Promise<void> {
  const sinceMs = performance.now();
  await eventually(`every writer goes on after ${what}`, STALL_BOUND_MS, () =>
    Promise.resolve(writers.every((writer) => writer.acknowledgedSentMs > sinceMs)),
  );
}

/** All rows of a device as one node has them itself, at `weak`. */
async function rowsAt(address: string, device: string): Promise<Map<number, number>> {
  const session = await connect({ addresses: [address] });
  try {
    const result = await session.execute(`SELECT v FROM ${device}`, { consistency: "weak" });
    const rows = new Map<number, number>();
    for await (const batch of result.batches()) {
      const column = batch.columns[0];
      if (batch.times === undefined || column === undefined || column.type !== 4)
        throw new Error("not a DOUBLE column with times");
      batch.times.offsets.forEach((offset, i) => {
        rows.set(Number(batch.times?.base ?? 0n) + offset, column.values[i] as number);
      });
    }
    expect(result.served, `where ${address} read ${device}`).toBe("local");
    return rows;
  } finally {
    await session.close();
  }
}

it("keeps every acknowledged row through kill -9 of each node under load, and of all at once", async () => {
  const addresses = rpcAddresses(state);
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`root.kill.w${i}`, addresses));
  for (const writer of writers) await writer.start();
  await pause(1500);
  const pauses: number[] = [];
  for (const node of state.nodes) {
    for (const writer of writers) writer.takePause();
    await killNode(state.directory, node.number);
    await Promise.all([allWriteOn(`the kill of node ${node.number}`, writers), pause(LOAD_MS)]);
    pauses.push(Math.max(...writers.map((writer) => writer.takePause())));
    state = await restartNode(state.directory, node.number);
    await caughtUp(addresses);
  }
  console.log(`longest pause of a writer after each kill, ms: ${pauses.map(Math.round).join(", ")}`);
  for (const pauseMs of pauses) expect(pauseMs).toBeLessThan(PAUSE_BOUND_MS);

  await Promise.all(state.nodes.map((node) => killNode(state.directory, node.number)));
  const rowsBefore = writers.map((writer) => writer.acknowledged.size);
  state = await startCluster({
    directory: state.directory,
    nodes: 3,
    replicas: 3,
    basePort: undefined,
    flags: {},
  });
  await allWriteOn("the restart of all", writers);
  for (const [i, writer] of writers.entries())
    expect(writer.acknowledged.size).toBeGreaterThan(rowsBefore[i] as number);
  await pause(1000);
  for (const writer of writers) await writer.stop();
  await caughtUp(addresses);

  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0);
  console.log(`acknowledged rows: ${acknowledged}`);
  expect(acknowledged).toBeGreaterThan(1000);
  for (const address of addresses) {
    for (const writer of writers) {
      const rows = await rowsAt(address, writer.device);
      for (const [time, value] of writer.acknowledged) {
        if (rows.get(time) !== value) {
          throw new Error(`${writer.device} at ${time} on ${address}: acknowledged ${value}, found ${rows.get(time)}`);
        }
      }
    }
  }
  const status = await statusOf(addresses);
  expect(status.nodes.every((node) => node.alive)).toBe(true);
});
