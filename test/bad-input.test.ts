import { killNode, type LocalClusterState, startCluster } from "@ringtide/cli";
import { hasCode } from "@ringtide/common";
import { encodeMessage, Nothing } from "@ringtide/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doubles } from "./support/bad-input/blocks.ts";
import { CALL_CASES, SERVICES } from "./support/bad-input/call-cases.ts";
import { collect, dial, withConnection } from "./support/bad-input/raw-client.ts";
import {
  HALF_FRAME_KEPT_OPEN,
  occupy,
  RAW_GARBAGE,
  RAW_MESSAGES,
  sendMessage,
  sendRaw,
} from "./support/bad-input/raw-socket.ts";
import { SQL_CASES } from "./support/bad-input/sql-cases.ts";
import { START_CASES } from "./support/bad-input/start-cases.ts";
import { inParallel, removeTemporaryDirectories, type StartResult } from "./support/bad-input/starts.ts";
import { TABLET_CASES } from "./support/bad-input/tablet-cases.ts";
import {
  DOORS,
  type Door,
  type LogPositions,
  MAX_CONNECTIONS,
  MAX_WRITE_BYTES,
  positionsOf,
  Target,
} from "./support/bad-input/target.ts";
import { endTestCluster, eventually, startTestCluster } from "./support/cluster.ts";

/*
 * Bad input to a real cluster of three nodes: each case gets an error with a stable code, all nodes live on, and the logs of all groups
 * stand where they stood. Then all nodes are killed and started again.
 */
const FLAGS = {
  max_concurrent_client_num: String(MAX_CONNECTIONS),
  raft_log_buffer_size: String(MAX_WRITE_BYTES),
  // No election may come between: a new leader adds an entry of its own.
  election_timeout_min_ms: "3000",
  election_timeout_max_ms: "5000",
};
const GOOD_ROWS = [
  [1n, 7, 0.5, 9n, true, "x", 0.25],
  [2n, 8, 1.5, -9n, false, "é", 0.5],
];
const SELECT_ALL = "select i,f,l,b,t,s from root.ok.d where time < 1000";

/** A method of each port, a server stream where it has one. */
const METHOD: Record<Door, string> = {
  meta: "LocalStatus",
  "meta heartbeat": "Beats",
  data: "Read",
  "data heartbeat": "Beats",
  client: "Execute",
};

let state: LocalClusterState | undefined;
let target: Target;
let positions: LogPositions;
/** Settles when the half frames that are kept open at the start were cut off. */
let heldOpen: Promise<unknown>;

beforeAll(async () => {
  state = await startTestCluster({ flags: FLAGS });
  target = await Target.open(state);
  const client = target.client(1);
  const types = { i: "INT32", f: "FLOAT", l: "INT64", b: "BOOLEAN", t: "TEXT", s: "DOUBLE" };
  for (const [name, type] of Object.entries(types))
    await client.execute(`create timeseries root.ok.d.${name} with datatype=${type}`);
  await client.execute("insert into root.ok.d(timestamp,i,f,l,b,t,s) values(1,7,0.5,9,true,'x',0.25)");
  await client.execute("insert into root.ok.d(timestamp,i,f,l,b,t,s) values(2,8,1.5,-9,false,'é',0.5)");
  await target.settle();
  positions = positionsOf(await target.status());
  heldOpen = Promise.all(
    DOORS.map((door) => sendRaw(target.address(1, door).port, HALF_FRAME_KEPT_OPEN, false).catch((error) => error)),
  );
}, 60_000);

afterAll(async () => {
  target?.close();
  await endTestCluster(state);
});

/** All three nodes answer, and the logs grew by exactly what was told. */
async function livesOn(entries: number): Promise<void> {
  const status = await target.status();
  expect(status.nodes.map((node) => node.alive)).toEqual([true, true, true]);
  expect(status.groups.flatMap((group) => group.replicas.map((replica) => replica.stopped ?? "gone"))).toEqual(
    Array.from({ length: 12 }, () => ""),
  );
  const expected = { ...positions, data: positions.data + entries };
  positions = positionsOf(status);
  expect(positions).toEqual(expected);
}

async function logs(node: number, port: number, before: number): Promise<void> {
  await eventually(`node ${node} logs what came to port ${port}`, 3000, async () => {
    return target.malformedLines(node, port) > before;
  });
}

describe("bad input to a running cluster", () => {
  it.each([...SQL_CASES, ...TABLET_CASES, ...CALL_CASES])("$name", async ({ code, says, entries, logs: at, send }) => {
    const port = at === undefined ? 0 : target.address(at.node, at.door).port;
    const before = at === undefined ? 0 : target.malformedLines(at.node, port);
    const error: unknown = await send(target).then(
      () => "no error",
      (thrown: unknown) => thrown,
    );
    if (code === undefined) expect(error).toBe("no error");
    else expect(error).toMatchObject({ code, message: expect.stringMatching(says ?? /./) });
    if (at !== undefined) await logs(at.node, port, before);
    await livesOn(entries ?? 0);
  });

  it.each(DOORS.flatMap((door) => RAW_GARBAGE.map(([what, bytes, end]) => [what, door, bytes, end] as const)))(
    "%s on the %s port",
    async (_what, door, bytes, end) => {
      const { port } = target.address(3, door);
      const before = target.malformedLines(3, port);
      await sendRaw(port, bytes, end);
      await logs(3, port, before);
      await livesOn(0);
    },
  );

  it.each(DOORS.flatMap((door) => RAW_MESSAGES.map(([what, bytes, isCut]) => [what, door, bytes, isCut] as const)))(
    "%s on the %s port",
    async (_what, door, bytes, isCut) => {
      const { port } = target.address(3, door);
      const before = target.malformedLines(3, port);
      await sendMessage(port, `/${SERVICES[door]}/${METHOD[door]}`, bytes, isCut);
      if (isCut) await logs(3, port, before);
      await livesOn(0);
    },
  );

  it.each<Door>(["client", "data"])("more connections than allowed on the %s port", async (door) => {
    const address = target.address(3, door);
    const ask = () =>
      withConnection(dial(address, SERVICES[door], target.metadata(1)), (connection) =>
        collect(connection, METHOD[door], encodeMessage(Nothing, {})),
      );
    const leave = await occupy(address.port, MAX_CONNECTIONS);
    await expect(ask()).rejects.toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
    await livesOn(0);
    leave();
    // An empty request is refused too, but by the method.
    await eventually("there is room again", 5000, async () => {
      const error: unknown = await ask().catch((thrown: unknown) => thrown);
      return hasCode(error, "SESSION_UNKNOWN", "NOT_LEADER");
    });
    await livesOn(0);
  });

  it("a frame cut in the middle by a sender that stays", async () => {
    expect(await heldOpen).toEqual(DOORS.map(() => undefined));
    for (const door of DOORS) await logs(1, target.address(1, door).port, 0);
    await livesOn(0);
  });
});

describe("bad starts beside a running cluster", () => {
  const results = new Map<string, StartResult>();

  beforeAll(async () => {
    const tasks = START_CASES.map(({ name, start }) => async () => {
      results.set(name, await start(target));
    });
    await inParallel(3, tasks);
  });

  it.each(START_CASES)("$name", ({ name, code, says }) => {
    const { exit, stderr } = results.get(name) ?? { exit: 0, stderr: "not run" };
    expect(stderr).toMatch(new RegExp(`^${code}: `, "m"));
    expect(stderr).toMatch(says);
    expect(exit).toBe(1);
  });

  afterAll(removeTemporaryDirectories);

  it("leaves the cluster as it was", () => livesOn(0));
});

describe("after all of it", () => {
  it("takes valid writes, and all of it survives kill -9 of all nodes", async () => {
    await target.client(2).execute("insert into root.ok.e(timestamp,s) values(1,1)");
    await livesOn(1);
    expect(await target.client(3).insert([doubles("root.ok.d", [2001, 2002])])).toBe(2);
    await livesOn(1);

    const { directory } = target.state;
    for (const { number } of target.state.nodes) await killNode(directory, number);
    target.close();
    state = await startCluster({ directory, nodes: 3, replicas: 3, basePort: undefined, flags: {} });
    target = await Target.open(state);
    await target.settle();
    for (const client of target.clients) {
      expect(await client.execute(SELECT_ALL)).toEqual(GOOD_ROWS);
      expect(await client.execute("select s from root.ok.d where time > 1000")).toEqual([
        [2001n, 500.25],
        [2002n, 500.5],
      ]);
      expect(await client.execute("select s from root.ok.e")).toEqual([[1n, 1]]);
      expect(await client.execute("show storage group")).toEqual([["root.ok"]]);
      expect(await client.execute("count timeseries")).toEqual([[7]]);
    }
    positions = positionsOf(await target.status());
    await target.client(1).execute("insert into root.ok.e(timestamp,s) values(2,2)");
    await livesOn(1);
  });
});
