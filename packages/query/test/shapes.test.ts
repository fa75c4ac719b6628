import { DataType, type Point } from "@ringtide/tsfile";
import { describe, expect, it } from "vitest";
import type { NaiveSeries } from "./support/naive-reader.ts";
import { TestCluster } from "./support/test-cluster.ts";

function series(path: string, type: DataType, points: readonly (readonly [number, Point["value"]])[]): NaiveSeries {
  const at = path.lastIndexOf(".");
  return {
    device: path.slice(0, at),
    measurement: path.slice(at + 1),
    type,
    points: points.map(([time, value]) => ({ time: BigInt(time), value })),
  };
}

const { BOOLEAN, INT32, INT64, DOUBLE, FLOAT, TEXT } = DataType;

function weather(): TestCluster {
  return TestCluster.naive(
    [
      series("root.ln.d1.temp", DOUBLE, [
        [1, 20.5],
        [2, 21],
        [3, 22.5],
        [5, 19],
      ]),
      series("root.ln.d1.hum", INT32, [
        [1, 40],
        [3, 42],
        [4, 44],
      ]),
      series("root.ln.d1.status", BOOLEAN, [
        [1, true],
        [2, false],
      ]),
      series("root.ln.d2.temp", DOUBLE, [
        [2, 10],
        [3, 11],
      ]),
      series("root.ln.d2.name", TEXT, [[3, "b"]]),
      series("root.sg.a.d3.n", INT64, [
        [1, 9007199254740993n],
        [2, -5n],
      ]),
      series("root.sg.a.d3.f", FLOAT, [[1, Math.fround(1.1)]]),
    ],
    ["root.ln", "root.sg", "root.empty"],
  );
}

const plain = async (sql: string, cluster = weather()) => {
  const { names, rows } = await cluster.rows(sql);
  return {
    names,
    rows: rows.map(({ time, values }) => (time === undefined ? [...values] : [Number(time), ...values])),
  };
};

describe("raw results", () => {
  it("align series by time, in order of items, prefixes and paths", async () => {
    expect(await plain("select hum, temp from root.ln.d1")).toEqual({
      names: ["root.ln.d1.hum", "root.ln.d1.temp"],
      rows: [
        [1, 40, 20.5],
        [2, null, 21],
        [3, 42, 22.5],
        [4, 44, null],
        [5, null, 19],
      ],
    });
    const { names, rows } = await plain(
      "select temp, * from root.ln.d2, root.ln.d1 order by time desc limit 2 offset 1",
    );
    expect(names).toEqual([
      "root.ln.d2.temp",
      "root.ln.d1.temp",
      "root.ln.d2.name",
      "root.ln.d2.temp",
      "root.ln.d1.hum",
      "root.ln.d1.status",
      "root.ln.d1.temp",
    ]);
    expect(rows).toEqual([
      [4, null, null, null, null, 44, null, null],
      [3, 11, 22.5, "b", 11, 42, null, 22.5],
    ]);
  });

  it("repeat columns that are selected twice, and take aliases of single series", async () => {
    expect(await plain("select hum as h, hum from root.ln.d1 where time = 3")).toEqual({
      names: ["h", "root.ln.d1.hum"],
      rows: [[3, 42, 42]],
    });
    await expect(plain("select * as x from root.ln.d1")).rejects.toMatchObject({ code: "SQL_SEMANTIC" });
  });

  it("filter on values with missing values as false, also over groups", async () => {
    expect((await plain("select temp from root.ln.d1 where hum > 40")).rows).toEqual([[3, 22.5]]);
    expect((await plain("select temp from root.ln.d1 where not hum > 41")).rows).toEqual([[1, 20.5]]);
    expect((await plain("select temp from root.ln.d1, root.ln.d2 where temp > 10.5")).rows).toEqual([[3, 22.5, 11]]);
    expect((await plain("select * from root.ln.d2 where root.ln.d1.hum >= 42")).rows).toEqual([[3, "b", 11]]);
    expect((await plain("select temp from root.ln.* where temp > 0")).rows).toEqual([
      [2, 21, 10],
      [3, 22.5, 11],
    ]);
    expect((await plain("select n from root.sg.a.d3 where n = 9007199254740993")).rows).toEqual([
      [1, 9007199254740993n],
    ]);
    expect((await plain("select n from root.sg.a.d3 where n > 9007199254740992.5")).rows).toEqual([
      [1, 9007199254740993n],
    ]);
    expect((await plain("select f from root.sg.a.d3 where f = 1.1")).rows).toHaveLength(1);
  });

  it("are empty without columns where a wildcard finds nothing, and an error where a full path does", async () => {
    expect(await plain("select * from root.none")).toEqual({ names: [], rows: [] });
    await expect(plain("select nothing from root.ln.d1")).rejects.toMatchObject({ code: "PATH_NOT_FOUND" });
    await expect(plain("select temp from root.ln.d1 where nothing > 1")).rejects.toMatchObject({
      code: "PATH_NOT_FOUND",
    });
    expect(await plain("select temp from root.ln.d1 where time > 100")).toEqual({
      names: ["root.ln.d1.temp"],
      rows: [],
    });
  });

  it("refuse comparisons that types do not allow", async () => {
    for (const condition of ["hum = 'x'", "status > true", "temp = true", "hum in (1, 'a')"]) {
      await expect(plain(`select * from root.ln.d1 where ${condition}`)).rejects.toMatchObject({
        code: "TYPE_MISMATCH",
      });
    }
  });
});

describe("functions", () => {
  it("give one row without time, named after function and path", async () => {
    expect(
      await plain("select count(temp), avg(temp), max_value(hum), min_time(hum), last_value(status) from root.ln.d1"),
    ).toEqual({
      names: [
        "count(root.ln.d1.temp)",
        "avg(root.ln.d1.temp)",
        "max_value(root.ln.d1.hum)",
        "min_time(root.ln.d1.hum)",
        "last_value(root.ln.d1.status)",
      ],
      rows: [[4n, 20.75, 44, 1n, false]],
    });
    expect(
      (await plain("select count(temp), sum(temp), first_value(temp) from root.ln.d1 where time > 9")).rows,
    ).toEqual([[0n, null, null]]);
    await expect(plain("select avg(status) from root.ln.d1")).rejects.toMatchObject({ code: "SQL_SEMANTIC" });
  });

  it("have a row for each window, empty ones too", async () => {
    expect((await plain("select count(temp), max_value(temp) from root.ln.d1 group by ([0, 8), 2ms)")).rows).toEqual([
      [0, 1n, 20.5],
      [2, 2n, 22.5],
      [4, 1n, 19],
      [6, 0n, null],
    ]);
    expect((await plain("select count(temp) from root.ln.d1 group by ((0, 5], 2ms)")).rows).toEqual([
      [2, 2n],
      [4, 1n],
      [5, 1n],
    ]);
    expect(
      (await plain("select sum(hum) from root.ln.d1 group by ([0, 6), 3ms, 2ms) order by time desc limit 2")).rows,
    ).toEqual([
      [4, 44],
      [2, 86],
    ]);
  });

  it("fill empty windows from their neighbours", async () => {
    const sql = "select last_value(hum) from root.ln.d1 group by ([0, 6), 1ms)";
    expect((await plain(`${sql} fill(all[previous])`)).rows.map((row) => row[1])).toEqual([null, 40, 40, 42, 44, 44]);
    expect((await plain(`${sql} fill(int32[linear])`)).rows.map((row) => row[1])).toEqual([null, 40, 41, 42, 44, null]);
    expect((await plain(`${sql} fill(float[linear])`)).rows.map((row) => row[1])).toEqual([
      null,
      40,
      null,
      42,
      44,
      null,
    ]);
  });

  it("cut windows by calendar months in the session's zone", async () => {
    const at = (text: string) => Date.parse(text);
    const cluster = TestCluster.naive(
      [
        series("root.m.d.s", INT32, [
          [at("2024-01-31T23:30:00Z"), 1] as const,
          [at("2024-03-01T00:00:00Z"), 2] as const,
        ]),
      ],
      ["root.m"],
    );
    const sql = "select count(s) from root.m.d group by ([2024-01-01T00:00:00, 2024-04-01T00:00:00), 1mo)";
    const utc = await cluster.rows(sql, "UTC");
    expect(utc.rows.map((row) => [Number(row.time), row.values[0]])).toEqual([
      [at("2024-01-01T00:00:00Z"), 1n],
      [at("2024-02-01T00:00:00Z"), 0n],
      [at("2024-03-01T00:00:00Z"), 1n],
    ]);
    const berlin = await cluster.rows(sql, "Europe/Berlin");
    expect(berlin.rows.map((row) => [Number(row.time), row.values[0]])).toEqual([
      [at("2023-12-31T23:00:00Z"), 0n],
      [at("2024-01-31T23:00:00Z"), 1n],
      [at("2024-02-29T23:00:00Z"), 1n],
    ]);
  });

  it("group by level, whatever group the series are in", async () => {
    expect(await plain("select count(temp), avg(temp), last_value(temp) from root.ln.* group by level = 1")).toEqual({
      names: ["count(root.ln.*.temp)", "avg(root.ln.*.temp)", "last_value(root.ln.*.temp)"],
      rows: [[6n, (20.5 + 21 + 22.5 + 19 + 10 + 11) / 6, 19]],
    });
    expect((await plain("select count(*) from root group by level = 0")).names).toContain("count(root.*.*.temp)");
  });

  it("refuse more windows than are sensible", async () => {
    await expect(plain("select count(temp) from root.ln.d1 group by ([0, 100000000000), 1ms)")).rejects.toMatchObject({
      code: "QUERY_TOO_LARGE",
    });
  });
});

describe("last, fill and align by device", () => {
  it("SELECT LAST gives a row for each series in path order", async () => {
    const { names, rows } = await plain("select last * from root");
    expect(names).toEqual(["timeseries", "value", "dataType"]);
    expect(rows).toEqual([
      [4, "root.ln.d1.hum", "44", "INT32"],
      [2, "root.ln.d1.status", "false", "BOOLEAN"],
      [5, "root.ln.d1.temp", "19.0", "DOUBLE"],
      [3, "root.ln.d2.name", "b", "TEXT"],
      [3, "root.ln.d2.temp", "11.0", "DOUBLE"],
      [1, "root.sg.a.d3.f", "1.1", "FLOAT"],
      [2, "root.sg.a.d3.n", "-5", "INT64"],
    ]);
    expect((await plain("select last * from root where time >= 4")).rows).toHaveLength(2);
  });

  it("FILL gives values at one time", async () => {
    expect(
      (await plain("select temp, hum from root.ln.d1 where time = 4 fill(double[linear], int32[previous])")).rows,
    ).toEqual([[4, 20.75, 44]]);
    expect((await plain("select hum from root.ln.d1 where time = 9 fill(int32[previous, 4ms])")).rows).toEqual([
      [9, null],
    ]);
    expect((await plain("select hum from root.ln.d1 where time = 9 fill(all[previous, 5ms])")).rows).toEqual([[9, 44]]);
  });

  it("ALIGN BY DEVICE merges columns by measurement", async () => {
    expect(await plain("select temp, name from root.ln.d1, root.ln.d2 where time > 2 align by device")).toEqual({
      names: ["Device", "temp", "name"],
      rows: [
        [3, "root.ln.d1", 22.5, null],
        [5, "root.ln.d1", 19, null],
        [3, "root.ln.d2", 11, "b"],
      ],
    });
    expect(await plain("select count(temp) from root.ln.* align by device")).toEqual({
      names: ["Device", "count(temp)"],
      rows: [
        ["root.ln.d1", 4n],
        ["root.ln.d2", 2n],
      ],
    });
    expect((await plain("select * from root.ln where temp > 20 align by device")).rows.map((row) => row[0])).toEqual([
      1, 2, 3,
    ]);
    const clash = TestCluster.naive(
      [series("root.g.d1.s", INT32, [[1, 1]]), series("root.g.d2.s", TEXT, [[1, "x"]])],
      ["root.g"],
    );
    await expect(plain("select s from root.g.* align by device", clash)).rejects.toMatchObject({
      code: "SQL_SEMANTIC",
      message: expect.stringMatching(/root\.g\.d1\.s is INT32.*root\.g\.d2\.s is TEXT/) as string,
    });
  });
});

describe("show and count", () => {
  it("SHOW TIMESERIES has the columns that clients expect", async () => {
    const { names, rows } = await plain("show timeseries root.ln limit 2 offset 1");
    expect(names).toEqual([
      "timeseries",
      "alias",
      "storage group",
      "dataType",
      "encoding",
      "compression",
      "tags",
      "attributes",
    ]);
    expect(rows).toEqual([
      ["root.ln.d1.status", null, "root.ln", "BOOLEAN", "PLAIN", "SNAPPY", null, null],
      ["root.ln.d1.temp", null, "root.ln", "DOUBLE", "PLAIN", "SNAPPY", null, null],
    ]);
  });

  it("lists storage groups, devices and child paths", async () => {
    expect(await plain("show storage group")).toEqual({
      names: ["storage group"],
      rows: [["root.empty"], ["root.ln"], ["root.sg"]],
    });
    expect(await plain("show devices")).toEqual({
      names: ["devices"],
      rows: [["root.ln.d1"], ["root.ln.d2"], ["root.sg.a.d3"]],
    });
    expect((await plain("show devices root.ln limit 1 offset 1")).rows).toEqual([["root.ln.d2"]]);
    expect(await plain("show child paths root")).toEqual({
      names: ["child paths"],
      rows: [["root.empty"], ["root.ln"], ["root.sg"]],
    });
    expect((await plain("show child paths root.ln.d1")).rows).toEqual([
      ["root.ln.d1.hum"],
      ["root.ln.d1.status"],
      ["root.ln.d1.temp"],
    ]);
  });

  it("counts series, also by level", async () => {
    expect(await plain("count timeseries root")).toEqual({ names: ["count"], rows: [[7]] });
    expect((await plain("count timeseries root.none")).rows).toEqual([[0]]);
    expect(await plain("count timeseries root group by level = 1")).toEqual({
      names: ["column", "count"],
      rows: [
        ["root.ln", "5"],
        ["root.sg", "2"],
      ],
    });
  });
});
