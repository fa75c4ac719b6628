import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clock,
  type Disk,
  type DiskFile,
  type GroupNumber,
  type LogFields,
  type Logger,
  nullLogger,
  type Timer,
} from "@ringtide/common";
import { createDisk, createMetrics, systemClock } from "@ringtide/common/node";
import { type Entry, EntryKind } from "@ringtide/raft";
import { afterEach } from "vitest";
import { RaftLog, type RaftLogOptions } from "../src/index.ts";

const directories: string[] = [];
const logs: RaftLog[] = [];

afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A directory that goes away with the test. */
export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "raftlog-"));
  directories.push(directory);
  return join(directory, "log");
}

/** Files of a directory by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

export async function filesOf(directory: string): Promise<Files> {
  const names = await readdir(directory);
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, new Uint8Array(await readFile(join(directory, name)))] as const),
    ),
  );
}

export function fileIn(files: Files, name: string): Uint8Array {
  const found = files.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

export function withFile(files: Files, name: string, content: Uint8Array): Files {
  return new Map([...files, [name, content]]);
}

export function flipped(content: Uint8Array, at: number): Uint8Array {
  const copy = content.slice();
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

/** A directory with these files and no others. */
export async function directoryOf(files: Files, directory?: string): Promise<string> {
  const made = directory ?? (await freshDirectory());
  await rm(made, { recursive: true, force: true });
  await mkdir(made);
  for (const [name, content] of files) await writeFile(join(made, name), content);
  return made;
}

export async function openLog(directory: string, options: Partial<RaftLogOptions> = {}): Promise<RaftLog> {
  const log = await RaftLog.open({
    disk: createDisk(),
    clock: systemClock,
    logger: nullLogger,
    metrics: createMetrics(),
    directory,
    segmentBytes: 1024 * 1024,
    maxEntryBytes: 16 * 1024 * 1024,
    onFailure: () => undefined,
    ...options,
  });
  logs.push(log);
  return log;
}

export function entry(index: number, term = 1, payload: Uint8Array | string = `entry ${index} of ${term}`): Entry {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return { index, term, kind: EntryKind.PHYSICAL_PLAN, session: 2 ** 52 + index, sequence: index, payload: bytes };
}

export function entries(from: number, through: number, term = 1, payloadBytes?: number): Entry[] {
  return Array.from({ length: through - from + 1 }, (_, i) =>
    entry(from + i, term, payloadBytes === undefined ? undefined : new Uint8Array(payloadBytes).fill(from + i)),
  );
}

/** All that the group's log holds. */
export async function contentOf(log: RaftLog, group: GroupNumber): Promise<Entry[]> {
  const found = log.group(group);
  if (found === undefined || found.lastIndex < found.firstIndex) return [];
  return log.read(group, found.firstIndex, found.lastIndex, Number.POSITIVE_INFINITY);
}

/** Warnings as they come. */
export class Warnings {
  readonly lines: LogFields[] = [];
  readonly logger: Logger = { ...nullLogger, warn: (message, fields) => void this.lines.push({ message, ...fields }) };
}

/** Time that passes only when the test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  monotonicMs(): number {
    return this.#nowMs;
  }
  wallMs(): number {
    return this.#nowMs;
  }
  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }
  nextTurn(callback: () => void): void {
    setImmediate(callback);
  }

  /** Lets time pass and what follows from it happen. */
  async pass(ms: number): Promise<void> {
    await turn();
    this.#nowMs += ms;
    for (const timer of [...this.#timers])
      if (timer.atMs <= this.#nowMs) {
        this.#timers.delete(timer);
        timer.callback();
      }
    await turn();
  }
}

/** Everything that waits for nothing but the program has happened when it resolves; for disks in memory. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Something that a test does before or after an operation of the real disk. */
export interface Hooks {
  write?: (path: string) => Promise<void> | void;
  beforeSync?: (path: string) => Promise<void> | void;
  /** Leaves out syncs, for tests that open a log very often: the machine does not crash in them. */
  skipsSync?: boolean;
  afterSync?: (path: string) => void;
  afterUnlink?: (path: string) => void;
  afterSyncDir?: (path: string) => void;
}

/** The real disk, observed. */
export function observedDisk(hooks: Hooks): Disk {
  const disk = createDisk();
  return {
    open: async (path, mode) => observedFile(await disk.open(path, mode), path, hooks),
    readFile: (path) => disk.readFile(path),
    replaceFile: (path, content) => disk.replaceFile(path, content),
    rename: (from, to) => disk.rename(from, to),
    link: (existing, added) => disk.link(existing, added),
    unlink: async (path) => {
      await disk.unlink(path);
      hooks.afterUnlink?.(path);
    },
    mkdir: (path) => disk.mkdir(path),
    removeDir: (path) => disk.removeDir(path),
    list: (path) => disk.list(path),
    stat: (path) => disk.stat(path),
    syncDir: async (path) => {
      if (hooks.skipsSync !== true) await disk.syncDir(path);
      hooks.afterSyncDir?.(path);
    },
    space: (path) => disk.space(path),
  };
}

function observedFile(file: DiskFile, path: string, hooks: Hooks): DiskFile {
  return {
    read: (into, position) => file.read(into, position),
    write: async (parts, position) => {
      await hooks.write?.(path);
      await file.write(parts, position);
    },
    datasync: async () => {
      await hooks.beforeSync?.(path);
      if (hooks.skipsSync !== true) await file.datasync();
      hooks.afterSync?.(path);
    },
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  };
}
