import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caughtUp } from "./support/cluster.ts";
import { type Finished, isAlive, PROJECT, runScript, temporaryDirectory } from "./support/scripts.ts";
import { DEVICES, field, type Line, linesOf, linesOfDevice, number } from "./support/weather.ts";

const SEATTLE = "root.weather.seattle";
const NORMALS = "root.normals.seattle";
/** The node that the quickstart kills and restarts. */
const RESTARTED = 2;

const home = temporaryDirectory();
const directory = `${home}/first steps`;
let first: Finished;

const quickstart = (...args: string[]) => runScript("quickstart.sh", ["--dir", "first steps", ...args], { cwd: home });

beforeAll(async () => {
  first = await quickstart();
});

afterAll(async () => {
  await quickstart("--stop");
  rmSync(home, { recursive: true, force: true });
});

/** Cells of the table below the heading that begins so, without the line of names. */
function shown(heading: string, out = first.out): string[][] {
  const section = out.split("\n== ").find((text) => text.startsWith(heading));
  expect(section, heading).toBeDefined();
  const rows = (section ?? "").split("\n").filter((line) => line.startsWith("│"));
  return rows.slice(1).map((line) =>
    line
      .split("│")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const day = (line: Line): string => new Date(line.time).toISOString();

function nodes(): { pid: number; rpc: string }[] {
  const state = JSON.parse(readFileSync(`${directory}/cluster.json`, "utf8")) as {
    nodes: { pid: number; rpc: string }[];
  };
  return state.nodes;
}

describe("the first run", () => {
  it("succeeds, and shows what a terminal of 120 columns holds", () => {
    expect(first).toMatchObject({ code: 0 });
    expect(first.err).not.toMatch(/[A-Z]+_[A-Z]+: /);
    for (const line of first.out.split("\n").filter((text) => /^[│┌]/.test(text)))
      expect(line.length).toBeLessThanOrEqual(120);
    expect(first.out).toContain(`sbin/quickstart.sh --dir "${directory}" --stop`);
  });

  it("loads every measurement", () => {
    const lines = Object.values(DEVICES);
    const rows = lines.reduce((sum, device) => sum + device.lines.length, 0);
    const points = lines.reduce((sum, device) => sum + device.lines.length * device.measurements.length, 0);
    expect(rows).toBeGreaterThanOrEqual(8000);
    expect(first.out).toContain(`\n${rows} rows, ${points} points,`);
  });

  it("shows status and ring", () => {
    expect(shown("The cluster").filter((row) => row.includes("up"))).toHaveLength(3);
    expect(first.out).toContain("sbin/nodetool.sh -p");
    expect(first.out).toMatch(/│ data\(3,0\) │ 3 +│ 3, 1, 2 │/);
  });

  it("answers as the data set does: raw", () => {
    const lines = linesOfDevice(SEATTLE).filter((line) => /2012-07-0[1-5]/.test(day(line)));
    expect(lines).toHaveLength(5);
    expect(shown("Query: raw")).toEqual(
      lines.map((line) => [day(line), `${number(line, "temp_max")}`, field(line, "weather")]),
    );
  });

  it("answers as the data set does: filter", () => {
    const lines = linesOfDevice(SEATTLE).filter((line) => number(line, "temp_max") > 34);
    expect(lines.length).toBeGreaterThan(0);
    expect(shown("Query: filter")).toEqual(
      lines.map((line) => [day(line), `${number(line, "temp_max")}`, `${number(line, "wind")}`]),
    );
  });

  it("answers as the data set does: aggregate", () => {
    const [row = []] = shown("Query: aggregate");
    const [count, average, greatest] = row.map(Number);
    const lines = linesOfDevice(SEATTLE);
    expect(count).toBe(lines.length);
    expect(average).toBeCloseTo(mean(lines, "temp_max"), 9);
    expect(greatest).toBe(Math.max(...lines.map((line) => number(line, "wind"))));
  });

  it("answers as the data set does: downsample by month", () => {
    const rows = shown("Query: downsample");
    expect(rows).toHaveLength(12);
    rows.forEach(([time, average, greatest], month) => {
      const lines = linesOfDevice(NORMALS).filter((line) => new Date(line.time).getUTCMonth() === month);
      expect(time).toBe(new Date(Date.UTC(2010, month, 1)).toISOString());
      expect(Number(average)).toBeCloseTo(mean(lines, "temperature"), 9);
      expect(Number(greatest)).toBe(Math.max(...lines.map((line) => number(line, "wind"))));
    });
  });

  it("answers as the data set does: last", () => {
    const expected = ["root.weather.new_york", SEATTLE].flatMap((device) => {
      const last = linesOfDevice(device).reduce((newest, line) => (line.time > newest.time ? line : newest));
      const names = DEVICES[device]?.measurements.toSorted() ?? [];
      return names.map((name) => [day(last), `${device}.${name}`, comparable(name, field(last, name))]);
    });
    const rows = shown("Query: last").map(([time, series = "", value = "", type]) => {
      expect(type).toBe(series.endsWith(".weather") ? "TEXT" : "DOUBLE");
      return [time, series, comparable(series.split(".").at(-1) ?? "", value)];
    });
    expect(rows).toEqual(expected);
  });

  it("goes on without the node that it killed, and has its rows on it again", () => {
    const end = linesOfDevice(SEATTLE).slice(-2);
    expect(shown("Killing node")).toEqual([
      ...end.map((line) => [day(line), `${number(line, "temp_max")}`, `${number(line, "temp_min")}`]),
      ["2016-01-01T00:00:00.000Z", "7.2", "1.1"],
    ]);
    const counts = shown("Starting node")[0]
      ?.map(Number)
      .toSorted((a, b) => a - b);
    const sizes = Object.values(DEVICES).map(({ lines }) => lines.length);
    expect(counts).toEqual(sizes.toSorted((a, b) => a - b));
    expect(first.err).toContain("served by this node's own copy");
  });
});

describe("the node that was killed and restarted", () => {
  it("has the whole data set, value by value", async () => {
    const all = nodes();
    await caughtUp(all.map((node) => node.rpc));
    const port = all[RESTARTED - 1]?.rpc.split(":")[1] ?? "";
    for (const [device, { lines, measurements }] of Object.entries(DEVICES)) {
      const sql = `SELECT ${measurements.join(", ")} FROM ${device}`;
      const answer = await runScript("start-cli.sh", [
        "-p",
        port,
        "--format",
        "csv",
        "--consistency",
        "weak",
        "-e",
        sql,
      ]);
      expect(answer.err).toBe("");
      const stored = new Map(
        linesOf(answer.out).map((row) => [
          row["Time"],
          measurements.map((name) => comparable(name, row[`${device}.${name}`] ?? "missing")),
        ]),
      );
      if (device === SEATTLE) {
        // The row that was inserted while the node was down.
        expect(stored.get("2016-01-01T00:00:00.000Z")).toEqual([undefined, 7.2, 1.1, undefined, ""]);
        stored.delete("2016-01-01T00:00:00.000Z");
      }
      expect(stored).toEqual(
        new Map(lines.map((line) => [day(line), measurements.map((name) => comparable(name, field(line, name)))])),
      );
    }
  });
});

describe("once more, and the end", () => {
  it("replaces the cluster of the first run", async () => {
    const before = nodes();
    const second = await quickstart();
    expect(second.code, second.err).toBe(0);
    expect(second.out).toContain(`a cluster of an earlier run is in ${directory}: it is stopped and removed first`);
    expect(before.some(({ pid }) => isAlive(pid))).toBe(false);
    for (const query of ["raw", "filter", "aggregate", "downsample", "last"])
      expect(shown(`Query: ${query}`, second.out)).toEqual(shown(`Query: ${query}`));
  });

  it("--stop ends every process and leaves no file", async () => {
    const pids = nodes().map(({ pid }) => pid);
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    expect(await quickstart("--stop")).toMatchObject({ code: 0, err: "" });
    expect(pids.map(isAlive)).toEqual([false, false, false]);
    expect(existsSync(directory)).toBe(false);
    expect((await quickstart("--stop")).out).toBe(`nothing to stop: there is no cluster in ${directory}\n`);
  });

  it("refuses flags that it does not know, before it starts anything", async () => {
    const { code, err } = await quickstart("--nodes", "5");
    expect(code).toBe(1);
    expect(err).toContain("nodes");
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(`${PROJECT}/first steps`)).toBe(false);
  });
});

function mean(lines: readonly Line[], name: string): number {
  return lines.reduce((sum, line) => sum + number(line, name), 0) / lines.length;
}

/** Texts are compared as texts, measurements as numbers; an empty field is no value. */
function comparable(name: string, text: string): string | number | undefined {
  if (name === "weather") return text;
  return text === "" ? undefined : Number(text);
}
