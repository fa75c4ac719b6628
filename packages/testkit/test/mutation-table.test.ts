import { describe, expect, it } from "vitest";
import type { Mutation } from "../src/mutations/mutation.ts";
import { outcomeOf, passes, runSimulator } from "../src/mutations/run-simulator.ts";
import { placeTable, type Row, renderTable } from "../src/mutations/table.ts";

const MUTATION: Mutation = {
  name: "disk-forgets",
  file: "packages/raft/src/state.ts",
  pattern: "a",
  replacement: "b",
  what: "the disk a|b forgets",
};
const CAUGHT = {
  seeds: 17,
  virtualHours: 1,
  events: 9,
  failures: [{ seed: 16, invariant: "linearizable", message: "…" }],
};
const PASSED = { seeds: 200, virtualHours: 6, events: 99, failures: [] };

describe("a run of the simulator", () => {
  it.each([
    [1, `trace\n${JSON.stringify(CAUGHT)}\n`, { kind: "caught", seed: 16, invariant: "linearizable", seeds: 17 }],
    [0, `${JSON.stringify(PASSED)}\n`, { kind: "not caught", seeds: 200 }],
    [0, `${JSON.stringify(CAUGHT)}\n`, { kind: "broken" }],
    [1, `${JSON.stringify(PASSED)}\n`, { kind: "broken" }],
    [1, '{"seeds":1,"failures":[{}]}\n', { kind: "broken" }],
    [1, "Error: no such file\n", { kind: "broken", reason: expect.stringContaining("the last words") }],
  ])("that ends with %i and %j", (code, stdout, expected) => {
    expect(outcomeOf(code, stdout, "first\nthe last words\n")).toMatchObject(expected);
  });

  it("gets the mutation and the number of seeds", async () => {
    const echo = `console.log(JSON.stringify({ seeds: 3, failures: [{ seed: 2, invariant: process.argv.slice(1).join(" ") }] })); process.exit(1);`;
    const run = { command: [process.execPath, "-e", echo, "--"], seeds: 5, timeoutMs: 20_000 };
    const invariant = "--mutation disk-forgets --seeds 5 --json";
    expect(await runSimulator(MUTATION, run)).toEqual({ kind: "caught", seed: 2, invariant, seeds: 3 });
  });

  it("that hangs is ended, and says nothing of the mutation", async () => {
    const run = { command: [process.execPath, "-e", "setInterval(() => 0, 1000)", "--"], seeds: 5, timeoutMs: 500 };
    expect(await runSimulator(MUTATION, run)).toMatchObject({
      kind: "broken",
      reason: expect.stringContaining("SIGTERM"),
    });
  });
});

describe("a seed without any bug", () => {
  it.each([
    [3, true],
    [4, false],
  ])("%i passes: %s", async (seed, expected) => {
    const three = "process.exit(process.argv.slice(1).join(' ') === '--seed 3' ? 0 : 1)";
    expect(await passes([process.execPath, "-e", three, "--"], seed)).toBe(expected);
  });
});

describe("the table", () => {
  it("shows what caught each bug, and stands out where nothing did", () => {
    const rows: readonly Row[] = [
      { mutation: MUTATION, outcome: { kind: "caught", seed: 16, invariant: "linearizable", seeds: 17 } },
      { mutation: MUTATION, outcome: { kind: "not caught", seeds: 200 } },
    ];
    const table = renderTable(rows, []);
    expect(table).toMatch(/^1 of 2 planted bugs were caught\. Without them, all/);
    expect(renderTable(rows, [16])).toContain("Seeds 16 fail without them too");
    expect(table).toContain(
      "| `disk-forgets` | the disk a\\|b forgets | `raft/src/state.ts` | 16 | linearizable | 17 |",
    );
    expect(table).toContain("| **none** | | 200 |");
  });

  it("goes between the markers of the page, again and again", () => {
    const page =
      "# Tests\n\n<!-- begin of the mutation table: npm run mutations:table writes it -->\n<!-- end of the mutation table -->\n\nMore.\n";
    const once = placeTable(page, "one");
    expect(once).toContain("-->\n\none\n\n<!-- end");
    expect(placeTable(once, "two")).toBe(once.replace("\none\n", "\ntwo\n"));
    expect(once.startsWith("# Tests\n")).toBe(true);
    expect(once.endsWith("\n\nMore.\n")).toBe(true);
    expect(() => placeTable("# Tests\n", "one")).toThrow(/needs the lines/);
  });
});
