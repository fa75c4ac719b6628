import { tabletFromArrays } from "@ringtide/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Format } from "../src/shell/format.ts";
import { runStatement } from "../src/shell/statement.ts";
import { Printed, startTestNode, type TestNode } from "./support.ts";

const TEXTS = ["plain", 'comma, "quotes"', "two\nlines", "", "tab\tand \u001b[31mred", null] as const;
const BIG = 2n ** 53n + 1n;

let node: TestNode;

beforeAll(async () => {
  node = await startTestNode();
  const times = [1, 2, 3, 4, 5, 6];
  await node.session.insert(
    tabletFromArrays({
      device: "root.t.all",
      times,
      columns: [
        { name: "text", type: "TEXT", values: TEXTS },
        { name: "long", type: "INT64", values: [1n, BIG, -(2n ** 63n), 2n ** 63n - 1n, null, 0n] },
        { name: "real", type: "DOUBLE", values: [0.1, Number.NaN, Infinity, -Infinity, null, -0] },
        { name: "small", type: "FLOAT", values: [0.1, 1 / 3, 3e38, 16777216, Number.NaN, null] },
        { name: "yes", type: "BOOLEAN", values: [true, false, null, true, false, true] },
        { name: "int", type: "INT32", values: [-1, 0, 1, null, 2147483647, -2147483648] },
      ],
    }),
  );
  for (const device of ["a", "b"]) {
    await node.session.insert(
      tabletFromArrays({
        device: `root.t.${device}`,
        times: device === "a" ? [10, 20] : [15],
        columns: [{ name: "s", type: "INT32", values: device === "a" ? [1, 2] : [3] }],
      }),
    );
  }
}, 60_000);

afterAll(() => node.end());

async function print(sql: string, format: Format, changes: Parameters<Printed["options"]>[1] = {}): Promise<Printed> {
  const printed = new Printed();
  const abort = new AbortController();
  const isDone = await runStatement(node.session, sql, printed.options(format, changes), abort.signal);
  expect(isDone, printed.rest).toBe(true);
  return printed;
}

const lines = (text: string): string[] => text.trimEnd().split("\n");

const objects = (text: string): Record<string, unknown>[] =>
  lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);

describe("csv", () => {
  it("quotes commas, quotes, line breaks and empty texts, so that null can be told from an empty text", async () => {
    const { answers, rest } = await print("SELECT text, int FROM root.t.all", "csv");
    expect(answers).toBe(
      [
        "Time,root.t.all.text,root.t.all.int",
        "1970-01-01T00:00:00.001Z,plain,-1",
        '1970-01-01T00:00:00.002Z,"comma, ""quotes""",0',
        '1970-01-01T00:00:00.003Z,"two\nlines",1',
        '1970-01-01T00:00:00.004Z,"",',
        "1970-01-01T00:00:00.005Z,tab\tand \u001b[31mred,2147483647",
        "1970-01-01T00:00:00.006Z,,-2147483648",
        "",
      ].join("\n"),
    );
    expect(rest).toBe(""); // only tables are followed by a count
  });

  it("keeps every digit of INT64, shows NaN, infinities and -0, and FLOAT as its shortest decimal", async () => {
    const { answers } = await print("SELECT long, real, small FROM root.t.all", "csv");
    expect(lines(answers).map((line) => line.split(",").slice(1).join(","))).toEqual([
      "root.t.all.long,root.t.all.real,root.t.all.small",
      "1,0.1,0.1",
      `${BIG},NaN,0.33333334`,
      "-9223372036854775808,Infinity,3e+38",
      "9223372036854775807,-Infinity,16777216",
      ",,NaN",
      "0,-0,",
    ]);
  });

  it("has the line of names when there are no rows, and nothing for a statement without an answer", async () => {
    expect((await print("SELECT s FROM root.t.a WHERE time > 1000", "csv")).answers).toBe("Time,root.t.a.s\n");
    expect((await print("CREATE TIMESERIES root.u.x WITH DATATYPE=INT32", "csv")).answers).toBe("");
  });

  it("shows times in the zone that was asked for", async () => {
    const { answers } = await print("SELECT s FROM root.t.b", "csv", { zone: "+08:00" });
    expect(lines(answers)[1]).toBe("1970-01-01T08:00:00.015+08:00,3");
  });
});

describe("json", () => {
  it("is one object a line, with strings for what JSON numbers cannot hold", async () => {
    const rows = objects((await print("SELECT text, long, real, yes FROM root.t.all", "json")).answers);
    expect(rows.map((row) => row["Time"])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rows.map((row) => row["root.t.all.text"])).toEqual(TEXTS);
    expect(rows.map((row) => row["root.t.all.long"])).toEqual([
      1,
      String(BIG),
      "-9223372036854775808",
      "9223372036854775807",
      null,
      0,
    ]);
    expect(rows.map((row) => row["root.t.all.real"])).toEqual([0.1, "NaN", "Infinity", "-Infinity", null, 0]);
    expect(rows.map((row) => row["root.t.all.yes"])).toEqual([true, false, null, true, false, true]);
  });

  it("is empty when there are no rows", async () => {
    expect((await print("SELECT s FROM root.t.a WHERE time > 1000", "json")).answers).toBe("");
  });

  it("keeps the order of rows whose times do not ascend", async () => {
    const descending = objects((await print("SELECT s FROM root.t.a ORDER BY TIME DESC", "json")).answers);
    expect(descending.map((row) => row["Time"])).toEqual([20, 10]);
    const last = objects((await print("SELECT LAST s FROM root.t.a, root.t.b", "json")).answers);
    expect(last.map((row) => [row["Time"], row["timeseries"], row["value"]])).toEqual([
      [20, "root.t.a.s", "2"],
      [15, "root.t.b.s", "3"],
    ]);
    const byDevice = objects((await print("SELECT s FROM root.t.a, root.t.b ALIGN BY DEVICE", "json")).answers);
    expect(byDevice.map((row) => [row["Time"], row["Device"], row["s"]])).toEqual([
      [10, "root.t.a", 1],
      [20, "root.t.a", 2],
      [15, "root.t.b", 3],
    ]);
  });
});

describe("table", () => {
  it("shows nulls, escapes control characters, and counts rows", async () => {
    const { answers, rest } = await print("SELECT text, int FROM root.t.all", "table");
    expect(lines(answers)[1]).toMatch(/│ Time +│ root\.t\.all\.text +│ root\.t\.all\.int │/);
    expect(answers).toContain("│ two\\nlines ");
    expect(answers).toContain("│ tab\\tand \\u001b[31mred ");
    expect(answers).toMatch(/00\.004Z │ +│ null/);
    expect(rest).toMatch(/^6 rows, [\d.]+ ms\n$/);
  });

  it("has dates where rows are last values or one a device", async () => {
    expect((await print("SELECT LAST s FROM root.t.a", "table")).answers).toContain("│ 1970-01-01T00:00:00.020Z │");
    expect((await print("SELECT s FROM root.t.b ALIGN BY DEVICE", "table")).answers).toContain(
      "│ 1970-01-01T00:00:00.015Z │ root.t.b │ 3 │",
    );
  });

  it("has its names when there are no rows, and says how many a write had", async () => {
    const empty = await print("SELECT s FROM root.t.a WHERE time > 1000", "table");
    expect(empty.answers).toContain("root.t.a.s");
    expect(empty.rest).toMatch(/^0 rows, /);
    const written = await print("INSERT INTO root.t.c(time, s) VALUES (1, 2), (2, 3)", "table");
    expect(written.answers).toBe("");
    expect(written.rest).toMatch(/^ok, 2 affected, /);
  });

  it("puts values below each other when the terminal is narrower than the rows", async () => {
    const sql = "SELECT text, int FROM root.t.all LIMIT 2";
    expect((await print(sql, "table", { width: 200 })).answers).toContain("┌");
    expect((await print(sql, "table", { width: 60 })).answers).toBe(
      [
        "-- row 1",
        "Time             1970-01-01T00:00:00.001Z",
        "root.t.all.text  plain",
        "root.t.all.int   -1",
        "-- row 2",
        "Time             1970-01-01T00:00:00.002Z",
        'root.t.all.text  comma, "quotes"',
        "root.t.all.int   0",
        "",
      ].join("\n"),
    );
  });
});

describe("who answered", () => {
  it("is said unless it was the leader; csv and json say it to those who did not ask for less", async () => {
    const sql = "SELECT s FROM root.t.a";
    expect((await print(sql, "table", { consistency: "mid" })).rest).not.toContain("served");
    expect((await print(sql, "table", { consistency: "weak" })).rest).toMatch(
      /^2 rows, [\d.]+ ms, served by this node's own copy, which may be behind the leader\n$/,
    );
    expect((await print(sql, "csv", { consistency: "weak" })).rest).toBe("");
  });
});
