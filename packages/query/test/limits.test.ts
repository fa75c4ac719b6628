import { RingtideError } from "@ringtide/common";
import { runFragment } from "@ringtide/query";
import { DataType } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import { NaiveReader, type NaiveSeries } from "./support/naive-reader.ts";
import { collect, TestCluster } from "./support/test-cluster.ts";

function walk(device: string, count: number): NaiveSeries {
  return {
    device,
    measurement: "s",
    type: DataType.DOUBLE,
    points: Array.from({ length: count }, (_, i) => ({ time: BigInt(i), value: i / 2 })),
  };
}

function manyDevices(devices: number, points: number): TestCluster {
  const series = Array.from({ length: devices }, (_, i) => walk(`root.g.d${i}`, points));
  return TestCluster.naive(series, ["root.g"], 50);
}

describe("what a query holds", () => {
  it("is let go of when the caller stops reading", async () => {
    const cluster = manyDevices(9, 2000);
    const result = await cluster.query("select s from root.g.*");
    let batches = 0;
    for await (const batch of result.batches) {
      expect(batch.rows).toBeGreaterThan(0);
      if (++batches === 2) break;
    }
    expect(cluster.openStreams).toBe(0);
  });

  it("is let go of when nothing was ever read, and when LIMIT has enough", async () => {
    const cluster = manyDevices(9, 2000);
    const result = await cluster.query("select s from root.g.*");
    await result.batches[Symbol.asyncIterator]().return?.();
    expect(cluster.openStreams).toBe(0);
    const before = cluster.messages;
    expect((await cluster.rows("select s from root.g.* limit 10")).rows).toHaveLength(10);
    expect(cluster.openStreams).toBe(0);
    expect(cluster.messages - before).toBeLessThan(12);
  });

  it("is bounded: more memory than allowed is QUERY_TOO_LARGE", async () => {
    const cluster = manyDevices(40, 100);
    cluster.maxMemoryBytes = 20_000;
    await expect(cluster.rows("select s from root.g.*")).rejects.toMatchObject({ code: "QUERY_TOO_LARGE" });
    cluster.maxMemoryBytes = 2000;
    await expect(cluster.rows("select last s from root.g.*")).rejects.toMatchObject({ code: "QUERY_TOO_LARGE" });
    cluster.maxMemoryBytes = 1 << 20;
    expect((await cluster.rows("select s from root.g.*")).rows).toHaveLength(100);
    const windows = "group by ([0, 1000000), 1ms)";
    await expect(cluster.rows(`select sum(s) from root.g.* where s > 5 ${windows}`)).rejects.toMatchObject({
      code: "QUERY_TOO_LARGE",
    });
    expect(cluster.openStreams).toBe(0);
  });

  it("streams many windows in bounded memory", async () => {
    const cluster = manyDevices(1, 100);
    cluster.maxMemoryBytes = 8 << 20;
    const result = await cluster.query("select count(s) from root.g.d0 group by ([0, 300000), 1ms)");
    let rows = 0;
    for await (const batch of result.batches) {
      expect(batch.rows).toBeLessThanOrEqual(16384);
      rows += batch.rows;
    }
    expect(rows).toBe(300_000);
  });
});

describe("cancelling", () => {
  it("ends a query with the reason it was aborted with", async () => {
    const cluster = manyDevices(9, 2000);
    const controller = new AbortController();
    const result = await cluster.query("select s from root.g.*", controller.signal);
    const iterator = result.batches[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort(new RingtideError("QUERY_TIMEOUT", "took longer than 1 s"));
    await expect(iterator.next()).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    expect(cluster.openStreams).toBe(0);
  });

  it("works before the first row, and for functions", async () => {
    const cluster = manyDevices(3, 10);
    const controller = new AbortController();
    controller.abort();
    for (const sql of ["select s from root.g.*", "select count(s) from root.g.*", "show devices"]) {
      const run = async () => await collect(await cluster.query(sql, controller.signal));
      await expect(run()).rejects.toMatchObject({ code: "QUERY_CANCELLED" });
    }
  });
});

describe("fragments", () => {
  const reader = new NaiveReader(16, [walk("root.g.d0", 10)], 5);
  const { signal } = new AbortController();
  const run = async (bytes: Uint8Array) => {
    for await (const message of runFragment(bytes, reader, signal)) expect(message.length).toBeGreaterThan(0);
  };

  it("that are garbage or cut are FRAME_MALFORMED, of another version FORMAT_UNKNOWN", async () => {
    const fragments: Uint8Array[] = [];
    const cluster = manyDevices(1, 10);
    const send = cluster.run.bind(cluster);
    cluster.run = (group, fragment, options) => {
      fragments.push(fragment);
      return send(group, fragment, options);
    };
    await cluster.rows("select count(s) from root.g.d0 where time > 1 and not s in (1, 2.5) group by ([0, 5), 1ms)");
    const [whole] = fragments;
    if (whole === undefined) throw new Error("no fragment was sent");
    await run(whole);
    for (let length = 1; length < whole.length; length++) {
      await expect(run(whole.subarray(0, length))).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
    }
    await expect(run(new Uint8Array(0))).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
    await expect(run(new Uint8Array([...whole, 0]))).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
    await expect(run(new Uint8Array([9, ...whole.subarray(1)]))).rejects.toMatchObject({ code: "FORMAT_UNKNOWN" });
    await expect(run(new Uint8Array(64).fill(255))).rejects.toMatchObject({ code: "FORMAT_UNKNOWN" });
  });
});
