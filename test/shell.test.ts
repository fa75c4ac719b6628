import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import type { LocalClusterState } from "@ringtide/cli";
import { connect, tabletFromArrays } from "@ringtide/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { endTestCluster, eventually, startTestCluster } from "./support/cluster.ts";
import { PROJECT, runScript, Script, temporaryDirectory } from "./support/scripts.ts";
import { hasTerminal, Terminal } from "./support/terminal.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const LONG_ROWS = 500_000;
const ROWS_PER_TABLET = 50_000;

let cluster: LocalClusterState;
let port: string;
const terminals: Terminal[] = [];
const scripts: Script[] = [];
const homes: string[] = [];

beforeAll(async () => {
  cluster = await startTestCluster({ nodes: 1 });
  const [node] = cluster.nodes;
  port = node?.rpc.split(":")[1] ?? "";
  const session = await connect({ addresses: [node?.rpc ?? ""] });
  await session.execute("INSERT INTO root.plant.hall(time, t, name) VALUES (1, 20.5, 'a'), (2, null, 'b, \"c\"')");
  for (let from = 0; from < LONG_ROWS; from += ROWS_PER_TABLET) {
    const times = Array.from({ length: ROWS_PER_TABLET }, (_, i) => from + i);
    await session.insert(
      tabletFromArrays({ device: "root.long.d", times, columns: [{ name: "v", type: "DOUBLE", values: times }] }),
    );
  }
  await session.close();
});

afterAll(() => endTestCluster(cluster));

afterEach(async () => {
  for (const terminal of terminals.splice(0)) await terminal.end();
  for (const script of scripts.splice(0)) await script.end();
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

const cli = (...args: string[]) => runScript("start-cli.sh", ["-p", port, ...args]);

const fromInput = (input: string, ...args: string[]) =>
  runScript("start-cli.sh", ["-p", port, "--format", "csv", ...args], { input });

describe("start-cli.sh -e", () => {
  const sql = "SELECT t, name FROM root.plant.hall";

  it("prints a table, with count and time on standard error", async () => {
    const { code, out, err } = await cli("-e", sql);
    expect(code).toBe(0);
    expect(out.split("\n").slice(1, 5)).toEqual([
      "│ Time                     │ root.plant.hall.t │ root.plant.hall.name │",
      "├──────────────────────────┼───────────────────┼──────────────────────┤",
      "│ 1970-01-01T00:00:00.001Z │ 20.5              │ a                    │",
      '│ 1970-01-01T00:00:00.002Z │ null              │ b, "c"               │',
    ]);
    expect(err).toMatch(/^2 rows, [\d.]+ ms\n$/);
  });

  it("prints csv and json, and nothing else", async () => {
    expect(await cli("-e", sql, "--format", "csv")).toEqual({
      code: 0,
      err: "",
      out: 'Time,root.plant.hall.t,root.plant.hall.name\n1970-01-01T00:00:00.001Z,20.5,a\n1970-01-01T00:00:00.002Z,,"b, ""c"""\n',
    });
    const json = await cli("-e", sql, "--format", "json");
    expect(json.err).toBe("");
    expect(
      json.out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { Time: 1, "root.plant.hall.t": 20.5, "root.plant.hall.name": "a" },
      { Time: 2, "root.plant.hall.t": null, "root.plant.hall.name": 'b, "c"' },
    ]);
  });

  it("takes several, and SQL that begins with a comment", async () => {
    const count = "SELECT count(t) FROM root.plant.hall";
    const answer = "count(root.plant.hall.t)\n1\n";
    expect(await cli("--format", "csv", "-e", `-- first;\n${count} -- one`, "-e", count)).toEqual({
      code: 0,
      out: answer + answer,
      err: "",
    });
  });

  it("points at the place of a mistake", async () => {
    const { code, out, err } = await cli("-e", "SELECT t FORM root.plant.hall");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^SQL_SYNTAX: line 1:10: expected .*\nSELECT t FORM root\.plant\.hall\n {9}\^\^\^\^\n$/);
  });

  it("says who answered, when it was not the leader", async () => {
    expect((await cli("-e", sql, "--consistency", "weak")).err).toContain("served by this node's own copy");
    expect((await cli("-e", sql, "--consistency", "strong")).err).not.toContain("served by");
  });

  it("says what is wrong with its flags, and with an address where nobody listens", async () => {
    const wrong = [
      ["-p", "70000"],
      ["-p", "x"],
      ["--timeout", "-1"],
      ["--format", "xml"],
      ["--nothing"],
      ["a statement"],
    ];
    for (const args of wrong) expect((await runScript("start-cli.sh", args)).code, args.join(" ")).toBe(1);
    const { code, err } = await runScript("start-cli.sh", ["-p", "1", "-e", sql]);
    expect(code).toBe(1);
    expect(err).toMatch(/^NET_UNREACHABLE: no node answers at 127\.0\.0\.1:1: does it run\?/);
  });

  it("ends quietly when its reader goes away", async () => {
    const script = new Script("start-cli.sh", ["-p", port, "--format", "csv", "-e", "SELECT v FROM root.long.d"]);
    scripts.push(script);
    script.child.stdout?.once("data", () => script.child.stdout?.destroy());
    expect(await script.finished()).toMatchObject({ code: 0, err: "" });
  });
});

describe("statements from standard input", () => {
  const COUNT = "SELECT count(t) FROM root.plant.hall";
  const COUNTED = "count(root.plant.hall.t)\n1\n";

  it("run to the last, which needs no semicolon", async () => {
    expect(await fromInput(`-- two;\n${COUNT};\n${COUNT}`)).toEqual({ code: 0, out: COUNTED + COUNTED, err: "" });
  });

  it("stop at the first error with exit code 1", async () => {
    const { code, out, err } = await fromInput(`${COUNT};\nnonsense;\n${COUNT};\n`);
    expect({ code, out }).toEqual({ code: 1, out: COUNTED });
    expect(err).toMatch(/^SQL_SYNTAX: (.*\n)+stopped at statement 2; --continue goes on after an error\n$/);
  });

  it("go on with --continue, with exit code 1 all the same", async () => {
    const { code, out, err } = await fromInput(`nonsense;\n${COUNT};\nSELECT x FROM root.none;`, "--continue");
    expect({ code, out }).toEqual({ code: 1, out: COUNTED });
    expect(err).toMatch(/PATH_NOT_FOUND: .*\n2 of 3 statements failed\n$/);
  });

  it("end with exit code 130 on SIGINT, also while the next line is waited for", async () => {
    const script = new Script("start-cli.sh", ["-p", port, "--format", "csv"]);
    scripts.push(script);
    script.child.stdin?.write(`${COUNT};\n`);
    await eventually("the first answer", 10_000, () => Promise.resolve(script.out === COUNTED));
    script.child.kill("SIGINT");
    expect(await script.finished()).toMatchObject({ code: 130, err: "" });
  });
});

if (!hasTerminal) console.warn("SKIPPED: the shell at a terminal; neither script(1) of util-linux nor python3 is here");

describe.skipIf(!hasTerminal)("the shell at a terminal", () => {
  function open(args = "", options: { columns?: number; home?: string } = {}): Terminal {
    const home = options.home ?? temporaryDirectory();
    homes.push(home);
    const command = `'${PROJECT}/sbin/start-cli.sh' -p ${port} ${args}`;
    const terminal = new Terminal(command, { columns: options.columns ?? 100, home });
    terminals.push(terminal);
    return terminal;
  }

  it("has a prompt, takes statements of several lines, answers, helps and leaves", async () => {
    const terminal = open();
    await terminal.sees("cluster default. Type help");
    await terminal.sees("ringtide> ");
    terminal.type("SELECT name\r");
    await terminal.sees("-> ");
    terminal.type("FROM root.plant.hall;\r");
    expect(await terminal.sees("2 rows, ")).toContain("│ 1970-01-01T00:00:00.001Z │ a");
    await terminal.sees("ringtide> ");
    terminal.type("help\r");
    await terminal.sees("Tab completes");
    await terminal.sees("ringtide> ");
    terminal.type("exit\r");
    expect(await terminal.ended()).toBe(0);
  });

  it("remembers statements in the user's home directory, readable by nobody else", async () => {
    const home = temporaryDirectory();
    const first = open("", { home });
    await first.sees("ringtide> ");
    first.type("SHOW STORAGE GROUP;\r");
    await first.sees("rows, ");
    first.type(CTRL_D);
    expect(await first.ended()).toBe(0);
    const file = `${home}/.ringtide_history`;
    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, "utf8")).toContain("SHOW STORAGE GROUP;\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = open("", { home });
    await second.sees("ringtide> ");
    second.type("\u001b[A"); // up
    await second.sees("SHOW STORAGE GROUP;");
    second.type("\r");
    await second.sees("root.plant");
  });

  it("completes keywords, paths, and what goes on from the line before", async () => {
    const terminal = open();
    await terminal.sees("ringtide> ");
    terminal.type("SEL\t");
    await terminal.sees("SELECT ");
    terminal.type("name FROM root.pl\t");
    await terminal.sees("root.plant");
    terminal.type(".ha\t");
    await terminal.sees("hall");
    terminal.type("\r");
    await terminal.sees("-> ");
    terminal.type("LIM\t");
    await terminal.sees("LIMIT ");
    terminal.type("1;\r");
    await terminal.sees("1 row, ");
  });

  it("drops on Ctrl-C what is typed", async () => {
    const terminal = open();
    await terminal.sees("ringtide> ");
    terminal.type("SELECT nonsense\rand more\u001b[D\u001b[D");
    await terminal.sees("-> ");
    terminal.type(CTRL_C);
    await terminal.sees("^C");
    await terminal.sees("ringtide> ");
    terminal.type("SELECT count(name) FROM root.plant.hall;\r");
    expect(await terminal.sees("1 row, ")).not.toContain("SQL_");
  });

  it("cancels a long statement on Ctrl-C, and takes the next", async () => {
    const terminal = open();
    await terminal.sees("ringtide> ");
    terminal.type("SELECT v FROM root.long.d;\r");
    await terminal.sees("│ 1970-01-01T00:00:00.999Z");
    terminal.type(CTRL_C);
    await terminal.sees("QUERY_CANCELLED: ");
    await terminal.sees("ringtide> ");
    terminal.type("SELECT count(v) FROM root.long.d;\r");
    await terminal.sees(String(LONG_ROWS));
    await terminal.sees("1 row, ");
  });

  it("prints rows that are wider than the terminal one below the other", async () => {
    const terminal = open("", { columns: 50 });
    await terminal.sees("ringtide> ");
    terminal.type("SELECT t, name FROM root.plant.hall;\r");
    await terminal.sees("-- row 2");
    await terminal.sees("root.plant.hall.t     null");
  });

  it("ends -e on Ctrl-C with exit code 130", async () => {
    const terminal = open(`-e 'SELECT v FROM root.long.d'`);
    await terminal.sees("│ 1970-01-01T00:00:00.999Z");
    terminal.type(CTRL_C);
    await terminal.sees("QUERY_CANCELLED: ");
    expect(await terminal.ended()).toBe(130);
  });
});
