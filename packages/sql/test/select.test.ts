import { describe, expect, it } from "vitest";
import { tree } from "./helpers.ts";

const ticks = (value: bigint) => ({ kind: "ticks", value });
const span = (value: bigint) => ({ months: 0, ticks: value });
const value = (series: string, comparison: string, literal: bigint) => ({
  kind: "value",
  series,
  comparison,
  literal: { kind: "integer", value: literal },
});
const where = (condition: string) => tree(`SELECT s1 FROM root.sg WHERE ${condition}`)["where"];
const HOUR = 3_600_000n;
const DAY = 24n * HOUR;

it("leaves what is not written at its default", () => {
  expect(tree("select s1 from root.sg.d1, root.sg.d2;")).toEqual({
    kind: "select",
    last: false,
    items: [{ kind: "series", path: "s1", alias: undefined }],
    from: ["root.sg.d1", "root.sg.d2"],
    where: undefined,
    groupBy: undefined,
    groupByLevel: undefined,
    fill: [],
    alignByDevice: false,
    descending: false,
    limit: undefined,
    offset: 0,
  });
});

it("selects aggregates and aliases", () => {
  expect(tree("SELECT count(*), Max_Value(d1.s1) AS top, avg(count) AS 'the mean' FROM root.sg")["items"]).toEqual([
    { kind: "aggregate", name: "count", path: "*", alias: undefined },
    { kind: "aggregate", name: "max_value", path: "d1.s1", alias: "top" },
    { kind: "aggregate", name: "avg", path: "count", alias: "the mean" },
  ]);
});

it("tells the keyword LAST from a series of that name", () => {
  expect(tree("SELECT LAST last FROM root.sg")).toMatchObject({ last: true, items: [{ path: "last" }] });
  expect(tree("SELECT last, high FROM root.sg")).toMatchObject({
    last: false,
    items: [{ path: "last" }, { path: "high" }],
  });
  expect(tree("SELECT last AS l FROM root.sg")).toMatchObject({ last: false, items: [{ path: "last", alias: "l" }] });
});

describe("WHERE", () => {
  it.each<[string, unknown]>([
    ["s1 > 5", value("s1", ">", 5n)],
    ["5 < s1", value("s1", ">", 5n)],
    ["5 >= s1", value("s1", "<=", 5n)],
    ["s1 <> 5", value("s1", "!=", 5n)],
    ["s1 == -5", value("s1", "=", -5n)],
    ["root.sg.d1.s1 = 5", value("root.sg.d1.s1", "=", 5n)],
    ['"a.b" = 5', value('"a.b"', "=", 5n)],
    ['s1 = "x"', { kind: "value", series: "s1", comparison: "=", literal: { kind: "text", value: "x" } }],
    ["s1 = true", { kind: "value", series: "s1", comparison: "=", literal: { kind: "boolean", value: true } }],
    ["time >= 100", { kind: "time", comparison: ">=", time: ticks(100n) }],
    ["100 > TIMESTAMP", { kind: "time", comparison: "<", time: ticks(100n) }],
    ["time < now() - 1h", { kind: "time", comparison: "<", time: { kind: "now", offset: -HOUR } }],
    ["time = 1970-01-02", { kind: "time", comparison: "=", time: ticks(DAY) }],
    ["time IN (1, 1970-01-02)", { kind: "timeIn", times: [ticks(1n), ticks(DAY)], negated: false }],
    [
      "s1 NOT IN (1, 'a')",
      {
        kind: "valueIn",
        series: "s1",
        literals: [
          { kind: "integer", value: 1n },
          { kind: "text", value: "a" },
        ],
        negated: true,
      },
    ],
    ["s1 BETWEEN 1 AND 5", { kind: "and", operands: [value("s1", ">=", 1n), value("s1", "<=", 5n)] }],
    [
      "time NOT BETWEEN 1 AND 5",
      {
        kind: "not",
        operand: {
          kind: "and",
          operands: [
            { kind: "time", comparison: ">=", time: ticks(1n) },
            { kind: "time", comparison: "<=", time: ticks(5n) },
          ],
        },
      },
    ],
  ])("%s", (condition, expected) => {
    expect(where(condition)).toEqual(expected);
  });

  it("binds AND tighter than OR, NOT tighter than both", () => {
    const [a, b, c] = [value("a", "=", 1n), value("b", "=", 2n), value("c", "=", 3n)];
    expect(where("a=1 or b=2 and not c=3")).toEqual({
      kind: "or",
      operands: [a, { kind: "and", operands: [b, { kind: "not", operand: c }] }],
    });
    expect(where("(a=1 || b=2) && !(c=3)")).toEqual({
      kind: "and",
      operands: [
        { kind: "or", operands: [a, b] },
        { kind: "not", operand: c },
      ],
    });
    expect(where("not not ! ! a=1 & b=2 | c=3")).toEqual({
      kind: "or",
      operands: [{ kind: "and", operands: [a, b] }, c],
    });
  });

  it("takes 200 nested parentheses and any number of NOT, AND and OR", () => {
    expect(where(`${"(".repeat(200)}a=1${")".repeat(200)}`)).toEqual(value("a", "=", 1n));
    expect(where(`${"NOT ".repeat(10_000)}a=1`)).toEqual(value("a", "=", 1n));
    expect(where(`${"a=1 AND ".repeat(10_000)}a=1`)).toMatchObject({ kind: "and", operands: { length: 10_001 } });
  });
});

describe("GROUP BY", () => {
  const group = (clause: string) => {
    const { groupBy, groupByLevel, alignByDevice } = tree(`SELECT avg(s1) FROM root.sg GROUP BY ${clause}`);
    return { groupBy, groupByLevel, alignByDevice };
  };
  const none = { groupBy: undefined, groupByLevel: undefined, alignByDevice: false };

  it("groups by time", () => {
    const base = {
      start: ticks(0n),
      end: ticks(864_000_000n),
      bounds: "[)",
      interval: span(3n * DAY),
      step: span(3n * DAY),
    };
    expect(group("([0, 864000000), 3d, 3d)")).toEqual({ ...none, groupBy: base });
    expect(group("([0, 864000000), 3d)")).toEqual({ ...none, groupBy: base });
    expect(group("((0, 864000000], 3d, 1d)")).toEqual({ ...none, groupBy: { ...base, bounds: "(]", step: span(DAY) } });
    expect(group("([0, 864000000), 3d), LEVEL = 1")).toEqual({ ...none, groupBy: base, groupByLevel: 1 });
    expect(group("([now() - 1d, now()), 1h)")["groupBy"]).toMatchObject({
      start: { offset: -DAY },
      end: { offset: 0n },
    });
    expect(group("([2020-01-01, 2021-01-01), 1mo, 1y)")["groupBy"]).toMatchObject({
      interval: { months: 1, ticks: 0n },
      step: { months: 12, ticks: 0n },
    });
  });

  it("groups by level and by device", () => {
    expect(group("LEVEL = 2")).toEqual({ ...none, groupByLevel: 2 });
    expect(group("DEVICE")).toEqual({ ...none, alignByDevice: true });
  });
});

it("fills", () => {
  const fill = (items: string) => tree(`SELECT s1 FROM root.sg WHERE time = 5 FILL(${items})`)["fill"];
  const previous = { method: "previous", before: undefined, after: undefined };
  expect(fill("float[previous, 1m], DOUBLE[linear, 5m, 6m]")).toEqual([
    { ...previous, type: "FLOAT", before: span(60_000n) },
    { type: "DOUBLE", method: "linear", before: span(300_000n), after: span(360_000n) },
  ]);
  expect(fill("ALL[previous]")).toEqual([{ ...previous, type: "ALL" }]);
  expect(fill("int32[linear]")).toEqual([{ ...previous, type: "INT32", method: "linear" }]);
  expect(tree("SELECT last_value(s1) FROM root.sg GROUP BY ([0, 10), 1ms) FILL(ALL[previous])")["fill"]).toHaveLength(
    1,
  );
});

it("takes the clauses behind WHERE in any order", () => {
  const expected = { descending: true, limit: 10, offset: 5, alignByDevice: true };
  expect(tree("SELECT * FROM root.sg.* ORDER BY TIME DESC LIMIT 10 OFFSET 5 ALIGN BY DEVICE")).toMatchObject(expected);
  expect(tree("SELECT * FROM root.sg.* ALIGN BY DEVICE OFFSET 5 LIMIT 10 ORDER BY timestamp desc")).toMatchObject(
    expected,
  );
  expect(tree("SELECT * FROM root.sg ORDER BY TIME ASC")).toMatchObject({ descending: false });
  expect(tree("SELECT * FROM root.sg ORDER BY TIME")).toMatchObject({ descending: false });
});
