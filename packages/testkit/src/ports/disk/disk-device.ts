import type { SeededRandom } from "../../random/seeded-random.ts";
import type { Owner } from "../owner.ts";
import type { Scheduler } from "../scheduler.ts";
import { diskError } from "./disk-error.ts";

export type DiskOperationName =
  | "open"
  | "read"
  | "write"
  | "datasync"
  | "truncate"
  | "stat"
  | "close"
  | "rename"
  | "link"
  | "unlink"
  | "mkdir"
  | "rm"
  | "list"
  | "fsync"
  | "statfs"
  | "kv get"
  | "kv write"
  | "kv sync";

/** Usual latencies of a small solid-state disk, ms. */
export interface DiskLatency {
  readonly readMs: number;
  readonly writeMs: number;
  readonly syncMs: number;
  /** Everything about names and sizes. */
  readonly nameMs: number;
}

const DEFAULT_LATENCY: DiskLatency = { readMs: 0.1, writeMs: 0.05, syncMs: 1, nameMs: 0.05 };
/** One operation in so many takes up to `SPIKE` times as long. */
const SPIKE_CHANCE = 0.01;
const SPIKE = 20;

export interface DiskOperation<T> {
  readonly name: DiskOperationName;
  readonly path: string;
  /** Happens when the operation completes. */
  readonly effect: () => T;
  /** What happens when the process dies, or the disk fails, in the middle; all or nothing when left out. */
  readonly torn?: (random: SeededRandom) => void;
  /** Happens in place of the effect when the disk fails. */
  readonly failed?: (random: SeededRandom) => void;
  /** Given when the operation would complete, says when it does: for operations that keep an order. */
  readonly completesMs?: (atMs: number) => number;
}

/** Which operations fail with DISK_IO, and how many of them. */
export interface DiskFailure {
  readonly operation: DiskOperationName;
  /** The path has to contain this. */
  readonly path?: string;
  readonly times?: number;
}

interface Failing {
  readonly operation: DiskOperationName;
  readonly path: string;
  left: number;
}

interface Pending {
  readonly owner: Owner;
  readonly tear: () => void;
}

/** How long operations take and how they fail. */
export class DiskDevice {
  readonly random: SeededRandom;
  readonly #scheduler: Scheduler;
  readonly #latency: DiskLatency;
  readonly #pending = new Set<Pending>();
  #slowness = 1;
  #isStalled = false;
  #stalled: (() => void)[] = [];
  #failing: Failing[] = [];
  /** Operations that completed, by name. */
  readonly completed = new Map<DiskOperationName, number>();

  constructor(scheduler: Scheduler, random: SeededRandom, latency: Partial<DiskLatency> = {}) {
    this.#scheduler = scheduler;
    this.random = random;
    this.#latency = { ...DEFAULT_LATENCY, ...latency };
  }

  /** From now on everything takes `factor` times as long as usual. */
  slow(factor: number): void {
    this.#slowness = factor;
  }

  /** Nothing completes any more until `release`. */
  stall(): void {
    this.#isStalled = true;
  }

  /** What hung goes on, in its order. */
  release(): void {
    this.#isStalled = false;
    const stalled = this.#stalled;
    this.#stalled = [];
    for (const goOn of stalled) goOn();
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  fail(failure: DiskFailure): void {
    this.#failing.push({ operation: failure.operation, path: failure.path ?? "", left: failure.times ?? 1 });
  }

  /** Forgets the failures that have not happened. */
  heal(): void {
    this.#failing = [];
    this.slow(1);
    this.release();
  }

  /** Never settles when the process dies first. */
  perform<T>(owner: Owner, operation: DiskOperation<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!owner.isAlive) return;
      const { random } = this;
      const pending: Pending = {
        owner,
        tear: () => {
          if (operation.torn !== undefined) operation.torn(random);
          else if (random.chance(0.5)) attempt(operation.effect);
        },
      };
      this.#pending.add(pending);
      const complete = () => {
        if (this.#isStalled) {
          this.#stalled.push(() => owner.after(0, operation.name, complete));
          return;
        }
        this.#pending.delete(pending);
        this.completed.set(operation.name, (this.completed.get(operation.name) ?? 0) + 1);
        try {
          if (this.#takeFailure(operation)) this.#fail(operation);
          resolve(operation.effect());
        } catch (error) {
          reject(error);
        }
      };
      const atMs = this.#scheduler.nowMs + this.#delayMs(operation.name);
      owner.at(operation.completesMs?.(atMs) ?? atMs, operation.name, complete);
    });
  }

  #fail<T>(operation: DiskOperation<T>): never {
    if (operation.failed !== undefined) operation.failed(this.random);
    else operation.torn?.(this.random);
    throw diskError(operation.name, operation.path, "EIO");
  }

  #takeFailure({ name, path }: { readonly name: DiskOperationName; readonly path: string }): boolean {
    if (this.#failing.length === 0) return false;
    const found = this.#failing.find((failing) => failing.operation === name && path.includes(failing.path));
    if (found === undefined) return false;
    found.left--;
    this.#failing = this.#failing.filter((failing) => failing.left > 0);
    return true;
  }

  #delayMs(name: DiskOperationName): number {
    const usual = this.#latency[latencyOf(name)] * (0.5 + this.random.unit());
    const spike = this.random.chance(SPIKE_CHANCE) ? 1 + this.random.unit() * SPIKE : 1;
    return usual * spike * this.#slowness;
  }

  /** The process dies: each operation that it had under way may have happened, or in part. */
  processEnds(owner: Owner): void {
    for (const pending of this.#pending) {
      if (pending.owner !== owner) continue;
      this.#pending.delete(pending);
      pending.tear();
    }
  }
}

/** An operation that nobody waits for any more: its error is nobody's. */
function attempt(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // As for a call of a process that was killed.
  }
}

function latencyOf(name: DiskOperationName): keyof DiskLatency {
  switch (name) {
    case "read":
    case "kv get":
      return "readMs";
    case "write":
    case "kv write":
      return "writeMs";
    case "datasync":
    case "fsync":
    case "kv sync":
      return "syncMs";
    default:
      return "nameMs";
  }
}
