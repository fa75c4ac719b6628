import type { NodeId } from "@ringtide/common";
import {
  type Configuration,
  decodeConfiguration,
  type Entry,
  EntryKind,
  type HardState,
  type HeldSnapshot,
  type Message,
  RaftCore,
  type RaftOptions,
  type Ready,
} from "../../src/index.ts";

/** Figures of a core that are the same for all nodes of a test. */
export type CoreLimits = Omit<
  RaftOptions,
  | "group"
  | "self"
  | "configuration"
  | "hardState"
  | "log"
  | "applied"
  | "commit"
  | "randomBelow"
  | "mayVote"
  | "priority"
>;

export const GROUP = 16;

export const NOBODY: Configuration = { voters: [], votersOutgoing: [], learners: [] };

export const defaultLimits: CoreLimits = {
  electionTicksMin: 10,
  electionTicksMax: 20,
  heartbeatTicks: 2,
  leaseMs: 0,
  quiesceAfterTicks: 0,
  maxInflightRequests: 4,
  maxInflightBytes: 4096,
  maxAppendBytes: 1024,
  maxUncommittedBytes: 1 << 20,
  memoryEntriesMax: 1000,
  memoryEntriesMin: 500,
  memoryBytesMax: 1 << 20,
};

/** What survives a crash. */
export interface SimDisk {
  hardState: HardState;
  firstIndex: number;
  /** Term of firstIndex − 1. */
  cutTerm: number;
  entries: Entry[];
}

/** A host as simple as can be: writes go to `pending` in order, and are durable when the test says so. */
export class SimNode {
  readonly id: NodeId;
  readonly disk: SimDisk = { hardState: { term: 0, vote: 0 }, firstIndex: 1, cutTerm: 0, entries: [] };
  /** The log from before entries of it were last replaced: what stands on the disk in front of those that did. Undefined once it was cut since. */
  replaced: readonly Entry[] | undefined;
  /** Readys being written. */
  pending: Ready[] = [];
  /** All entries that the core has, durable or not, from disk.firstIndex on. */
  volatileEntries: Entry[] = [];
  /** Handed out by the core, applied, and durable in the state machine. */
  applied = 0;
  priority = 0;
  mayVote = true;
  core: RaftCore | undefined;
  /** Configurations as the state machine applied them. */
  #configurations: { readonly index: number; readonly configuration: Configuration }[];
  readonly #limits: CoreLimits;
  readonly #randomBelow: (bound: number) => number;

  constructor(id: NodeId, configuration: Configuration, limits: CoreLimits, randomBelow: (bound: number) => number) {
    this.id = id;
    this.#configurations = [{ index: 0, configuration }];
    this.#limits = limits;
    this.#randomBelow = randomBelow;
  }

  get diskLast(): number {
    return this.disk.firstIndex + this.disk.entries.length - 1;
  }

  /** As of `applied`. */
  get configuration(): Configuration {
    return this.#configurations.findLast((one) => one.index <= this.applied)?.configuration ?? NOBODY;
  }

  /** Starts a core on what the disk holds, keeping `inMemory` applied entries. */
  start(inMemory: number): RaftCore {
    const { disk } = this;
    const keepFrom = Math.max(disk.firstIndex, Math.min(this.applied + 1 - inMemory, this.diskLast + 1));
    this.volatileEntries = [...disk.entries];
    this.pending = [];
    const termRuns = [{ fromIndex: disk.firstIndex - 1, term: disk.cutTerm }];
    for (const entry of disk.entries)
      if (termRuns.at(-1)?.term !== entry.term) termRuns.push({ fromIndex: entry.index, term: entry.term });
    this.core = new RaftCore({
      ...this.#limits,
      group: GROUP,
      self: this.id,
      configuration: this.configuration,
      hardState: disk.hardState,
      log: {
        firstIndex: disk.firstIndex,
        lastIndex: this.diskLast,
        termRuns,
        entries: disk.entries.slice(keepFrom - disk.firstIndex),
      },
      applied: this.applied,
      commit: this.applied,
      priority: this.priority,
      randomBelow: this.#randomBelow,
      mayVote: this.mayVote,
    });
    return this.core;
  }

  crash(): void {
    this.core = undefined;
    this.pending = [];
  }

  /** Takes a Ready's entries into the log as the core has it, and queues its writes. */
  accept(ready: Ready): void {
    const first = ready.entries[0];
    if (first !== undefined) {
      this.volatileEntries.length = first.index - this.disk.firstIndex;
      this.volatileEntries.push(...ready.entries);
    }
    if (first !== undefined || ready.hardState !== undefined) this.pending.push(ready);
  }

  /** Makes the oldest write durable, or only its hard state and first entries. */
  writeOldest(entryCount = Number.POSITIVE_INFINITY): Ready | undefined {
    const ready = this.pending.shift();
    if (ready === undefined) return undefined;
    if (ready.hardState !== undefined) this.disk.hardState = ready.hardState;
    const entries = ready.entries.slice(0, entryCount);
    const first = entries[0];
    if (first !== undefined) {
      if (first.index <= this.diskLast) this.replaced = [...this.disk.entries];
      this.disk.entries.length = first.index - this.disk.firstIndex;
      this.disk.entries.push(...entries);
    }
    return ready;
  }

  /** Tells the core that a write is durable; what may leave then. */
  report(ready: Ready): readonly Message[] {
    const last = ready.entries.at(-1);
    if (last !== undefined) this.core?.persisted(last.index, last.term);
    return ready.messagesAfterPersist;
  }

  /** The state machine applies what is on disk up to `index`. */
  applyTo(index: number): void {
    for (let next = this.applied + 1; next <= index; next++) {
      const entry = this.volatileEntries[next - this.disk.firstIndex];
      if (entry?.kind === EntryKind.CONFIG_CHANGE) {
        this.#configurations = this.#configurations.filter((one) => one.index < next);
        this.#configurations.push({ index: next, configuration: decodeConfiguration(entry.payload) });
      }
    }
    this.applied = index;
    this.core?.appliedTo(index);
  }

  /** Cuts the log before `firstIndex`, which is applied. */
  cut(firstIndex: number): void {
    const drop = firstIndex - this.disk.firstIndex;
    if (drop <= 0) return;
    this.disk.cutTerm = this.disk.entries[drop - 1]?.term ?? 0;
    this.disk.entries.splice(0, drop);
    this.replaced = undefined;
    this.volatileEntries.splice(0, drop);
    this.disk.firstIndex = firstIndex;
    this.core?.logCut(firstIndex);
  }

  /** The state as applied now. */
  get snapshot(): HeldSnapshot {
    const { disk, applied, configuration } = this;
    const term = applied < disk.firstIndex ? disk.cutTerm : (disk.entries[applied - disk.firstIndex]?.term ?? 0);
    return { index: applied, term, configuration };
  }

  /** The state of another node takes the place of this one's; log and core are gone. */
  install(snapshot: HeldSnapshot): void {
    this.crash();
    this.replaced = undefined;
    this.disk.entries = [];
    this.disk.firstIndex = snapshot.index + 1;
    this.disk.cutTerm = snapshot.term;
    this.applied = snapshot.index;
    this.#configurations = [{ index: snapshot.index, configuration: snapshot.configuration }];
  }

  /** Loses durable entries: the last `count`, or those that have replaced others, so that these are there again. What is applied stays. */
  loseEntries(count: number): void {
    const { disk, applied, replaced } = this;
    const at = applied - disk.firstIndex;
    if (replaced !== undefined && (at < 0 || replaced[at]?.term === disk.entries[at]?.term))
      disk.entries = [...replaced];
    else disk.entries.length -= count;
    this.replaced = undefined;
    this.mayVote = false;
  }

  diskHas(index: number, term: number): boolean {
    if (index < this.disk.firstIndex) return true;
    return this.disk.entries[index - this.disk.firstIndex]?.term === term;
  }
}
