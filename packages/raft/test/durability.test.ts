import { describe, expect, it } from "vitest";
import { DurableLog } from "../src/durability.ts";
import { type Entry, EntryKind } from "../src/types.ts";

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  kind: EntryKind.PHYSICAL_PLAN,
  session: 0,
  sequence: 0,
  payload: new Uint8Array(0),
});

describe("what is durable", () => {
  it("grows with the reports, also when only the last of several comes", () => {
    const durable = new DurableLog({ term: 1, vote: 0 }, 4);
    durable.emitEntries([entry(5, 1), entry(6, 1)]);
    durable.emitEntries([entry(7, 1)]);
    expect(durable.index).toBe(4);
    durable.persisted(6, 1);
    expect(durable.index).toBe(6);
    durable.emitEntries([entry(8, 1)]);
    durable.persisted(8, 1);
    expect(durable.index).toBe(8);
    durable.persisted(8, 1);
    expect(durable.index).toBe(8);
  });

  it("is not what a later write replaces, even where the same entry comes back (ABA)", () => {
    const durable = new DurableLog({ term: 1, vote: 0 }, 4);
    durable.emitEntries([entry(5, 2)]);
    durable.truncateFrom(5);
    durable.emitEntries([entry(5, 3)]);
    durable.truncateFrom(5);
    durable.emitEntries([entry(5, 2)]);
    durable.persisted(5, 2); // The first write: the disk will still hold (5, 3) for a while.
    expect(durable.index).toBe(4);
    durable.persisted(5, 3);
    expect(durable.index).toBe(4);
    durable.persisted(5, 2);
    expect(durable.index).toBe(5);
  });

  it("is not what was replaced in memory and not given to the disk yet", () => {
    const durable = new DurableLog({ term: 1, vote: 0 }, 4);
    durable.emitEntries([entry(5, 2), entry(6, 2)]);
    durable.truncateFrom(6);
    durable.persisted(6, 2);
    expect(durable.index).toBe(5);
  });

  it("knows a hard state durable with the first entries written after it", () => {
    const durable = new DurableLog({ term: 1, vote: 0 }, 0);
    expect(durable.holds(1, 0)).toBe(true);
    durable.emitHardState({ term: 2, vote: 3 });
    expect(durable.emitted(2, 3)).toBe(true);
    expect(durable.holds(2, 3)).toBe(false);
    durable.emitEntries([entry(1, 2)]);
    durable.persisted(1, 2);
    expect(durable.holds(2, 3)).toBe(true);
  });
});
