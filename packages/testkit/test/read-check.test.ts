import { expect, it } from "vitest";
import { ReadCheck } from "../src/sim/checks/read-check.ts";
import type { Violation } from "../src/sim/checks/violation.ts";

it("finds reads confirmed at less than was committed before them", async () => {
  let committed = 7;
  const found: Violation[] = [];
  const check = new ReadCheck(
    () => committed,
    (violation) => found.push(violation),
  );
  const answers: (() => Promise<number>)[] = [];
  const raft = { readIndex: () => answers.shift()?.() ?? Promise.reject(new Error("no more")) };
  check.watch(1, 0, raft);
  check.watch(1, 0, raft); // as after each event: once is enough

  answers.push(async () => 7);
  const confirmed = raft.readIndex();
  committed = 8; // after it was asked for
  expect(await confirmed).toBe(7);
  await expect(raft.readIndex()).rejects.toThrow("no more");
  expect(found).toEqual([]);

  answers.push(async () => 7);
  expect(await raft.readIndex()).toBe(7);
  expect(found.map(({ message }) => message)).toEqual([expect.stringContaining("at 7, 8 was committed")]);
});
