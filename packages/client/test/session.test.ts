import { hasCode, RingtideError, sleep } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { columnFromValues, DataType, encodeBlock, openBlock, timesFromNumbers } from "@ringtide/tsfile";
import { afterEach, describe, expect, it } from "vitest";
import { connect, type Session, type Tablet, tabletFromArrays } from "../src/index.ts";
import { FakeNode, refusal } from "./fake-node.ts";

const nodes: FakeNode[] = [];
const sessions: Session[] = [];

async function node(): Promise<FakeNode> {
  const started = await new FakeNode().start();
  nodes.push(started);
  return started;
}

async function session(
  addresses: readonly string[],
  times: { requestTimeoutMs?: number; retryTimeoutMs?: number } = {},
) {
  const opened = await connect({ addresses, retryTimeoutMs: 5000, ...times });
  sessions.push(opened);
  return opened;
}

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((opened) => opened.close()));
  await Promise.all(nodes.splice(0).map((started) => started.stop()));
});

function tablet(device = "root.sg.d1", value = 1): Tablet {
  return tabletFromArrays({ device, times: [1], columns: [{ name: "s", type: "DOUBLE", values: [value] }] });
}

function block(times: readonly number[]): Uint8Array {
  const column = columnFromValues(DataType.INT64, times.map(BigInt));
  return encodeBlock({ rows: times.length, times: timesFromNumbers(times), columns: [column] });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => "no error",
    (thrown: unknown) => thrown,
  );
  return error instanceof RingtideError ? error.code : String(error);
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await sleep(systemClock, 5);
  expect(condition()).toBe(true);
}

const header = { columns: [{ name: "root.sg.d1.s", type: "INT64" }], hasTime: true, operation: "select" };

describe("opening a session", () => {
  it("takes the first node that answers, under one session number for all nodes", async () => {
    const dead = await node();
    const [first, second] = [await node(), await node()];
    await dead.stop();
    first.welcome = { nodes: [{ nodeId: 2, address: second.address }] };
    const opened = await session([dead.address, first.address]);
    expect(opened.cluster.clusterName).toBe("test");
    first.onInsert = (request) => refusal(request.sequence, "NO_LEADER");
    await first.stop();
    await opened.insert(tablet());
    expect(second.opened[0]?.session).toBe(first.opened[0]?.session);
    expect(second.opened[0]?.session).toBeGreaterThan(0);
  });

  it("fails with NET_UNREACHABLE when no node answers, and says so of a bad address", async () => {
    const dead = await node();
    await dead.stop();
    expect(await codeOf(connect({ addresses: [dead.address] }))).toBe("NET_UNREACHABLE");
    expect(await codeOf(connect({ addresses: ["nowhere"] }))).toBe("CONFIG_INVALID_VALUE");
  });
});

describe("insert", () => {
  it("sends ascending sequences in order, and tells what is acknowledged", async () => {
    const home = await node();
    const opened = await session([home.address]);
    await Promise.all(Array.from({ length: 20 }, (_, i) => opened.insert(tablet("root.sg.d1", i))));
    expect(home.inserts.map((request) => request.sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const values = home.inserts.map((request) => {
      const bytes = request.blocks[0]?.block ?? new Uint8Array();
      return openBlock(bytes).column(0).values;
    });
    expect(values.map((column) => (column as Float64Array)[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await opened.insert(tablet());
    expect(home.inserts.at(-1)?.acknowledged).toBe(20);
    expect(home.inserts.every((request) => !request.retry)).toBe(true);
  });

  it("keeps within the window of requests and of bytes", async () => {
    const home = await node();
    const answers: (() => void)[] = [];
    home.onInsert = (request, stream) => {
      answers.push(() => stream.write(new Uint8Array([8, request.sequence])));
      return undefined;
    };
    const size = tablet().sizeBytes;
    home.welcome = { insertWindowRequests: 4, insertWindowBytes: size * 3 };
    const opened = await session([home.address]);
    const all = Array.from({ length: 10 }, () => opened.insert(tablet()));
    await until(() => answers.length === 3);
    await sleep(systemClock, 30);
    expect(answers).toHaveLength(3);
    for (let i = 0; i < 10; i++) {
      await until(() => answers.length > i);
      answers[i]?.();
    }
    await Promise.all(all);
  });

  it("follows redirects, device by device", async () => {
    const [first, second] = [await node(), await node()];
    const opened = await session([first.address]);
    first.onInsert = (request) => ({
      sequence: request.sequence,
      affected: 1,
      redirect: request.blocks[0]?.device === "root.sg.d2" ? { nodeId: 2, address: second.address } : undefined,
    });
    for (let i = 0; i < 3; i++) for (const device of ["root.sg.d1", "root.sg.d2"]) await opened.insert(tablet(device));
    expect(first.inserts.map((request) => request.blocks[0]?.device)).toEqual([
      "root.sg.d1",
      "root.sg.d2",
      "root.sg.d1",
      "root.sg.d1",
    ]);
    expect(second.inserts).toHaveLength(2);
  });

  it("repeats under the same sequence on another node when one dies", async () => {
    const [first, second] = [await node(), await node()];
    first.onInsert = () => {
      void first.stop();
      return undefined;
    };
    const opened = await session([first.address, second.address]);
    expect(await opened.insert(tablet())).toEqual({ affected: 1 });
    expect(first.inserts[0]).toMatchObject({ sequence: 1 });
    expect(second.inserts[0]).toMatchObject({ sequence: 1, retry: true, session: first.inserts[0]?.session });
  });

  it("waits for a leader, and gives the node's error when there is none in time", async () => {
    const home = await node();
    let asked = 0;
    home.onInsert = (request) =>
      ++asked < 4 ? refusal(request.sequence, "NO_LEADER") : { sequence: request.sequence };
    const opened = await session([home.address], { retryTimeoutMs: 300 });
    await opened.insert(tablet());
    expect(home.inserts.map((request) => [request.sequence, request.retry])).toEqual([
      [1, false],
      [1, true],
      [1, true],
      [1, true],
    ]);
    home.onInsert = (request) => refusal(request.sequence, "NO_LEADER");
    expect(await codeOf(opened.insert(tablet()))).toBe("NO_LEADER");
  });

  it("asks another node when one that is alive sees no leader", async () => {
    const [first, second] = [await node(), await node()];
    first.onInsert = (request) => refusal(request.sequence, "NO_LEADER");
    const opened = await session([first.address, second.address]);
    await opened.insert(tablet());
    expect(second.inserts).toMatchObject([{ sequence: 1, retry: true }]);
  });

  it("fails what is on the way when the session is closed, at once", async () => {
    const home = await node();
    home.onInsert = () => undefined;
    const opened = await session([home.address]);
    const failure = codeOf(opened.insert(tablet()));
    await until(() => home.inserts.length === 1);
    const startMs = systemClock.monotonicMs();
    await opened.close();
    expect(await failure).toBe("OUTCOME_UNKNOWN");
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(3000);
    expect(await codeOf(opened.insert(tablet()))).toBe("SESSION_UNKNOWN");
  });

  it("says OUTCOME_UNKNOWN when an answer was lost and nobody can tell", async () => {
    const home = await node();
    home.onInsert = () => undefined;
    const opened = await session([home.address], { requestTimeoutMs: 300, retryTimeoutMs: 900 });
    expect(await codeOf(opened.insert(tablet()))).toBe("OUTCOME_UNKNOWN");
    expect(new Set(home.inserts.map((request) => request.sequence))).toEqual(new Set([1]));
    home.onInsert = (request) => ({ sequence: request.sequence });
    await sleep(systemClock, 1100);
    await opened.insert(tablet());
    expect(home.inserts.at(-1)).toMatchObject({ sequence: 2, acknowledged: 1, retry: false });
  });

  it("gives errors that are no use to repeat at once", async () => {
    const home = await node();
    home.onInsert = (request) => refusal(request.sequence, "TYPE_MISMATCH");
    const opened = await session([home.address]);
    expect(await codeOf(opened.insert(tablet()))).toBe("TYPE_MISMATCH");
    expect(home.inserts).toHaveLength(1);
    home.welcome = { maxWriteBytes: 10 };
    const small = await session([home.address]);
    expect(await codeOf(small.insert(tablet()))).toBe("TABLET_TOO_LARGE");
    expect(home.inserts).toHaveLength(1);
  });

  it("opens the session again at a node that forgot it", async () => {
    const home = await node();
    const opened = await session([home.address]);
    await opened.insert(tablet());
    let forgot = false;
    home.onInsert = (request) => {
      if (forgot) return { sequence: request.sequence };
      forgot = true;
      return refusal(request.sequence, "SESSION_UNKNOWN");
    };
    await opened.insert(tablet());
    expect(home.opened).toHaveLength(2);
    expect(home.opened[1]?.session).toBe(home.opened[0]?.session);
  });
});

describe("execute", () => {
  it("gives rows and batches, times as numbers where exact, INT64 as bigint", async () => {
    const home = await node();
    home.onExecute = async function* () {
      yield { header };
      yield { batch: block([1, 2]) };
      yield { batch: block([3]) };
      yield { done: { rows: 3, served: "leader" } };
    };
    const opened = await session([home.address]);
    const result = await opened.execute("select s from root.sg.d1");
    expect(result.columns).toEqual([{ name: "root.sg.d1.s", type: "INT64" }]);
    expect(await result.toArray()).toEqual([1, 2, 3].map((time) => ({ time, values: [BigInt(time)] })));
    expect(result.served).toBe("leader");
    const sizes: number[] = [];
    for await (const batch of (await opened.execute("select s from root.sg.d1")).batches()) sizes.push(batch.rows);
    expect(sizes).toEqual([2, 1]);
    expect(home.statements.map((statement) => statement.sequence)).toEqual([0, 0]);
  });

  it("reads times that do not ascend from the first column, across eras", async () => {
    const home = await node();
    const times = [4n, 3n, 2n ** 60n, -(2n ** 62n)];
    home.onExecute = async function* () {
      yield { header: { ...header, descending: true } };
      const columns = [columnFromValues(DataType.INT64, times), columnFromValues(DataType.INT32, [40, null, 60, 62])];
      yield { batch: encodeBlock({ rows: 4, times: undefined, columns }) };
      yield { done: {} };
    };
    const opened = await session([home.address]);
    const result = await opened.execute("select s from root.sg.d1 order by time desc");
    expect(await result.toArray()).toEqual([
      { time: 4, values: [40] },
      { time: 3, values: [null] },
      { time: 2n ** 60n, values: [60] },
      { time: -(2n ** 62n), values: [62] },
    ]);
    home.onExecute = async function* () {
      yield { header };
      yield { batch: encodeBlock({ rows: 1, times: undefined, columns: [columnFromValues(DataType.TEXT, ["x"])] }) };
    };
    expect(await codeOf((await opened.execute("select s from root.sg.d1")).toArray())).toBe("FRAME_MALFORMED");
  });

  it("repeats a write under its sequence, and a query until its first rows", async () => {
    const [first, second] = [await node(), await node()];
    first.onExecute = async function* () {
      yield { header };
      throw new RingtideError("NO_LEADER", "an election");
    };
    second.onExecute = async function* (request) {
      yield { header };
      yield { batch: block([1]) };
      if (request.sequence === 0) throw new RingtideError("NO_LEADER", "too late to hide");
      yield { done: { affected: 7 } };
    };
    const opened = await session([first.address, second.address], { retryTimeoutMs: 2000 });
    const result = await opened.execute("select s from root.sg.d1");
    expect([first.statements.length, second.statements.length]).toEqual([1, 1]);
    expect(await codeOf(result.toArray())).toBe("NO_LEADER");
    await first.stop();
    second.onExecute = async function* () {
      yield { header: { operation: "insert" } };
      yield { done: { affected: 7 } };
    };
    const written = await opened.execute("insert into root.sg.d1(time, s) values (1, 2)");
    expect(written.affected).toBe(7);
    expect(second.statements.at(-1)?.sequence).toBe(1);
  });

  it("cancels by statement and by signal", async () => {
    const home = await node();
    let gone = 0;
    home.onExecute = async function* (_, signal) {
      signal.addEventListener("abort", () => gone++);
      yield { header };
      yield { batch: block([1]) };
      for (let i = 0; i < 200 && home.cancelled.length === 0 && !signal.aborted; i++) await sleep(systemClock, 5);
      throw new RingtideError("QUERY_CANCELLED", "cancelled");
    };
    const opened = await session([home.address]);
    const result = await opened.execute("select s from root.sg.d1");
    const read = codeOf(result.toArray());
    await result.cancel();
    expect(await read).toBe("QUERY_CANCELLED");
    expect(home.cancelled).toEqual([home.statements[0]?.statementId]);
    home.cancelled.length = 0;
    const abort = new AbortController();
    const second = await opened.execute("select s from root.sg.d1", { signal: abort.signal });
    const reading = second.toArray().catch((error: unknown) => error);
    abort.abort(new RingtideError("QUERY_CANCELLED", "the user pressed Ctrl-C"));
    expect(hasCode(await reading, "QUERY_CANCELLED")).toBe(true);
    await until(() => gone > 0);
  });
});
