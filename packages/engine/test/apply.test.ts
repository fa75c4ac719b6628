import { PathPattern, type RequestId } from "@ringtide/common";
import { DataType, MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import { afterEach, describe, expect, it } from "vitest";
import type { Command, LooseValue } from "../src/api.ts";
import { encodeCommand } from "../src/commands.ts";
import { block, collect, range, rowsOf } from "./support/blocks.ts";
import { Host, type HostOptions } from "./support/host.ts";

const ALWAYS = { from: MIN_TIME, to: MAX_TIME };
const { signal } = new AbortController();
const hosts: Host[] = [];

async function start(options: HostOptions = {}): Promise<Host> {
  const host = await Host.start(options);
  hosts.push(host);
  return host;
}

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.destroy();
});

async function rows(host: Host, device: string, ...measurements: string[]) {
  return rowsOf(await collect(host.engine.scan({ device, measurements, range: ALWAYS, descending: false, signal })));
}

function row(time: bigint, values: Record<string, LooseValue>, device = "root.sg.d"): Command {
  return {
    kind: "insertRows",
    rows: [{ device, time, measurements: Object.keys(values), values: Object.values(values) }],
  };
}

const integer = (value: bigint): LooseValue => ({ kind: "integer", value });
const decimal = (value: number): LooseValue => ({ kind: "decimal", value });
const text = (value: string): LooseValue => ({ kind: "text", value });
const NULL: LooseValue = { kind: "null" };

function create(...series: (readonly [path: string, type: DataType])[]): Command {
  return {
    kind: "createSeries",
    series: series.map(([path, type]) => ({ path, type, encoding: "", compression: "" })),
  };
}

describe("types at apply", () => {
  it("creates series with the types of a block's columns, and numbers of single rows as DOUBLE", async () => {
    const host = await start();
    host.apply({ kind: "insertBlocks", blocks: [block("root.sg.d", [1n], ["a", DataType.INT32, [5]])] });
    host.apply(row(2n, { a: integer(6n), b: integer(7n), c: text("x"), d: { kind: "boolean", value: true }, e: NULL }));
    const types = host.engine.schema.ofDevice("root.sg.d").map(({ measurement, type }) => [measurement, type]);
    expect(types).toEqual([
      ["a", DataType.INT32],
      ["b", DataType.DOUBLE],
      ["c", DataType.TEXT],
      ["d", DataType.BOOLEAN],
    ]);
    expect(await rows(host, "root.sg.d", "b", "a", "d")).toEqual([
      [1n, null, 5, null],
      [2n, 7, 6, true],
    ]);
  });

  it("refuses a whole command for one value of a wrong type, and leaves no trace of it", async () => {
    const host = await start();
    host.apply(create(["root.sg.d.a", DataType.INT32]));
    const outcome = host.apply({
      kind: "insertBlocks",
      blocks: [
        block("root.sg.new", [1n], ["x", DataType.DOUBLE, [1]]),
        block("root.sg.d", [1n], ["b", DataType.DOUBLE, [1]], ["a", DataType.DOUBLE, [1]]),
      ],
    });
    expect(outcome).toMatchObject({ ok: false, code: "TYPE_MISMATCH" });
    expect(outcome).toHaveProperty("message", "root.sg.d.a is INT32, the value is DOUBLE");
    expect(host.engine.schema.seriesCount).toBe(1);
    expect(host.engine.memtableBytes).toBe(0);
    const conflicting = [["x", DataType.DOUBLE, [1]] as const, ["x", DataType.INT64, [1n]] as const];
    expect(
      host.apply({ kind: "insertBlocks", blocks: conflicting.map((column) => block("root.sg.e", [1n], column)) }),
    ).toMatchObject({ ok: false, code: "TYPE_MISMATCH" });
    expect(host.engine.schema.seriesCount).toBe(1);
  });

  it.each<[DataType, LooseValue, unknown]>([
    [DataType.INT32, integer(2n ** 31n), "VALUE_OUT_OF_RANGE"],
    [DataType.INT32, integer(-(2n ** 31n)), -(2 ** 31)],
    [DataType.INT32, decimal(1), "TYPE_MISMATCH"],
    [DataType.INT64, integer(2n ** 62n), 2n ** 62n],
    [DataType.INT64, decimal(1.5), "TYPE_MISMATCH"],
    [DataType.FLOAT, decimal(0.1), Math.fround(0.1)],
    [DataType.FLOAT, decimal(1e39), "VALUE_OUT_OF_RANGE"],
    [DataType.FLOAT, integer(3n), 3],
    [DataType.DOUBLE, decimal(0.1), 0.1],
    [DataType.DOUBLE, integer(3n), 3],
    [DataType.DOUBLE, text("1"), "TYPE_MISMATCH"],
    [DataType.BOOLEAN, { kind: "boolean", value: false }, false],
    [DataType.BOOLEAN, integer(1n), "TYPE_MISMATCH"],
    [DataType.TEXT, text("ü"), "ü"],
    [DataType.TEXT, integer(1n), "TYPE_MISMATCH"],
  ])("a series of type %i takes %o as %o", async (type, value, expected) => {
    const host = await start();
    host.apply(create(["root.sg.d.s", type]));
    const outcome = host.apply(row(1n, { s: value }));
    if (!outcome.ok) expect(outcome.code).toBe(expected);
    else expect(await rows(host, "root.sg.d", "s")).toEqual([[1n, expected]]);
  });

  it("refuses unknown series when it may not create them", async () => {
    const host = await start({ autoCreateSeries: false });
    for (const command of [
      row(1n, { s: integer(1n) }),
      { kind: "insertBlocks", blocks: [block("root.sg.d", [1n], ["s", DataType.TEXT, ["x"]])] } as const,
    ])
      expect(host.apply(command)).toMatchObject({ ok: false, code: "PATH_NOT_FOUND" });
    expect(host.engine.schema.deviceCount).toBe(0);
  });
});

describe("schema", () => {
  it("refuses series that exist, and series at or below the path of another", async () => {
    const host = await start();
    expect(host.apply(create(["root.sg.d.s", DataType.INT32], ["root.sg.d.t", DataType.TEXT]))).toEqual({
      ok: true,
      affected: 2,
    });
    for (const [path, named] of [
      ["root.sg.d.s", "root.sg.d.s"],
      ["root.sg.d.s.x", "root.sg.d.s"],
      ["root.sg.d", "root.sg.d"],
    ] as const) {
      const outcome = host.apply(create(["root.sg.new.x", DataType.TEXT], [path, DataType.TEXT]));
      expect(outcome).toMatchObject({ ok: false, code: "SERIES_EXISTS" });
      expect(outcome).toHaveProperty("message", expect.stringContaining(named));
    }
    expect(host.apply(create(["root.sg.e.s", DataType.TEXT], ["root.sg.e.s", DataType.TEXT])).ok).toBe(false);
    expect(host.engine.schema.seriesCount).toBe(2);
  });

  it("matches patterns in order of path, also after changes and restarts", async () => {
    const host = await start();
    const paths = ["root.a.z", "root.a.b.c", "root.a-b.s", "root.ab.s", "root.a.b-c.s", "root.b.d1.s", "root.b.d2.s"];
    const matched = (text: string, prefix = false) =>
      Array.from(
        host.engine.schema.match(new PathPattern(text), { prefix }),
        (one) => `${one.device}.${one.measurement}`,
      );
    host.apply(create(...paths.slice(0, 4).map((path) => [path, DataType.INT32] as const)));
    expect(matched("root.**")).toEqual(paths.slice(0, 4).toSorted());
    host.apply(create(...paths.slice(4).map((path) => [path, DataType.INT32] as const)));
    for (let round = 0; round < 2; round++) {
      expect(matched("root.**")).toEqual(paths.toSorted());
      expect(matched("root.a.*")).toEqual(["root.a.b-c.s", "root.a.b.c", "root.a.z"]);
      expect(matched("root.a")).toEqual([]);
      expect(matched("root.a", true)).toEqual(["root.a.b-c.s", "root.a.b.c", "root.a.z"]);
      expect(matched("root.*.d1.s")).toEqual(["root.b.d1.s"]);
      expect(matched("root.b.d1.s")).toEqual(["root.b.d1.s"]);
      expect(matched("root.b.*.s", true)).toEqual(["root.b.d1.s", "root.b.d2.s"]);
      await host.closeFile();
      await host.restart();
    }
    expect(host.apply({ kind: "deleteSeries", patterns: ["root.a.b", "root.b.*.s"] })).toEqual({
      ok: true,
      affected: 3,
    });
    expect(matched("root.**")).toEqual(["root.a-b.s", "root.a.b-c.s", "root.a.z", "root.ab.s"]);
    expect(host.apply({ kind: "dropStorageGroup", storageGroup: "root.a" })).toEqual({ ok: true, affected: 2 });
  });

  it("never gives the points of a deleted series to a new one of its name", async () => {
    const host = await start();
    for (const isClosed of [false, true]) {
      host.apply(row(1n, { s: integer(1n), kept: integer(2n) }));
      if (isClosed) await host.closeFile();
      const [before] = host.engine.schema.ofDevice("root.sg.d");
      host.apply({ kind: "deleteSeries", patterns: ["root.sg.d.s"] });
      host.apply(create(["root.sg.d.s", DataType.TEXT]));
      expect(host.engine.schema.find("root.sg.d", "s")?.id).toBeGreaterThan(before?.id ?? 0);
      expect(await rows(host, "root.sg.d", "s", "kept")).toEqual([[1n, null, 2]]);
      await host.closeFile();
      await host.restart();
      expect(await rows(host, "root.sg.d", "s")).toEqual([]);
      host.apply({ kind: "deleteSeries", patterns: ["root.sg.d.s"] });
    }
  });

  it("keeps devices with more series than one record or one block can hold", async () => {
    const host = await start();
    const wide = (count: number, time: bigint) =>
      block("root.sg.wide", [time], ...range(0, count).map((i) => [`measurement_${i}`, DataType.INT32, [i]] as const));
    const name = "n".repeat(900);
    const many = range(0, 1500).map((i) => [`root.sg.wide.${name}${i}`, DataType.TEXT] as const);
    host.apply({ kind: "insertBlocks", blocks: [wide(4000, 1n), wide(10, 2n)] });
    host.apply(create(...many));
    host.apply(
      row(2n, { [`${name}0`]: text("x"), [`${name}1`]: text("y"), measurement_9: integer(-1n) }, "root.sg.wide"),
    );
    host.apply({
      kind: "insertBlocks",
      blocks: [
        block("root.sg.wide", [2n], ...range(3000, 4000).map((i) => [`other_${i}`, DataType.INT32, [i]] as const)),
      ],
    });
    host.apply(row(2n, { other_3999: integer(5n), [`${name}0`]: text("z") }, "root.sg.wide"));
    await host.closeFile();
    await host.restart();
    expect(host.engine.schema.ofDevice("root.sg.wide").length).toBe(9500);
    expect(await rows(host, "root.sg.wide", "measurement_9", `${name}0`, "other_3999", "measurement_3999")).toEqual([
      [1n, 9, null, null, 3999],
      [2n, -1, "z", 5, null],
    ]);
    host.apply({ kind: "deleteSeries", patterns: [`root.sg.wide.*`] });
    await host.closeFile();
    await host.restart();
    expect(host.engine.schema.deviceCount).toBe(0);
  });
});

describe("deletions", () => {
  it("take what came before them in the log and nothing else, in open rows, memtables and files", async () => {
    const host = await start();
    for (let round = 0; round < 2; round++) {
      for (const time of [1n, 2n, 3n]) host.apply(row(time, { s: decimal(Number(time)), t: decimal(0) }));
      host.apply({ kind: "deleteData", patterns: ["root.sg.d.s"], from: 2n, to: 3n });
      host.apply(row(3n, { s: decimal(33) }));
      const expected = [
        [1n, 1, 0],
        [2n, null, 0],
        [3n, 33, 0],
      ];
      expect(await rows(host, "root.sg.d", "s", "t")).toEqual(expected);
      expect(await host.engine.last("root.sg.d", "s")).toEqual({ time: 3n, value: 33 });
      await host.closeFile();
      await host.restart();
      expect(await rows(host, "root.sg.d", "s", "t")).toEqual(expected);
    }
    host.apply({ kind: "deleteData", patterns: ["root.**"], ...ALWAYS });
    expect(await rows(host, "root.sg.d", "s", "t")).toEqual([]);
    expect(await host.engine.last("root.sg.d", "s")).toBeUndefined();
    await host.closeFile();
    await host.restart();
    expect(await rows(host, "root.sg.d", "s", "t")).toEqual([]);
  });
});

describe("exactly once", () => {
  it("gives a repeat the first outcome, also after a checkpoint and a restart", async () => {
    const host = await start();
    const request = (sequence: number, retry: boolean): RequestId => ({ session: 7, sequence, acknowledged: 0, retry });
    const insert = row(1n, { s: integer(1n) });
    expect(host.apply(insert, request(1, false))).toEqual({ ok: true, affected: 1 });
    expect(host.apply(row(1n, { s: text("x") }), request(2, false))).toMatchObject({ code: "TYPE_MISMATCH" });
    host.apply({ kind: "deleteData", patterns: ["root.**"], ...ALWAYS }, request(3, false));
    for (const checkpoint of [false, true]) {
      if (checkpoint) await host.closeFile();
      await host.restart();
      expect(host.apply(insert, request(1, true))).toEqual({ ok: true, affected: 1 });
      expect(host.apply(row(1n, { s: integer(9n) }), request(2, true))).toMatchObject({ code: "TYPE_MISMATCH" });
      expect(await rows(host, "root.sg.d", "s")).toEqual([]);
    }
  });
});

describe("check", () => {
  it("refuses values that do not fit their series, but not in a repeat, which may have been applied before", async () => {
    const host = await start();
    host.apply(create(["root.sg.d.s", DataType.INT32]));
    const wrong: readonly (readonly [string, Command])[] = [
      ["TYPE_MISMATCH", row(1n, { s: text("x") })],
      ["VALUE_OUT_OF_RANGE", row(1n, { s: integer(2n ** 40n) })],
      ["TYPE_MISMATCH", { kind: "insertBlocks", blocks: [block("root.sg.d", [1n], ["s", DataType.INT64, [1n]])] }],
    ];
    for (const [code, command] of wrong) {
      const request = { session: 1, sequence: 1, acknowledged: 0 };
      const check = (retry: boolean) => () => host.engine.check(encodeCommand({ ...request, retry }, command));
      expect(check(false)).toThrow(expect.objectContaining({ code }));
      expect(check(true)).not.toThrow();
    }
  });

  const good = block("root.sg.d", [1n, 2n], ["s", DataType.INT32, [1, 2]]);
  const bent = good.block.slice();
  bent[bent.length - 1] = (bent[bent.length - 1] ?? 0) ^ 1;

  it.each<[string, Command]>([
    ["BLOCK_MALFORMED", { kind: "insertBlocks", blocks: [{ ...good, block: bent }] }],
    ["BLOCK_MALFORMED", { kind: "insertBlocks", blocks: [{ ...good, block: new Uint8Array(10) }] }],
    ["TABLET_SHAPE", { kind: "insertBlocks", blocks: [{ ...good, measurements: ["a", "b"] }] }],
    ["TABLET_SHAPE", { kind: "insertBlocks", blocks: [{ ...good, measurements: [] }] }],
    ["PATH_INVALID", { kind: "insertBlocks", blocks: [{ ...good, measurements: ["a.b"] }] }],
    ["PATH_INVALID", { kind: "insertBlocks", blocks: [{ ...good, device: "sg.d" }] }],
    ["PATH_INVALID", { kind: "insertBlocks", blocks: [{ ...good, device: "root" }] }],
    ["PATH_INVALID", { kind: "insertBlocks", blocks: [{ ...good, device: 'root.sg."d' }] }],
    ["PATH_INVALID", row(1n, { "": integer(1n) })],
    [
      "TABLET_SHAPE",
      {
        kind: "insertRows",
        rows: [{ device: "root.sg.d", time: 1n, measurements: ["a", "a"], values: [NULL, NULL] }],
      },
    ],
    ["PATH_INVALID", create(["root.d", DataType.INT32])],
    ["PATH_INVALID", { kind: "deleteSeries", patterns: ["root..x"] }],
    ["TIME_OUT_OF_RANGE", { kind: "deleteData", patterns: ["root.**"], from: 2n, to: 1n }],
    ["PATH_INVALID", { kind: "dropStorageGroup", storageGroup: "root.*" }],
    ["TABLET_TOO_LARGE", { kind: "insertBlocks", blocks: [{ ...good, block: new Uint8Array(16 * 1024 * 1024) }] }],
  ])("refuses with %s before the log: %o", async (code, command) => {
    const host = await start();
    const payload = encodeCommand(undefined, command);
    expect(() => host.engine.check(payload)).toThrow(expect.objectContaining({ code }));
  });
});
