import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromJsonLines, HistoryRecorder, type Operation, SeededRandom, toJsonLines } from "@ringtide/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linearizableHistory } from "./support/histories.ts";

const KEY = "root.h.d1.v@1000";

describe("the recorder", () => {
  it("writes down calls, answers and outcomes in the order of the calls", () => {
    let nowNs = 0;
    const recorder = new HistoryRecorder(() => (nowNs += 10));
    const write = recorder.begin(1, "write", KEY, 42);
    const read = recorder.begin(2, "read", KEY, null);
    const gone = recorder.begin(3, "delete", KEY, null);
    const refused = recorder.begin(4, "write", KEY, 43);
    recorder.begin(5, "read", KEY, null);
    read.done(42);
    write.done();
    gone.unknown();
    refused.failed();
    expect(recorder.operations()).toEqual([
      { client: 1, op: "write", key: KEY, value: 42, call: 10, return: 70 },
      { client: 2, op: "read", key: KEY, value: 42, call: 20, return: 60 },
      { client: 3, op: "delete", key: KEY, value: null, call: 30, return: null },
      { client: 4, op: "write", key: KEY, value: 43, call: 40, return: 80, ok: false },
      { client: 5, op: "read", key: KEY, value: null, call: 50, return: null },
    ]);
  });

  it("keeps the order of events while the clock stands still", () => {
    const recorder = new HistoryRecorder(() => 7.5);
    recorder.begin(1, "write", KEY, 1).done();
    recorder.begin(2, "read", KEY, null).done(1);
    expect(recorder.operations().flatMap((each) => [each.call, each.return])).toEqual([7, 8, 9, 10]);
  });

  it("refuses more operations than its limit, and a second end", () => {
    const recorder = new HistoryRecorder(() => 0, 1);
    const only = recorder.begin(1, "write", KEY, 1);
    expect(() => recorder.begin(1, "write", KEY, 2)).toThrow(/the history is full: it holds 1 operations/);
    only.unknown();
    expect(() => only.done()).toThrow(/ends once/);
  });
});

describe("JSON lines", () => {
  it("have exactly this form", () => {
    const operations: Operation[] = [
      { client: 3, op: "write", key: KEY, value: 42, call: 5, return: null },
      { client: 4, op: "delete", key: KEY, value: null, call: 6, return: 9, ok: false },
    ];
    expect(toJsonLines(operations)).toBe(
      `{"client":3,"op":"write","key":"${KEY}","value":42,"call":5,"return":null}\n` +
        `{"client":4,"op":"delete","key":"${KEY}","value":null,"call":6,"return":9,"ok":false}\n`,
    );
  });

  it("give back what was written", () => {
    const history = linearizableHistory(new SeededRandom(1), { operations: 200, clients: 5, unknown: 0.2 });
    expect(fromJsonLines(toJsonLines(history), "history")).toEqual(history);
    expect(fromJsonLines("", "history")).toEqual([]);
  });

  const good = { client: 3, op: "write", key: KEY, value: 42, call: 5, return: 9 };
  const read = { ...good, op: "read" };
  it.each<[string, unknown, RegExp]>([
    ["no JSON", undefined, /no JSON/],
    ["no object", [1], /no JSON object/],
    ["an unknown field", { ...good, node: 1 }, /unknown field 'node'/],
    ["a missing field", { ...good, return: undefined }, /return has to be/],
    ["a client that is no number", { ...good, client: "3" }, /client has to be/],
    ["an unknown operation", { ...good, op: "append" }, /op has to be write, read or delete/],
    ["an empty key", { ...good, key: "" }, /key has to be/],
    ["a value that is no number", { ...good, value: "42" }, /value has to be/],
    ["a time before the run", { ...good, call: -1 }, /call has to be/],
    ["a fraction of a nanosecond", { ...good, return: 9.5 }, /return has to be/],
    ["a return before its call", { ...good, return: 4 }, /returns at 4, before its call at 5/],
    ["a write of nothing", { ...good, value: null }, /a write has a value/],
    ["a delete with a value", { ...good, op: "delete" }, /the value of a delete is null/],
    ["a value without a result", { ...read, return: null }, /a read without a result/],
    ["a value of a failed read", { ...read, ok: false }, /a read without a result/],
    ["a known outcome that is unknown", { ...good, return: null, ok: false }, /the outcome is known/],
    ["ok: true", { ...good, ok: true }, /ok has to be false or left out/],
  ])("are refused, naming file and line: %s", (_, line, problem) => {
    const text = `${JSON.stringify({ ...good, value: 1 })}\n${line === undefined ? "{" : JSON.stringify(line)}\n`;
    expect(() => fromJsonLines(text, "run.jsonl")).toThrow(problem);
    expect(() => fromJsonLines(text, "run.jsonl")).toThrow(/^run\.jsonl, line 2: /);
  });

  it("are refused when a value is written to a key twice", () => {
    const text = toJsonLines([good, { ...good, key: "other" }, { ...good, client: 4 }] as Operation[]);
    expect(() => fromJsonLines(text, "run.jsonl")).toThrow(
      /^run\.jsonl, line 3: 42 was written .* at run\.jsonl, line 1/,
    );
  });
});

describe("history:check", () => {
  const MAIN = join(import.meta.dirname, "../src/history/main.ts");
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "ringtide-history-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function check(text: string): Promise<{ code: number; output: string }> {
    const path = join(directory, "history.jsonl");
    await writeFile(path, text);
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, path], { timeout: 20_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  }

  it("tells by its exit code whether a history is linearizable", async () => {
    const history = linearizableHistory(new SeededRandom(2), { operations: 100, clients: 4 });
    expect(await check(toJsonLines(history))).toEqual({ code: 0, output: "linearizable: 100 operations on 1 keys\n" });
    const lost: Operation = { client: 9, op: "read", key: KEY, value: 12_345, call: 1, return: 2 };
    const violated = await check(toJsonLines([...history, lost]));
    expect(violated).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^root\.h\.d1\.v@1000 is not linearizable/),
    });
    expect(await check("{}\n")).toMatchObject({ code: 2, output: expect.stringMatching(/line 1: client has to be/) });
  });
});
