import { describe, expect, it } from "vitest";
import { parse } from "../src/index.ts";
import { MS, tree } from "./helpers.ts";

const ticks = (value: bigint) => ({ kind: "ticks", value });
const integer = (value: bigint) => ({ kind: "integer", value });
const decimal = (value: number) => ({ kind: "decimal", value });
const text = (value: string) => ({ kind: "text", value });

describe("schema statements", () => {
  it.each<[string, object]>([
    ["CREATE STORAGE GROUP root.sg", { kind: "createStorageGroup", path: "root.sg" }],
    ["set storage group to root.sg.inner;", { kind: "createStorageGroup", path: "root.sg.inner" }],
    ["SET STORAGE GROUP ROOT.sg", { kind: "createStorageGroup", path: "root.sg" }],
    ["DELETE STORAGE GROUP root.a, root.b.*", { kind: "deleteStorageGroup", paths: ["root.a", "root.b.*"] }],
    ["DELETE TIMESERIES root.a.d.s", { kind: "deleteTimeseries", paths: ["root.a.d.s"] }],
    ["drop timeseries root.a.d.s, root.a.**", { kind: "deleteTimeseries", paths: ["root.a.d.s", "root.a.**"] }],
    ["SHOW STORAGE GROUP", { kind: "showStorageGroup", path: undefined }],
    ["SHOW STORAGE GROUP root.*", { kind: "showStorageGroup", path: "root.*" }],
    ["SHOW TIMESERIES", { kind: "showTimeseries", path: undefined, limit: undefined, offset: 0 }],
    ["SHOW TIMESERIES root.a LIMIT 5 OFFSET 10", { kind: "showTimeseries", path: "root.a", limit: 5, offset: 10 }],
    ["SHOW DEVICES OFFSET 3", { kind: "showDevices", path: undefined, limit: undefined, offset: 3 }],
    ["SHOW CHILD PATHS root.a", { kind: "showChildPaths", path: "root.a" }],
    ["COUNT TIMESERIES", { kind: "countTimeseries", path: undefined, level: undefined }],
    ["COUNT TIMESERIES root.a.* GROUP BY LEVEL = 2", { kind: "countTimeseries", path: "root.a.*", level: 2 }],
    ["FLUSH", { kind: "flush", storageGroups: [] }],
    ["FLUSH root.a, root.b", { kind: "flush", storageGroups: ["root.a", "root.b"] }],
  ])("%s", (sql, expected) => {
    expect(tree(sql)).toEqual(expected);
  });

  it.each<[string, object]>([
    ["CREATE TIMESERIES root.sg.d.s WITH DATATYPE=DOUBLE", { type: "DOUBLE" }],
    [
      "CREATE TIMESERIES root.sg.d.s WITH DATATYPE=int32, ENCODING=rle, COMPRESSOR=Snappy",
      { type: "INT32", encoding: "RLE", compression: "SNAPPY" },
    ],
    ["create timeseries root.sg.d.s datatype = TEXT, compression = 'lz4'", { type: "TEXT", compression: "LZ4" }],
    ["CREATE TIMESERIES root.sg.d.s BOOLEAN", { type: "BOOLEAN" }],
    [
      "CREATE TIMESERIES root.sg.d.s FLOAT encoding=GORILLA compressor=GZIP",
      {
        type: "FLOAT",
        encoding: "GORILLA",
        compression: "GZIP",
      },
    ],
  ])("%s", (sql, expected) => {
    const defaults = { kind: "createTimeseries", path: "root.sg.d.s", encoding: undefined, compression: undefined };
    expect(tree(sql)).toEqual({ ...defaults, ...expected });
  });
});

describe("DELETE FROM", () => {
  const range = (where: string) => {
    const { from, to } = tree(`DELETE FROM root.a.d.s1, root.a.* ${where}`);
    return [from, to];
  };

  it("deletes from paths", () => {
    expect(tree("DELETE FROM root.a.d.s1, root.a.* WHERE time <= 5")).toEqual({
      kind: "deleteData",
      paths: ["root.a.d.s1", "root.a.*"],
      from: undefined,
      to: ticks(5n),
    });
  });

  it.each<[string, unknown[]]>([
    ["", [undefined, undefined]],
    ["WHERE time > 5", [ticks(6n), undefined]],
    ["WHERE 5 > time", [undefined, ticks(4n)]],
    ["WHERE time = 5", [ticks(5n), ticks(5n)]],
    ["WHERE time > 5 AND (time >= 3 AND time < 10) AND time <= 20", [ticks(6n), ticks(9n)]],
    ["WHERE time BETWEEN 3 AND 5", [ticks(3n), ticks(5n)]],
    ["WHERE time < now() - 1ms AND time >= 3", [ticks(3n), { kind: "now", offset: -2n }]],
  ])("%j bounds the time, both ends included", (where, expected) => {
    expect(range(where)).toEqual(expected);
  });
});

describe("INSERT", () => {
  const values = (list: string, options = MS) => {
    const columns = list.split(",").map((_, index) => `s${index}`);
    const statement = parse(`INSERT INTO root.sg.d(time, ${columns.join(", ")}) VALUES (1, ${list})`, options);
    return statement.kind === "insert" ? statement.rows[0]?.values : undefined;
  };

  it("takes several rows, the time column at any place", () => {
    expect(tree("INSERT INTO root.sg.d(s1, timestamp, s2) VALUES (1, 100, 'a'), (2.5, -200, NULL)")).toEqual({
      kind: "insert",
      device: "root.sg.d",
      measurements: ["s1", "s2"],
      rows: [
        { time: ticks(100n), values: [integer(1n), text("a")] },
        { time: ticks(-200n), values: [decimal(2.5), { kind: "null" }] },
      ],
    });
  });

  it("is at now() without a time column", () => {
    expect(tree("insert into root.sg.d(s1) values (1)")["rows"]).toEqual([
      { time: { kind: "now", offset: 0n }, values: [integer(1n)] },
    ]);
  });

  it.each<[string, unknown]>([
    ["9223372036854775807", integer(2n ** 63n - 1n)],
    ["-9223372036854775808", integer(-(2n ** 63n))],
    ["- 5", integer(-5n)],
    ["+5", integer(5n)],
    ["007", integer(7n)],
    ["1.", decimal(1)],
    [".5", decimal(0.5)],
    ["-1.5e-3", decimal(-0.0015)],
    ["1E5", decimal(100000)],
    ["-0.0", decimal(-0)],
    ["NaN", decimal(Number.NaN)],
    ["TRUE", { kind: "boolean", value: true }],
    ["false", { kind: "boolean", value: false }],
    ["null", { kind: "null" }],
    ["'it''s'", text("it's")],
    ['"say ""hi"""', text('say "hi"')],
    ["'a\\'b\\\\c\\n\\t\\u00e4'", text("a'b\\c\n\tä")],
    ["'semi;colon -- no comment /* either */'", text("semi;colon -- no comment /* either */")],
    ["''", text("")],
    ["'日本 😀'", text("日本 😀")],
  ])("reads the value %s", (list, expected) => {
    expect(values(list)).toEqual([expected]);
  });

  it.each<[string, unknown]>([
    ["2020-01-01", ticks(1577836800000n)],
    ["2020-01-01 10:00:00.123", ticks(1577872800123n)],
    ["2020/01/01T10:00:00+08:00", ticks(1577844000000n)],
    ["'2020-01-01 00:00:00'", ticks(1577836800000n)],
    ["now()", { kind: "now", offset: 0n }],
    ["now() - 1d2h + 10ms", { kind: "now", offset: -93_599_990n }],
    ["2020-01-01 + 1h", ticks(1577840400000n)],
  ])("reads the time %s", (time, expected) => {
    expect(tree(`INSERT INTO root.sg.d(time, s1) VALUES (${time}, 1)`)["rows"]).toEqual([
      { time: expected, values: [integer(1n)] },
    ]);
  });

  it("says where each row stands", () => {
    const sql = "INSERT INTO root.sg.d(time, s1) VALUES (1, 2), (3, 4)";
    const statement = parse(sql, MS);
    const places = statement.kind === "insert" ? statement.rows.map(({ place }) => place) : [];
    expect(places.map(({ offset, length }) => sql.slice(offset, offset + length))).toEqual(["(1, 2)", "(3, 4)"]);
  });
});

describe("names", () => {
  it.each<[string, string[]]>([
    [
      "root.sg.time, root.last.count, root.select.from.where",
      ["root.sg.time", "root.last.count", "root.select.from.where"],
    ],
    ['root.sg."a.b".s1', ['root.sg."a.b".s1']],
    ["root.sg.1d, root.2020-01-01.5, root.sg.1.5", ["root.sg.1d", "root.2020-01-01.5", "root.sg.1.5"]],
    ["root.sg.温度, root.sg.a-b:c@d#e$f%g", ["root.sg.温度", "root.sg.a-b:c@d#e$f%g"]],
    ["root", ["root"]],
    ["root.*.s1, root.**, root.a.**.b", ["root.*.s1", "root.**", "root.a.**.b"]],
  ])("in FROM: %s", (paths, expected) => {
    expect(tree(`SELECT * FROM ${paths}`)["from"]).toEqual(expected);
  });

  it.each([
    "s1",
    "d1.s1",
    "*",
    "**",
    "*.s1",
    "last",
    "limit",
    "count",
    "time",
    "d1.from",
    '"a b"',
    '"a.b".s1',
    "1",
    "1d",
    "a-b",
    "温度",
  ])("in SELECT: %s", (path) => {
    expect(tree(`SELECT ${path} FROM root.sg`)["items"]).toEqual([{ kind: "series", path, alias: undefined }]);
    expect(tree(`SELECT x, ${path} FROM root.sg`)["items"]).toHaveLength(2);
    expect(tree(`SELECT LAST ${path} FROM root.sg`)).toMatchObject({ last: true, items: [{ path }] });
  });

  it("in INSERT: any word", () => {
    expect(tree('INSERT INTO root.sg.d(from, select, 1d, 1, "a.b") VALUES (1, 2, 3, 4, 5)')["measurements"]).toEqual([
      "from",
      "select",
      "1d",
      "1",
      '"a.b"',
    ]);
  });

  it("ends a name at comments and &&", () => {
    expect(tree("SELECT s1--comment\nFROM root.sg/*c*/WHERE/**/5<s1&&s2>3")["where"]).toMatchObject({
      kind: "and",
      operands: [{ series: "s1" }, { series: "s2" }],
    });
  });
});
