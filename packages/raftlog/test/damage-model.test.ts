import { type GroupNumber, hasCode } from "@ringtide/common";
import type { Entry, HardState } from "@ringtide/raft";
import { describe, expect, it } from "vitest";
import type { RaftLog } from "../src/index.ts";
import { checksumHolds, HEADER_BYTES, RecordKind, readKind, recordLength } from "../src/record.ts";
import { MemoryDisk, Seeded } from "./memory-disk.ts";
import { contentOf, entry, openLog } from "./support.ts";

const RUNS = 40;
const ROUNDS = 6;
const DIRECTORY = "/log";
const GROUPS = [0, 16, 33, 48];

/** What a group's log held at some time: entries by index − 1, those below its first index included where they are known. */
type State = readonly (Entry | undefined)[];

interface Model {
  hardState: HardState;
  firstIndex: number;
  termBefore: number;
  /** All states since the last reset; the last one is the present. Those from `acknowledged` on may be found after a crash. */
  states: State[];
  acknowledged: number;
  damaged: boolean;
}

const newModel = (): Model => ({
  hardState: { term: 0, vote: 0 },
  firstIndex: 1,
  termBefore: 0,
  states: [[]],
  acknowledged: 0,
  damaged: false,
});

function present(model: Model): State {
  return model.states.at(-1) ?? [];
}

class World {
  readonly #random: Seeded;
  readonly disk: MemoryDisk;
  readonly #models = new Map<GroupNumber, Model>(GROUPS.map((group) => [group, newModel()]));
  #log: RaftLog | undefined;
  #payloads = 0;
  /** The disk went bad since the log was last opened. */
  #isHit = false;
  #isSlotHit = false;
  readonly seen = { damaged: 0, spared: 0, refused: 0 };

  constructor(seed: number) {
    this.#random = new Seeded(seed);
    this.disk = new MemoryDisk(this.#random);
  }

  get log(): RaftLog {
    if (this.#log === undefined) throw new Error("not open");
    return this.#log;
  }

  #model(group: GroupNumber): Model {
    return this.#models.get(group) as Model;
  }

  async open(): Promise<void> {
    this.#log = await openLog(DIRECTORY, { disk: this.disk, segmentBytes: 1500, identity: "node" });
  }

  async step(): Promise<void> {
    const random = this.#random;
    const group = random.oneOf(GROUPS.slice(0, 2 + random.below(3)));
    const what = random.below(20);
    if (what < 12) await this.#append(group);
    else if (what < 14) await this.#vote(group);
    else if (what < 17) await this.#cut(group);
    else if (what < 18) await this.#reset(group);
    else await this.#trust(group);
  }

  async #append(group: GroupNumber): Promise<void> {
    const model = this.#model(group);
    const now = present(model);
    const next = now.length + 1;
    const isOverwrite = this.#random.chance(20);
    const from = Math.max(model.firstIndex, isOverwrite ? next - this.#random.below(6) : next);
    const term = model.hardState.term + (isOverwrite || model.hardState.term === 0 ? 1 : 0);
    const size = this.#random.oneOf([3, 30, 300]);
    const added = Array.from({ length: 1 + this.#random.below(4) }, (_, i) =>
      entry(from + i, term, `${this.#payloads++}`.padEnd(size, ".")),
    );
    const hardState = term > model.hardState.term ? { term, vote: 0 } : undefined;
    for (let count = 1; count <= added.length; count++)
      model.states.push([...now.slice(0, from - 1), ...added.slice(0, count)]);
    if (hardState !== undefined) model.hardState = hardState;
    await this.log.append(group, { entries: added, ...(hardState && { hardState }) });
    model.acknowledged = model.states.length - 1;
  }

  async #vote(group: GroupNumber): Promise<void> {
    const model = this.#model(group);
    model.hardState = { term: model.hardState.term + 1, vote: this.#random.below(4) };
    await this.log.append(group, { hardState: model.hardState, entries: [] });
  }

  async #cut(group: GroupNumber): Promise<void> {
    const model = this.#model(group);
    if (this.log.group(group) === undefined) return;
    const below = model.firstIndex + this.#random.below(present(model).length + 2 - model.firstIndex);
    const termBefore = this.log.term(group, below - 1);
    await this.log.cut(group, below);
    if (below > model.firstIndex) Object.assign(model, { firstIndex: below, termBefore });
  }

  async #reset(group: GroupNumber): Promise<void> {
    const model = this.#model(group);
    const firstIndex = 1 + this.#random.below(present(model).length + 10);
    const termBefore = firstIndex === 1 ? 0 : Math.max(1, model.hardState.term - 1);
    if (model.hardState.term < termBefore) return;
    await this.log.reset(group, firstIndex, termBefore);
    const empty = new Array<undefined>(firstIndex - 1).fill(undefined);
    Object.assign(model, { firstIndex, termBefore, states: [empty], acknowledged: 0 });
  }

  async #trust(group: GroupNumber): Promise<void> {
    if (this.log.group(group) === undefined) return;
    await this.log.trust(group);
    this.#model(group).damaged = false;
  }

  /** The log ends, cleanly or with the power while an append is under way; then the disk goes bad. */
  async endAndDamage(): Promise<void> {
    if (this.#random.chance(50)) await this.log.close();
    else {
      this.disk.operationsLeft = 1 + this.#random.below(3);
      const group = this.#random.oneOf(GROUPS);
      await this.#append(group).catch(() => undefined);
      await this.log.close();
      this.disk.crash();
    }
    this.#isHit = false;
    for (let left = this.#random.oneOf([0, 0, 1, 1, 2]); left > 0; left--) this.#damageSegment();
    this.#isSlotHit = this.#random.chance(10);
    if (this.#isSlotHit) this.#damageSlot();
  }

  #damageSlot(): void {
    const path = `${DIRECTORY}/hardstate`;
    const content = this.disk.contentOf(path).slice();
    const at = this.#random.oneOf([0, content.length / 2]) + this.#random.below(20);
    content[at] = (content[at] as number) ^ 1;
    this.disk.damage(path, content);
  }

  #damageSegment(): void {
    const segments = this.disk.paths().filter((path) => path.endsWith(".log"));
    const path = this.#random.oneOf(segments);
    if (segments.length > 1 && this.#random.chance(15)) {
      this.disk.damage(path, undefined);
      this.#isHit = true;
      return;
    }
    const content = this.disk.contentOf(path).slice();
    // What lies behind the last mark of the log cannot be told from a torn tail.
    const end = path === segments.at(-1) ? lastMark(content) : content.length;
    if (end <= 0) return;
    const at = this.#random.below(end);
    if (this.#random.chance(50)) content[at] = (content[at] as number) ^ (1 << this.#random.below(8));
    else content.fill(0, at - (at % 64), Math.min(end, at + this.#random.oneOf([16, 64, 512, 4096])));
    this.disk.damage(path, content);
    this.#isHit = true;
  }

  /**
   * Opens the log, with the power going again and again on the way, and checks what is left. False: it is refused, because the log and a
   * slot of hard state are damaged at once.
   */
  async reopen(): Promise<boolean> {
    if (this.#isHit && (await this.#isRefused())) return false;
    for (let tries = this.#random.below(4); tries > 0; tries--) {
      this.disk.operationsLeft = 1 + this.#random.below(12);
      await this.open().then(
        () => this.log.close(),
        (error: unknown) => expect(hasCode(error, "DISK_IO"), String(error)).toBe(true),
      );
      this.disk.crash();
    }
    await this.open();
    for (const group of GROUPS) await this.#check(group);
    return true;
  }

  async #isRefused(): Promise<boolean> {
    if (!this.#isSlotHit) return false;
    const error = await this.open().then(
      () => this.log.close(),
      (reason: unknown) => reason,
    );
    if (error === undefined) return false;
    expect(error).toMatchObject({ code: "DISK_CORRUPT", message: expect.stringContaining("hardstate") });
    this.seen.refused++;
    return true;
  }

  async #check(group: GroupNumber): Promise<void> {
    const model = this.#model(group);
    const found = this.log.group(group);
    const content = found === undefined ? [] : await contentOf(this.log, group);
    const matching = model.states.findLastIndex((state) => isState(state, model, content));
    expect(matching, `group ${group} holds what it never held`).toBeGreaterThanOrEqual(content.length > 0 ? 0 : -1);
    const isWhole = matching >= model.acknowledged;
    if (!isWhole || model.damaged) expect(found?.damaged, `group ${group} hides a loss`).toBe(true);
    if (!this.#isHit) {
      expect(isWhole, `group ${group} lost something again`).toBe(true);
      expect(found?.damaged ?? false, `group ${group} is damaged once more`).toBe(model.damaged);
    }
    this.seen[found?.damaged === true ? "damaged" : "spared"]++;
    expect(found?.hardState.term ?? 0).toBeLessThanOrEqual(model.hardState.term);
    if (found !== undefined) {
      expect(found.firstIndex).toBe(model.firstIndex);
      expect(this.log.term(group, found.firstIndex - 1)).toBe(model.termBefore);
    }
    this.#checkHardState(model, found?.hardState ?? { term: 0, vote: 0 });
    model.damaged = found?.damaged ?? false;
    const unknown = new Array<undefined>(model.firstIndex - 1).fill(undefined);
    const before = content.length === 0 ? unknown : (model.states[matching] ?? []).slice(0, model.firstIndex - 1);
    model.states.push([...before, ...content]);
    model.acknowledged = model.states.length - 1;
  }

  /** A hard state that was not acknowledged may be lost; it comes only with an append that the power ended. */
  #checkHardState(model: Model, found: HardState): void {
    if (found.term === model.hardState.term) expect(found).toEqual(model.hardState);
    else {
      expect(found.term).toBe(model.hardState.term - 1);
      expect(model.states.length - 1).toBeGreaterThan(model.acknowledged);
      model.hardState = found;
    }
  }
}

/** True when a group in this state holds just this from its first index on. */
function isState(state: State, { firstIndex, termBefore }: Model, content: readonly Entry[]): boolean {
  const expected = state.slice(firstIndex - 1);
  if (expected.length !== content.length || state.length < firstIndex - 1) return false;
  const before = state[firstIndex - 2];
  if (content.length > 0 && before !== undefined && before.term !== termBefore) return false;
  return expected.every(
    (each, i) => each?.term === content[i]?.term && Buffer.compare(bytesOf(each), bytesOf(content[i])) === 0,
  );
}

function bytesOf(found: Entry | undefined): Uint8Array {
  return found?.payload ?? new Uint8Array(0);
}

/** Offset of the last whole mark of a segment. */
function lastMark(content: Uint8Array): number {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let last = 0;
  for (let at = 0; at + HEADER_BYTES <= content.length; ) {
    const length = recordLength(view, at);
    if (length === 0 || at + length > content.length || !checksumHolds(content, view, at, length)) break;
    if (readKind(view, at) === RecordKind.MARK) last = at;
    at += length;
  }
  return last;
}

describe("a log on a disk that goes bad", () => {
  it("keeps, per group, what it held at some time, and hides no loss, wherever it is damaged and whenever the power goes", async () => {
    const first = Number(process.env["RAFTLOG_SEED"] ?? Date.now() % 1_000_000_000);
    const runs = process.env["RAFTLOG_SEED"] === undefined ? RUNS : 1;
    const total = { damaged: 0, spared: 0, refused: 0 };
    for (let seed = first; seed < first + runs; seed++) {
      const world = new World(seed);
      try {
        await world.open();
        for (let round = 0; round < ROUNDS; round++) {
          for (let step = 0; step < 12; step++) await world.step();
          await world.endAndDamage();
          if (!(await world.reopen())) break;
        }
        await world.log.close();
      } catch (error) {
        throw new Error(`RAFTLOG_SEED=${seed} fails again`, { cause: error });
      }
      for (const key of ["damaged", "spared", "refused"] as const) total[key] += world.seen[key];
    }
    console.log(`seeds ${first} to ${first + runs - 1}: ${JSON.stringify(total)}`);
    if (runs === 1) return;
    expect(total.damaged).toBeGreaterThan(100);
    expect(total.spared).toBeGreaterThan(100);
  });
});
