import { checkLinearizable, type Operation, SeededRandom } from "@ringtide/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registerHistory } from "../src/history/checker/register-history.ts";
import { RegisterSearch } from "../src/history/checker/search.ts";
import { isLinearizable } from "./support/brute-force.ts";
import { linearizableHistory, spoil } from "./support/histories.ts";

const KEY = "root.h.d1.v@1000";

/** Short histories of all sorts: few values, few moments (so that many coincide), unknown outcomes, operations without effect. */
const anyHistory = fc
  .array(
    fc.record({
      op: fc.constantFrom("write" as const, "read" as const, "read" as const, "delete" as const),
      value: fc.integer({ min: -1, max: 5 }),
      call: fc.integer({ min: 0, max: 12 }),
      takes: fc.integer({ min: 0, max: 6 }),
      outcome: fc.constantFrom("known", "known", "known", "known", "unknown", "failed"),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((drafts) =>
    drafts.map(({ op, value, call, takes, outcome }, i): Operation => {
      const found = value < 0 || outcome !== "known" ? null : value;
      const returned = outcome === "unknown" ? null : call + takes;
      const failed = outcome === "failed" ? ({ ok: false } as const) : {};
      return {
        client: i,
        op,
        key: KEY,
        value: op === "write" ? i : op === "read" ? found : null,
        call,
        return: returned,
        ...failed,
      };
    }),
  );

describe("the checker agrees with the definition", () => {
  it("on short histories of all sorts", { timeout: 120_000 }, () => {
    const counts = { linearizable: 0, not: 0 };
    fc.assert(
      fc.property(anyHistory, (history) => {
        const expected = isLinearizable(history);
        counts[expected ? "linearizable" : "not"]++;
        const result = checkLinearizable(history);
        expect(result.ok).toBe(expected);
        if (!result.ok) expect(isLinearizable(result.operations)).toBe(false);
      }),
      { numRuns: 20_000 },
    );
    expect(Math.min(counts.linearizable, counts.not)).toBeGreaterThan(2_000);
  });

  it("on short histories of a register, right and spoiled", { timeout: 120_000 }, () => {
    const counts = { linearizable: 0, not: 0 };
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, operations, clients) => {
          const random = new SeededRandom(seed);
          const shape = {
            operations,
            clients,
            deletes: 0.25,
            unknown: random.pick([0, 0.2, 0.5]),
            slowness: random.pick([1, 3, 6]),
          };
          const right = linearizableHistory(random, shape);
          expect(checkLinearizable(right)).toEqual({ ok: true, keys: 1, operations: right.length });
          const spoiled = spoil(random, right);
          const expected = isLinearizable(spoiled);
          counts[expected ? "linearizable" : "not"]++;
          expect(checkLinearizable(spoiled).ok).toBe(expected);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(Math.min(counts.linearizable, counts.not)).toBeGreaterThan(1_000);
  });
});

describe("the search alone, without the contradictions that are looked for first", () => {
  it("agrees with the definition", { timeout: 120_000 }, () => {
    const counts = { linearizable: 0, not: 0 };
    fc.assert(
      fc.property(anyHistory.map(readingWhatIsWritten), (history) => {
        fc.pre(history.every((read) => isWrittenBefore(read, history)));
        const expected = isLinearizable(history);
        counts[expected ? "linearizable" : "not"]++;
        const search = new RegisterSearch(registerHistory(history));
        expect(search.run(100_000)).toBe(expected ? "linearizable" : "violated");
      }),
      { numRuns: 40_000 },
    );
    expect(Math.min(counts.linearizable, counts.not)).toBeGreaterThan(500);
  });
});

function readingWhatIsWritten(history: readonly Operation[]): Operation[] {
  const written = history.flatMap((each) => (each.op === "write" && each.ok !== false ? [each.value] : []));
  return history.map((each): Operation => {
    if (each.op !== "read" || each.value === null) return each;
    return { ...each, value: written[each.value % written.length] ?? null };
  });
}

/** The search starts from this. */
function isWrittenBefore(read: Operation, history: readonly Operation[]): boolean {
  if (read.op !== "read" || read.value === null || read.return === null) return true;
  const write = history.find(({ op, value }) => op === "write" && value === read.value);
  return write !== undefined && write.call <= read.return;
}

describe("what it says of a violation", () => {
  it("is the smallest prefix: without its last answer it is linearizable", { timeout: 60_000 }, () => {
    let violations = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new SeededRandom(seed);
        const history = spoil(random, linearizableHistory(random, { operations: 30, clients: 3, deletes: 0.2 }));
        const result = checkLinearizable(history);
        if (result.ok) return;
        violations++;
        const { operations } = result;
        const last = Math.max(...operations.map((each) => each.return ?? 0));
        const before = operations
          .filter((each) => each.op !== "read" || each.return !== last)
          .map((each): Operation => (each.return === last ? { ...each, return: null } : each));
        expect(checkLinearizable(operations).ok).toBe(false);
        expect(checkLinearizable(before).ok).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(violations).toBeGreaterThan(300);
  });
});
