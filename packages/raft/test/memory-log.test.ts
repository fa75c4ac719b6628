import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryLog, totalBytes } from "../src/memory-log.ts";
import { type Entry, EntryKind } from "../src/types.ts";

const entry = (index: number, term: number, size = 10): Entry => ({
  index,
  term,
  kind: EntryKind.PHYSICAL_PLAN,
  session: 0,
  sequence: 0,
  payload: new Uint8Array(size),
});
const fresh = (): MemoryLog =>
  new MemoryLog({ firstIndex: 1, lastIndex: 0, termRuns: [{ fromIndex: 0, term: 0 }], entries: [] });

/** What a test does to the log; a plain array of terms does the same beside it. */
type Action = { kind: "append" | "truncate" | "apply" | "cut"; at: number };
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("append", "append", "append", "truncate", "apply", "cut"),
    at: fc.integer({ min: 0, max: 7 }),
  }),
  { maxLength: 80 },
);
const trimLimits = { memoryEntriesMax: 6, memoryEntriesMin: 2, memoryBytesMax: 500 };

describe("the log in memory", () => {
  it("knows every term that is not cut, serves what is in memory, and counts its bytes", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const log = fresh();
        const terms = [0];
        let applied = 0;
        let first = 1;
        for (const { kind, at } of list) {
          const last = terms.length - 1;
          if (kind === "append") {
            const term = (terms[last] as number) + (at === 0 ? 1 : 0);
            log.append([entry(last + 1, term, at * 20)], 0);
            terms.push(term);
          } else if (kind === "truncate" && last - at > applied) {
            log.truncateFrom(last - at + 1);
            terms.length = last - at + 1;
          } else if (kind === "apply") {
            applied = Math.min(last, applied + at);
            log.trim(applied, trimLimits);
          } else if (kind === "cut") {
            first = Math.max(first, applied - at + 1);
            log.cutBefore(first);
          }
          check(log, terms, first, applied);
        }
      }),
    );
  });

  function check(log: MemoryLog, terms: readonly number[], first: number, applied: number): void {
    const last = terms.length - 1;
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([first, last, terms[last]]);
    expect(log.memoryFirstIndex).toBeLessThanOrEqual(applied + 1);
    for (let index = first - 1; index <= last; index++) expect(log.term(index)).toBe(terms[index]);
    expect(log.term(first - 2)).toBeUndefined();
    expect(log.term(last + 1)).toBeUndefined();
    const kept = log.entries(log.memoryFirstIndex, last + 1, Number.POSITIVE_INFINITY) ?? [];
    expect(kept.map((one) => one.index)).toEqual(kept.map((_, at) => log.memoryFirstIndex + at));
    expect(log.bytes).toBe(totalBytes(kept));
    expect(log.entries(log.memoryFirstIndex - 1, last + 1, 1)).toBeUndefined();
  }

  it("finds in one step where a log with other terms may still match", () => {
    const log = fresh();
    for (const [at, term] of [1, 1, 1, 4, 4, 6].entries()) log.append([entry(at + 1, term)], 0);
    expect(log.lastIndexWithTermAtMost(6, 5)).toBe(5);
    expect(log.lastIndexWithTermAtMost(6, 3)).toBe(3);
    expect(log.lastIndexWithTermAtMost(2, 3)).toBe(2);
    expect(log.lastIndexWithTermAtMost(99, 6)).toBe(6);
    expect(log.lastIndexWithTermAtMost(3, 0)).toBe(0);
    log.trim(3, { memoryEntriesMax: 0, memoryEntriesMin: 0, memoryBytesMax: 0 });
    log.cutBefore(4);
    expect(log.lastIndexWithTermAtMost(6, 0)).toBeUndefined();
  });

  it("gives at least one entry, then as many as fit", () => {
    const log = fresh();
    for (let index = 1; index <= 4; index++) log.append([entry(index, 1, 36)], 0);
    expect(log.entries(1, 5, 1)?.length).toBe(1);
    expect(log.entries(1, 5, 200)?.length).toBe(2);
    expect(log.entries(2, 4, 1000)?.length).toBe(2);
    expect(log.entries(5, 5, 1000)?.length).toBe(0);
  });

  it("refuses to start on a log with gaps or wrong terms", () => {
    const termRuns = [{ fromIndex: 4, term: 2 }];
    const start = (entries: readonly Entry[]) => () =>
      new MemoryLog({ firstIndex: 5, lastIndex: 6, termRuns, entries });
    expect(start([entry(5, 2), entry(6, 2)])).not.toThrow();
    expect(start([entry(5, 2), entry(7, 2)])).toThrow(/belongs/);
    expect(start([entry(6, 3)])).toThrow(/belongs/);
    expect(start([entry(4, 2), entry(5, 2), entry(6, 2)])).toThrow(/more entries/);
  });
});
