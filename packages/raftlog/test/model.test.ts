import type { GroupNumber } from "@ringtide/common";
import type { Entry, HardState } from "@ringtide/raft";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RaftLog } from "../src/index.ts";
import { contentOf, directoryOf, entry, filesOf, freshDirectory, observedDisk, openLog } from "./support.ts";

const GROUPS = [0, 16, 33];
const OPTIONS = { segmentBytes: 3000, disk: observedDisk({ skipsSync: true }) };

/** A group's log as plain arrays. */
interface Model {
  hardState: HardState;
  firstIndex: number;
  /** Terms of all entries since index 1. */
  terms: number[];
  entries: Map<number, Entry>;
}

type Step =
  | {
      readonly do: "append";
      readonly group: number;
      readonly count: number;
      readonly back: number;
      readonly newTerm: boolean;
      readonly bytes: number;
    }
  | { readonly do: "vote"; readonly group: number; readonly vote: number }
  | { readonly do: "cut"; readonly group: number; readonly part: number }
  | { readonly do: "settle" }
  | { readonly do: "read"; readonly group: number; readonly from: number; readonly maxBytes: number }
  | {
      readonly do: "crash";
      readonly group: number;
      readonly count: number;
      readonly back: number;
      readonly part: number;
    }
  | { readonly do: "restart" };

const group = fc.constantFrom(...GROUPS);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      group,
      count: fc.integer({ min: 1, max: 12 }),
      back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(15) }),
      newTerm: fc.boolean(),
      bytes: fc.oneof(fc.nat(60), fc.constant(5000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("vote" as const), group, vote: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("cut" as const), group, part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("read" as const), group, from: fc.nat(), maxBytes: fc.nat(3000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "settle" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      group,
      count: fc.integer({ min: 1, max: 4 }),
      back: fc.nat(3),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "restart" as const }) },
);

class World {
  readonly models = new Map<GroupNumber, Model>(
    GROUPS.map((each) => [each, { hardState: { term: 0, vote: 0 }, firstIndex: 1, terms: [0], entries: new Map() }]),
  );
  #directory: string;
  log: RaftLog;
  #pending: Promise<void>[] = [];

  constructor(directory: string, log: RaftLog) {
    this.#directory = directory;
    this.log = log;
  }

  async run(step: Step): Promise<void> {
    if (step.do === "settle") await this.#settle();
    else if (step.do === "restart") {
      await this.log.close();
      await this.#settle();
      this.log = await openLog(this.#directory, OPTIONS);
    } else {
      const model = this.models.get(step.group) as Model;
      if (step.do === "append") this.#append(model, step);
      else if (step.do === "vote") this.#vote(model, step.group, step.vote);
      else if (step.do === "crash") await this.#crash(model, step);
      else if (step.do === "cut") await this.#cut(model, step.group, step.part);
      else await this.#read(model, step);
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }

  #append(model: Model, { group, count, back, newTerm, bytes }: Step & { do: "append" }): void {
    const next = model.terms.length;
    const from = Math.max(model.firstIndex, next - back);
    const highest = Math.max(...model.terms, model.hardState.term);
    const term = newTerm || from < next ? highest + 1 : Math.max(model.terms.at(-1) ?? 0, 1);
    const added = Array.from({ length: count }, (_, i) => entry(from + i, term, new Uint8Array(bytes).fill(from + i)));
    const hardState = term > model.hardState.term ? { term, vote: 0 } : undefined;
    this.#pending.push(this.log.append(group, { entries: added, ...(hardState && { hardState }) }));
    if (hardState) model.hardState = hardState;
    for (let index = from; index < next; index++) model.entries.delete(index);
    model.terms.length = from;
    for (const each of added) {
      model.terms.push(term);
      model.entries.set(each.index, each);
    }
  }

  /** The machine dies while an append is being written: what is left of it ends at `part` of its bytes. */
  async #crash(model: Model, { group, count, back, part }: Step & { do: "crash" }): Promise<void> {
    await this.#settle();
    const before = { terms: [...model.terms], entries: new Map(model.entries) };
    const sizesBefore = await filesOf(this.#directory);
    this.#append(model, { do: "append", group, count, back, newTerm: true, bytes: 20 });
    await this.#settle();
    const files = new Map(await filesOf(this.#directory));
    await this.log.close();
    const last =
      [...files.keys()]
        .filter((name) => name.endsWith(".log"))
        .sort()
        .at(-1) ?? "";
    const content = files.get(last) ?? new Uint8Array(0);
    const spared = sizesBefore.get(last)?.length ?? 0;
    files.set(last, content.slice(0, spared + Math.floor((content.length - spared) * part)));
    // It is written after the bytes that it counts on are durable.
    files.set("cuts", sizesBefore.get("cuts") ?? new Uint8Array(0));
    this.#directory = await directoryOf(files);
    this.log = await openLog(this.#directory, OPTIONS);
    this.#takePrefix(model, before, group, count);
  }

  /** Of the last append, of `count` entries, only the first ones may be left. */
  #takePrefix(model: Model, before: Pick<Model, "terms" | "entries">, group: GroupNumber, count: number): void {
    const lastIndex = this.log.group(group)?.lastIndex ?? 0;
    const isNew = this.log.term(group, lastIndex) === model.terms.at(-1);
    if (!isNew) Object.assign(model, before);
    else {
      expect(model.terms.length - 1 - lastIndex).toBeLessThan(count);
      for (let index = lastIndex + 1; index < model.terms.length; index++) model.entries.delete(index);
      model.terms.length = lastIndex + 1;
    }
  }

  #vote(model: Model, group: GroupNumber, vote: number): void {
    const { term, vote: voted } = model.hardState;
    model.hardState = voted === 0 && vote > 0 && term > 0 ? { term, vote } : { term: term + 1, vote };
    this.#pending.push(this.log.append(group, { hardState: model.hardState, entries: [] }));
  }

  async #cut(model: Model, group: GroupNumber, part: number): Promise<void> {
    if (this.log.group(group) === undefined) return;
    const below = model.firstIndex + Math.floor((model.terms.length - model.firstIndex) * part);
    await this.log.cut(group, below);
    for (let index = model.firstIndex; index < below; index++) model.entries.delete(index);
    model.firstIndex = below;
  }

  async #read(model: Model, { group, from, maxBytes }: Step & { do: "read" }): Promise<void> {
    const count = model.terms.length - model.firstIndex;
    if (count === 0) return;
    const start = model.firstIndex + (from % count);
    const read = await this.log.read(group, start, model.terms.length - 1, maxBytes);
    expect(read.length).toBeGreaterThan(0);
    expect(read).toEqual(read.map((_, i) => model.entries.get(start + i)));
  }

  async check(): Promise<void> {
    for (const [group, model] of this.models) {
      const lastIndex = model.terms.length - 1;
      const found = this.log.group(group);
      if (found === undefined) {
        expect(lastIndex).toBe(0);
        continue;
      }
      expect(found).toMatchObject({ hardState: model.hardState, firstIndex: model.firstIndex, lastIndex });
      for (let index = model.firstIndex - 1; index <= lastIndex; index++)
        expect(this.log.term(group, index)).toBe(model.terms[index]);
      expect(this.log.term(group, lastIndex + 1)).toBeUndefined();
      expect(this.log.term(group, model.firstIndex - 2)).toBeUndefined();
      const content = [...model.entries.values()];
      expect(await contentOf(this.log, group)).toEqual(content);
      const bytes = content.reduce((sum, { payload }) => sum + payload.length + 48, 0);
      expect(this.log.groupBytesSince(group, 0)).toBe(bytes);
    }
  }
}

describe("the log", () => {
  it("holds what a plain model holds, whatever is appended, overwritten, cut, restarted and torn", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 60 }), async (steps) => {
        const directory = await freshDirectory();
        const world = new World(directory, await openLog(directory, OPTIONS));
        for (const step of steps) await world.run(step);
        await world.check();
        await world.run({ do: "restart" });
        await world.check();
        await world.log.close();
      }),
      { numRuns: 60 },
    );
  });
});
