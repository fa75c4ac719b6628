import { addressOf, type LocalClusterState } from "@ringtide/cli";
import { connect, type Session, tabletFromArrays } from "@ringtide/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "./support/bad-input/raw-client.ts";
import { endTestCluster, eventually, rpcAddresses, startTestCluster, statusOf } from "./support/cluster.ts";
import { ask } from "./support/sql/model.ts";

/*
 * Statements at their limits: wide, long, cancelled, too slow, too large. Each gives its answer or its code, and the cluster lives.
 */
const WIDE_SERIES = 1000;
const DEVICES = 40;
const LONG_ROWS = 200_000;
const LARGE_DEVICES = 24;
const LARGE_ROWS = 20_000;
const QUERY_MEMORY_BYTES = 4 * 1024 * 1024;

let state: LocalClusterState | undefined;
let addresses: string[] = [];
let session: Session;

beforeAll(async () => {
  state = await startTestCluster({
    flags: { query_memory_bytes: String(QUERY_MEMORY_BYTES), max_query_concurrency: "4" },
  });
  addresses = rpcAddresses(state);
  session = await connect({ addresses });
  await Promise.all([writeWide(), writeLong(), writeLarge()]);
});
afterAll(async () => {
  await session.close();
  await endTestCluster(state);
});

/** A device with 1000 series, and 40 devices with 25 each; series s has s + time at times 1 to 3. */
async function writeWide(): Promise<void> {
  const columns = (count: number) =>
    Array.from({ length: count }, (_, s) => ({
      name: `s${s}`,
      type: "INT32" as const,
      values: [1, 2, 3].map((time) => s + time),
    }));
  const times = [1, 2, 3];
  await session.insert(tabletFromArrays({ device: "root.wide.d", times, columns: columns(WIDE_SERIES) }));
  for (let d = 0; d < DEVICES; d++)
    await session.insert(
      tabletFromArrays({ device: `root.many.d${d}`, times, columns: columns(WIDE_SERIES / DEVICES) }),
    );
}

async function writeRows(device: string, from: number, count: number): Promise<void> {
  const times = Float64Array.from({ length: count }, (_, i) => from + i);
  const values = times.map((time) => time * 3 + 0.25);
  await session.insert(tabletFromArrays({ device, times, columns: [{ name: "s", type: "DOUBLE", values }] }));
}

async function writeLong(): Promise<void> {
  for (let from = 0; from < LONG_ROWS; from += 20_000) await writeRows("root.long.d", from, 20_000);
}

async function writeLarge(): Promise<void> {
  for (let d = 0; d < LARGE_DEVICES; d++) await writeRows(`root.large.d${d}`, d * LARGE_ROWS, LARGE_ROWS);
}

/** All nodes are alive, no group has stopped, and each node answers. */
async function livesOn(): Promise<void> {
  const status = await statusOf(addresses);
  expect(status.nodes.map((node) => node.alive)).toEqual([true, true, true]);
  expect(status.groups.flatMap((group) => group.replicas.map((replica) => replica.stopped ?? "gone"))).toEqual(
    Array.from({ length: 12 }, () => ""),
  );
  for (const address of addresses) {
    const one = await connect({ addresses: [address] });
    expect(await ask(one, "SELECT s0 FROM root.wide.d WHERE time = 2")).toMatchObject({ rows: [[2n, 2]] });
    await one.close();
  }
}

describe("wide results", () => {
  const cells = (time: number, count: number) => Array.from({ length: count }, (_, s) => s + time);
  /** Names of series are in path order: s0, s1, s10, s100, … */
  const sorted = (count: number) => Array.from({ length: count }, (_, s) => `s${s}`).sort();

  it("a select of 1000 series, by name and by wildcard", async () => {
    const names = Array.from({ length: WIDE_SERIES }, (_, s) => `s${s}`);
    expect(await ask(session, `SELECT ${names.join(", ")} FROM root.wide.d`)).toEqual({
      names: names.map((name) => `root.wide.d.${name}`),
      rows: [1, 2, 3].map((time) => [BigInt(time), ...cells(time, WIDE_SERIES)]),
    });
    const answer = await ask(session, "SELECT * FROM root.wide.d WHERE s7 = 9");
    expect(answer.names).toEqual(sorted(WIDE_SERIES).map((name) => `root.wide.d.${name}`));
    expect(answer.rows).toEqual([[2n, ...sorted(WIDE_SERIES).map((name) => Number(name.slice(1)) + 2)]]);
    const counts = await ask(session, "SELECT count(*), max_value(*) FROM root.wide.d");
    expect(counts.rows).toEqual([
      [...sorted(WIDE_SERIES).map(() => 3n), ...sorted(WIDE_SERIES).map((name) => Number(name.slice(1)) + 3)],
    ]);
  });

  it("1000 series of 40 devices, side by side and by device", async () => {
    const each = WIDE_SERIES / DEVICES;
    const devices = Array.from({ length: DEVICES }, (_, d) => `root.many.d${d}`).sort();
    const values = (time: number) => sorted(each).map((name) => Number(name.slice(1)) + time);
    expect(await ask(session, "SELECT * FROM root.many")).toEqual({
      names: devices.flatMap((device) => sorted(each).map((name) => `${device}.${name}`)),
      rows: [1, 2, 3].map((time) => [BigInt(time), ...devices.flatMap(() => values(time))]),
    });
    expect(await ask(session, "SELECT * FROM root.many ALIGN BY DEVICE")).toEqual({
      names: ["Device", ...sorted(each)],
      rows: devices.flatMap((device) => [1, 2, 3].map((time) => [BigInt(time), device, ...values(time)])),
    });
    const wide = await ask(session, "SELECT * FROM root.many, root.wide.d ALIGN BY DEVICE");
    expect(wide.names).toHaveLength(1 + WIDE_SERIES);
    expect(wide.rows).toHaveLength(3 * (DEVICES + 1));
    expect((await ask(session, "SELECT LAST * FROM root.many")).rows).toHaveLength(WIDE_SERIES);
    expect(await ask(session, "SELECT count(s1) FROM root.many.* GROUP BY LEVEL = 1")).toMatchObject({
      rows: [[BigInt(3 * DEVICES)]],
    });
  });
});

describe("long results", () => {
  it("200,000 rows arrive whole and in order while another client inserts", async () => {
    const writer = await connect({ addresses });
    let running = true;
    let next = LONG_ROWS;
    const writing = (async () => {
      for (; running; next += 100) {
        const times = Array.from({ length: 100 }, (_, i) => next + i);
        const values = times.map((time) => time * 3 + 0.25);
        const columns = [{ name: "s", type: "DOUBLE" as const, values }];
        await writer.insert(tabletFromArrays({ device: "root.long.d", times, columns }));
      }
    })();
    try {
      for (const [sql, descending] of [
        [`SELECT s FROM root.long.d WHERE time < ${LONG_ROWS}`, false],
        [`SELECT s FROM root.long.d WHERE time < ${LONG_ROWS} ORDER BY TIME DESC`, true],
      ] as const) {
        const before = next;
        let rows = 0;
        for await (const { time, values } of await session.execute(sql)) {
          const expected = descending ? LONG_ROWS - 1 - rows : rows;
          if (time !== expected || values[0] !== expected * 3 + 0.25)
            throw new Error(`row ${rows} of ${sql} is ${String(time)}, ${String(values[0])}`);
          rows++;
          if (rows % 10_000 === 0) await new Promise((done) => setTimeout(done, 5)); // the writer runs in this process too
        }
        expect(rows).toBe(LONG_ROWS);
        expect(next).toBeGreaterThan(before);
      }
      // Without a bound in time: what was there when it began, and perhaps some of what came later, without a gap.
      const least = next - 100;
      let rows = 0;
      for await (const { time } of await session.execute("SELECT s FROM root.long.d")) if (time === rows) rows++;
      expect(rows).toBeGreaterThanOrEqual(least);
    } finally {
      running = false;
      await writing;
      await writer.close();
    }
    expect(await ask(session, "SELECT count(s) FROM root.long.d")).toMatchObject({ rows: [[BigInt(next)]] });
  });
});

describe("ends before the end", () => {
  it("a caller's signal ends a query that runs, and one that is read, with its reason", async () => {
    const slow = "SELECT count(s) FROM root.large.d0 GROUP BY ([0, 9000000), 1ms)";
    const waiting = new AbortController();
    const answer = session.execute(slow, { signal: waiting.signal }).then((result) => result.toArray());
    const reason = new Error("enough");
    setTimeout(() => waiting.abort(reason), 100);
    await expect(answer).rejects.toBe(reason);

    const reading = new AbortController();
    const result = await session.execute("SELECT s FROM root.long.d", { signal: reading.signal });
    const read = async () => {
      let rows = 0;
      for await (const row of result) if (++rows === 5000 && row.time !== undefined) reading.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    await livesOn();
  });

  it("cancel() ends a query, and leaving a result early frees its place", async () => {
    const result = await session.execute("SELECT count(s) FROM root.large.d0 GROUP BY ([0, 9000000), 1ms)");
    const rows = result[Symbol.asyncIterator]();
    await rows.next();
    await result.cancel();
    const rest = async () => {
      for (;;) if ((await rows.next()).done === true) return;
    };
    await expect(rest()).rejects.toMatchObject({ code: "QUERY_CANCELLED" });
    // Four may run at a time: many times that are begun and left.
    for (let i = 0; i < 40; i++) {
      for await (const row of await session.execute("SELECT s FROM root.long.d")) {
        expect(row.time).toBe(0);
        break;
      }
    }
    await livesOn();
  });

  it("a query that takes too long is QUERY_TIMEOUT", async () => {
    // All its rows take seconds.
    const sql = "SELECT count(s), avg(s) FROM root.large.d0 GROUP BY ([0, 9000000), 1ms)";
    // Before its first rows: the client asks again if an answer is late, so only the node's own time-out can end this.
    const early = session.execute(sql, { timeoutMs: 1 });
    await expect(early.then((result) => result.toArray())).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    // While rows may be on their way: the node's error comes behind them. The client would wait for it only a second longer than the
    // time-out, which a busy machine may need for the rows (NET_TIMEOUT), this call waits ten.
    const raw = await RawClient.open(addressOf(addresses[0] ?? ""), 4711);
    try {
      await expect(raw.execute(sql, { timeoutMs: 100 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
    } finally {
      raw.close();
    }
    await livesOn();
  });

  it("a query that would need too much memory is QUERY_TOO_LARGE", async () => {
    const cases = [
      "SELECT avg(s) FROM root.large.* WHERE s > 5 GROUP BY ([0, 1000000), 1ms)",
      "SELECT last_value(s) FROM root.large.d0 GROUP BY ([0, 9000000), 1ms) FILL(ALL[previous])",
      "SELECT count(s) FROM root.large.d0 GROUP BY ([0, 100000000000), 1ms)",
    ];
    for (const sql of cases) await expect(ask(session, sql), sql).rejects.toMatchObject({ code: "QUERY_TOO_LARGE" });
    await livesOn();
    expect(await ask(session, "SELECT count(s) FROM root.large.* GROUP BY LEVEL = 1")).toMatchObject({
      rows: [[BigInt(LARGE_DEVICES * LARGE_ROWS)]],
    });
  });

  it("a statement of more than 1 MiB is SQL_SYNTAX, one just below it is taken", async () => {
    const statement = "SELECT s0 FROM root.wide.d WHERE time = 1";
    const padded = (length: number) => `${statement}${" ".repeat(length - statement.length)}`;
    expect(await ask(session, padded(1_048_576))).toMatchObject({ rows: [[1n, 1]] });
    await expect(ask(session, padded(1_048_577))).rejects.toMatchObject({ code: "SQL_SYNTAX" });
    // Above what a message may have the statement is not even read.
    await expect(ask(session, padded(40_000_000))).rejects.toMatchObject({ code: "TABLET_TOO_LARGE" });
    const many = `INSERT INTO root.rows.d(time, s) VALUES ${Array.from({ length: 60_000 }, (_, i) => `(${i}, ${i})`).join(",")}`;
    await session.execute(many);
    expect(await ask(session, "SELECT count(s), sum(s) FROM root.rows.d")).toMatchObject({
      rows: [[60_000n, (60_000 * 59_999) / 2]],
    });
    await livesOn();
  });

  it("an insert for a device that lies in no storage group and cannot get one is STORAGE_GROUP_EXISTS", async () => {
    await session.execute("CREATE STORAGE GROUP root.plant.line1");
    await session.execute("INSERT INTO root.plant.line1.d(time, s) VALUES (1, 1)");
    await expect(session.execute("INSERT INTO root.plant.line2.d(time, s) VALUES (1, 1)")).rejects.toMatchObject({
      code: "STORAGE_GROUP_EXISTS",
      message: expect.stringContaining("root.plant.line1"),
    });
    expect(await ask(session, "COUNT TIMESERIES root.plant")).toMatchObject({ rows: [[1]] });
  });

  it("more queries than may run and wait are OVERLOADED, and the rest is answered", async () => {
    const one = await connect({ addresses: [addresses[0] ?? ""], retryTimeoutMs: 1 });
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () =>
        ask(one, "SELECT count(s) FROM root.large.d1, root.large.d2, root.large.d3 WHERE s > 5"),
      ),
    );
    const codes = new Set(
      results.map((each) => (each.status === "fulfilled" ? "answered" : (each.reason as { code: string }).code)),
    );
    expect([...codes].sort()).toEqual(["OVERLOADED", "answered"]);
    await one.close();
    await eventually("there is room again", 5000, () => livesOn().then(() => true));
  });
});
