import { mkdirSync, rmSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { History } from "../src/shell/history.ts";
import { temporaryDirectory } from "./support.ts";

let directory = "";
let said: string[] = [];
const historyAt = (path: string) => new History(path, (text) => said.push(text));

beforeEach(() => {
  directory = temporaryDirectory();
  said = [];
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("the shell's history", () => {
  it("begins empty, and is there again for the next shell and nobody else", () => {
    const path = `${directory}/history`;
    expect(historyAt(path).read()).toEqual([]);
    historyAt(path).write(["SHOW DEVICES;", "SELECT a FROM root.b;"]);
    expect(historyAt(path).read()).toEqual(["SHOW DEVICES;", "SELECT a FROM root.b;"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(said).toEqual([]);
  });

  it("says once that it cannot be kept, and goes on", () => {
    const path = `${directory}/history`;
    mkdirSync(path);
    const unreadable = historyAt(path);
    expect(unreadable.read()).toEqual([]);
    unreadable.write(["a;"]);
    expect(said).toEqual([expect.stringMatching(/^the history cannot be read: EISDIR.*\n$/)]);

    said = [];
    const unwritable = historyAt(`${directory}/none/history`);
    expect(unwritable.read()).toEqual([]);
    unwritable.write(["a;"]);
    unwritable.write(["b;", "a;"]);
    expect(said).toEqual([expect.stringMatching(/^the history cannot be written: ENOENT.*\n$/)]);
  });
});
