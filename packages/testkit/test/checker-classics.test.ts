import { checkLinearizable, type Operation, SeededRandom } from "@ringtide/testkit";
import { describe, expect, it } from "vitest";
import { linearizableHistory } from "./support/histories.ts";
import { historyOf } from "./support/history-notation.ts";

describe("linearizable", () => {
  it.each<[string, string[]]>([
    ["nothing at all", []],
    ["a read of nothing at first", ["[r-]"]],
    ["one after the other", ["[w1] [r1] [d] [r-] [w2] [r2]"]],
    ["a read beside a write, either way", ["[w1    ]", "[r-] [r1]"]],
    ["two writes at once, read in the order of one choice", ["[w1      ]", "[w2      ]", "           [r2] [r2]"]],
    [
      "two writes at once, both seen in the order of their ends reversed",
      ["[w1           ]", " [w2 ]", "       [r2]    [r1]"],
    ],
    ["a write of unknown outcome, seen late", ["[w1?", "     [r-] [r-] [r1] [r1]"]],
    ["a write of unknown outcome, never seen", ["[w1?", "     [r-] [w2] [r2]"]],
    ["a delete of unknown outcome, seen late", ["[w1] [d?", "         [r1] [r-]"]],
    ["one delete of unknown outcome a disappearance", ["[w1] [d?", "     [d?      [w2]", "         [r-]      [r-]"]],
    ["a write without effect", ["[w1] [w2!   [r1]"]],
    ["a read without an answer says nothing", ["[w1] [r?", "         [r1]"]],
    ["a delete between write and read", ["[w1]   [r-]", "   [d   ]"]],
    ["events at the same moment are concurrent", ["[w1]", "   [r-]"]],
  ])("%s", (_, lines) => {
    const history = historyOf(...lines);
    expect(checkLinearizable(history)).toEqual({
      ok: true,
      keys: history.length > 0 ? 1 : 0,
      operations: history.length,
    });
  });
});

describe("not linearizable", () => {
  it.each<[string, string[], RegExp]>([
    ["a value that nobody wrote", ["[w1] [r7]"], /client 0 reads 7, a value that nobody had asked to write/],
    ["a value of a write without effect", ["[w1! [r1]"], /said to have had no effect/],
    [
      "a read before its write",
      ["[r1]  ", "      [w1]"],
      /client 0 reads 1, a value that nobody had asked to write by then/,
    ],
    [
      "a stale read",
      ["[w1] [w2]", "          [r1]"],
      /stale read: client 1 reads 1 after .client 0 writes 2. had replaced it/,
    ],
    [
      "a value that comes back",
      ["[w1  ]", "[w2  ]", "       [r1] [r2] [r1]"],
      /stale read: client 2 reads 1 after 2 had replaced it/,
    ],
    [
      "readers that disagree on the order",
      ["[w1  ]", "[w2  ]", "       [r1]      [r2]", "            [r2]      [r1]"],
      /stale read/,
    ],
    ["a new value, then the old one", ["[w1] [w2          ]", "        [r2]", "             [r1]"], /stale read/],
    ["a lost write", ["[w1] [r-]"], /reads nothing after client 0 writes 1, and nobody deleted it/],
    [
      "a delete that did nothing",
      ["[w1] [d] [r1]"],
      /stale read: client 0 reads 1 after .client 0 deletes. had removed it/,
    ],
    [
      "a read of nothing while the value stays",
      ["[w1] [r-] [r1]", "     [d?"],
      /client 0 reads nothing while 1 was there, from .client 0 writes 1. to .client 0 reads 1./,
    ],
    ["a point that comes back after its delete", ["[w1]", "     [d] [r-] [r1]"], /stale read|while 1 was there/],
    ["two disappearances for one delete", ["[w1] [d?         [w2]", "         [r-]         [r-]"], /none does/],
    [
      "a late write that a delete came after",
      ["[w1?", "     [r1] [d] [r1]"],
      /stale read: client 1 reads 1 after .client 1 deletes. had removed it/,
    ],
  ])("%s", (_, lines, reason) => {
    const result = checkLinearizable(historyOf(...lines));
    expect(result).toMatchObject({ ok: false, verdict: "violated", key: "root.h.d1.v@1000" });
    expect(result.ok ? "" : result.reason).toMatch(reason);
  });
});

it("keys are registers of their own", () => {
  const one = historyOf("[w1] [r1]");
  const other = historyOf("[w1] [r-]").map((each): Operation => ({ ...each, key: "root.h.d2.v@1000" }));
  expect(checkLinearizable([...one, ...other])).toMatchObject({ ok: false, key: "root.h.d2.v@1000" });
  expect(checkLinearizable([...one, ...other.slice(0, 1)])).toEqual({ ok: true, keys: 2, operations: 3 });
});

it("a value that was written to a key twice is refused", () => {
  expect(() => checkLinearizable(historyOf("[w1] [w1]"))).toThrow(
    /operation 1: 1 was written to .* before, at operation 0/,
  );
});

it("the explanation shows the operations around the violation as a timeline", () => {
  const result = checkLinearizable(historyOf("[w1] [w2      ]", "        [r2]       [w3]", "             [r1] [r1]"));
  expect(result.ok ? "" : result.reason).toMatchInlineSnapshot(`
    "root.h.d1.v@1000 is not linearizable: stale read: client 2 reads 1 after 'client 0 writes 2' had replaced it
    * client 0 writes 1  |-----|                                            0.000000 ms to 0.000003 ms
    * client 0 writes 2              |-----------------------|              0.000005 ms to 0.000014 ms
      client 1 reads 2                     |-----|                          0.000008 ms to 0.000011 ms
    * client 2 reads 1                                 |-----------|        0.000013 ms to 0.000016 ms"
  `);
});

describe("effort", () => {
  it.each([
    ["8 clients on one hot key", { operations: 10_000, clients: 8 }],
    ["a third of the outcomes unknown, many deletes", { operations: 10_000, clients: 8, unknown: 0.33, deletes: 0.3 }],
    ["nearly only writes by 16 clients", { operations: 10_000, clients: 16, writes: 0.9 }],
    [
      "long overlaps of 12 clients, many deletes",
      { operations: 10_000, clients: 12, deletes: 0.4, writes: 0.2, slowness: 20 },
    ],
  ])("takes few steps for %s", (_, shape) => {
    for (let seed = 1; seed <= 5; seed++) {
      const history = linearizableHistory(new SeededRandom(seed), shape);
      expect(checkLinearizable(history, { maxSteps: 100_000 }), `seed ${seed}`).toMatchObject({ ok: true });
    }
  });

  it("ends at the limit with a verdict of its own, which is no pass", () => {
    const overlapping = Array.from({ length: 24 }, (_, client): Operation => {
      const isWrite = client % 2 === 0;
      const value = isWrite ? 100 + client : null;
      return { client, op: isWrite ? "write" : "delete", key: "root.h.d1.v@1000", value, call: client, return: 1_000 };
    });
    const twoDisappearances = historyOf("[w1] [d?         [w2]", "         [r-]         [r-]");
    const later = twoDisappearances.map((each): Operation => {
      return { ...each, call: each.call + 2_000, return: each.return === null ? null : each.return + 2_000 };
    });
    const result = checkLinearizable([...overlapping, ...later], { maxSteps: 10_000 });
    expect(result).toMatchObject({ ok: false, verdict: "undecided", key: "root.h.d1.v@1000" });
    expect(result.ok ? "" : result.reason).toMatch(/undecided: a search of 10000 steps over 29 operations/);
  });
});
