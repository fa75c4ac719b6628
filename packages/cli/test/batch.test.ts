import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runBatch } from "../src/shell/batch.ts";
import { Printed, startTestNode, type TestNode } from "./support.ts";

let node: TestNode;

beforeAll(async () => {
  node = await startTestNode();
}, 60_000);

afterAll(() => node.end());

async function* inPieces(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
}

async function batch(pieces: string | readonly string[], keepGoing = false, signal = new AbortController().signal) {
  const printed = new Printed();
  const text = typeof pieces === "string" ? [pieces] : pieces;
  const outcome = await runBatch(node.session, inPieces(text), printed.options("csv"), keepGoing, signal);
  return { ...outcome, answers: printed.answers, errors: printed.rest };
}

describe("statements from a text", () => {
  it("run one after the other; the last needs no semicolon, blanks and comments are none", async () => {
    const text = `-- a comment; with a semicolon
INSERT INTO root.b.d(time, s) VALUES (1, 10); /* another;
one */ INSERT INTO root.b.d(time, s)
  VALUES (2, 20);;
SELECT s FROM root.b.d -- the end`;
    expect(await batch(text)).toEqual({
      run: 3,
      failed: 0,
      answers: "Time,root.b.d.s\n1970-01-01T00:00:00.001Z,10\n1970-01-01T00:00:00.002Z,20\n",
      errors: "",
    });
  });

  it("stop at the first that fails, and show where in it", async () => {
    const outcome = await batch(
      "INSERT INTO root.stop(time, s) VALUES (1, 1);\nSELECT s\nFORM root.stop;\nINSERT INTO root.stop(time, s) VALUES (2, 2);",
    );
    expect(outcome).toMatchObject({ run: 2, failed: 1, answers: "" });
    expect(outcome.errors).toMatch(/^SQL_SYNTAX: line 2:1: .*\nFORM root\.stop\n\^\^\^\^\n$/);
    expect((await batch("SELECT count(s) FROM root.stop")).answers).toBe("count(root.stop.s)\n1\n");
  });

  it("go on with --continue, and count what failed", async () => {
    const outcome = await batch("SELECT s FROM root.none; nonsense; SHOW STORAGE GROUP", true);
    expect(outcome).toMatchObject({ run: 3, failed: 2 });
    expect(outcome.errors).toMatch(/^PATH_NOT_FOUND: .*\nSQL_SYNTAX: /);
    expect(outcome.answers).toContain("root.b");
  });

  it("mean the same wherever the input is cut into pieces", async () => {
    const text =
      "SELECT count(s) FROM root.b.d; -- no; statement\n/* nor; 'this */ SELECT count(s) FROM root.b.d;\n-- last; one";
    for (let cut = 0; cut <= text.length; cut++) {
      const outcome = await batch([text.slice(0, cut), text.slice(cut)]);
      expect(outcome, `cut at ${cut}`).toMatchObject({ run: 2, failed: 0, errors: "" });
    }
    expect(await batch([...text])).toMatchObject({ run: 2, failed: 0, errors: "" });
  });

  it("run as soon as their line is complete", async () => {
    const printed = new Printed();
    async function* typing(): AsyncGenerator<string> {
      yield "SHOW STORAGE GROUP;\n";
      expect(printed.answers).toContain("root.b");
      yield "SELECT";
    }
    const signal = new AbortController().signal;
    expect(await runBatch(node.session, typing(), printed.options("csv"), false, signal)).toEqual({
      run: 2,
      failed: 1,
    });
  });

  it("do not run after an interruption", async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await batch("SHOW STORAGE GROUP;", true, abort.signal)).toMatchObject({ run: 0, failed: 0 });
  });

  it("have an end: input without one is refused", async () => {
    const endless = Array.from({ length: 17 }, () => "x".repeat(1024 * 1024));
    await expect(batch(endless)).rejects.toMatchObject({ code: "SQL_SYNTAX" });
  });
});
