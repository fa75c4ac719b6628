import type { SeededRandom } from "../../random/seeded-random.ts";
import { KvStore } from "../kv/kv-store.ts";
import type { Scheduler } from "../scheduler.ts";
import { DiskDevice, type DiskLatency } from "./disk-device.ts";
import { diskError } from "./disk-error.ts";
import { DiskTree } from "./disk-tree.ts";
import { type Entry, SimDirectory } from "./sim-directory.ts";
import { SECTOR_BYTES, SimFile } from "./sim-file.ts";

export interface DiskStoreOptions {
  readonly totalBytes?: number;
  readonly latency?: Partial<DiskLatency>;
}

/** A file as a checker sees it. */
export interface FileFacts {
  readonly path: string;
  readonly sizeBytes: number;
  readonly unsyncedBytes: number;
}

const DEFAULT_TOTAL_BYTES = 1024 ** 4;

/** A machine's disk: what is on it outlives every process, and most of it the loss of power. */
export class DiskStore {
  readonly tree = new DiskTree();
  /** Latencies and failures. */
  readonly device: DiskDevice;
  /** Size of the disk: what is written above it fails with DISK_FULL. */
  totalBytes: number;
  readonly #random: SeededRandom;
  #usedBytes = 0;

  constructor(scheduler: Scheduler, random: SeededRandom, options: DiskStoreOptions = {}) {
    this.#random = random;
    this.device = new DiskDevice(scheduler, random.fork(), options.latency);
    this.totalBytes = options.totalBytes ?? DEFAULT_TOTAL_BYTES;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.totalBytes - this.#usedBytes);
  }

  /** Takes room for that many bytes more (or gives back); DISK_FULL when there is none. */
  reserve(operation: string, path: string, bytes: number): void {
    if (bytes > 0 && bytes > this.freeBytes) throw diskError(operation, path, "ENOSPC");
    this.#usedBytes += bytes;
  }

  /** Writes all of the parts, or as much as there is room for and then fails with DISK_FULL. */
  write(file: SimFile, path: string, parts: readonly Uint8Array[], position: number): void {
    let at = position;
    for (const part of parts) {
      const room = file.size + this.freeBytes - at;
      const fitting = part.length <= room ? part : part.subarray(0, Math.max(0, room));
      const before = file.size;
      file.write(fitting, at);
      this.#usedBytes += file.size - before;
      if (fitting.length < part.length) throw diskError("write", path, "ENOSPC");
      at += part.length;
    }
  }

  resize(file: SimFile, path: string, size: number): void {
    this.reserve("truncate", path, size - file.size);
    file.resize(size);
  }

  create(operation: string, path: string): SimFile {
    if (this.freeBytes === 0) throw diskError(operation, path, "ENOSPC");
    return this.tree.create(operation, path);
  }

  /** A name or a handle of these went away: the last one frees the room. */
  released(...entries: readonly (Entry | undefined)[]): void {
    for (const entry of entries) {
      if (entry instanceof SimFile && entry.links === 0 && entry.handles === 0) this.#usedBytes -= entry.size;
      if (entry instanceof SimDirectory && entry.kv !== undefined) this.#usedBytes -= entry.kv.sizeBytes;
    }
  }

  rename(from: string, to: string): void {
    const replaced = this.tree.find(to);
    const moved = this.tree.find(from);
    this.tree.rename(from, to);
    if (replaced !== moved) this.released(replaced);
  }

  /** The store in that directory, which is made where it is missing. */
  kvIn(directory: string): KvStore {
    if (this.tree.find(directory) === undefined) this.tree.mkdir(directory);
    const found = this.tree.directory("open", directory);
    found.kv ??= new KvStore();
    return found.kv;
  }

  /** The power fails: what was not synced may be gone, in any part. All processes must have ended. */
  losePower(): void {
    const random = this.#random;
    this.tree.journal.loseUnsynced(random);
    const files = new Set<SimFile>();
    let usedBytes = 0;
    for (const [, entry] of this.tree.walk()) {
      if (entry instanceof SimDirectory) {
        entry.kv?.loseUnsynced(random);
        usedBytes += entry.kv?.sizeBytes ?? 0;
      } else if (!files.has(entry)) {
        files.add(entry);
        entry.links = 1;
        entry.loseUnsynced(random);
        usedBytes += entry.size;
      } else {
        entry.links++;
      }
    }
    this.#forgetHandles(files);
    this.#usedBytes = usedBytes;
  }

  /** All processes ended, and the system goes on: what they wrote stays, synced or not. */
  processEnded(): void {
    const files = new Set<SimFile>();
    let usedBytes = 0;
    for (const [, entry] of this.tree.walk()) {
      if (entry instanceof SimDirectory) usedBytes += entry.kv?.sizeBytes ?? 0;
      else if (!files.has(entry)) usedBytes += entry.size;
      if (entry instanceof SimFile) files.add(entry);
    }
    this.#forgetHandles(files);
    this.#usedBytes = usedBytes;
  }

  #forgetHandles(files: ReadonlySet<SimFile>): void {
    for (const file of files) file.handles = 0;
  }

  /** As `sync` does on the command line: everything is durable. */
  settle(): void {
    this.tree.journal.settle();
    for (const [, entry] of this.tree.walk()) {
      if (entry instanceof SimFile) entry.settle();
      else entry.kv?.settle();
    }
  }

  /** Makes a directory, durably, before any process runs: for what an operator prepares. */
  prepareDirectory(path: string): void {
    this.tree.mkdir(path);
    this.settle();
  }

  /** All files, sorted by path. */
  files(under = ""): FileFacts[] {
    const found: FileFacts[] = [];
    for (const [path, entry] of this.tree.walk()) {
      if (!(entry instanceof SimFile) || !path.startsWith(under)) continue;
      found.push({ path, sizeBytes: entry.size, unsyncedBytes: entry.unsyncedBytes });
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** What programs read now. */
  content(path: string): Uint8Array {
    return this.tree.file("read", path).content();
  }

  /** What of a file is sure to be there after the loss of power. */
  durable(path: string): Uint8Array {
    return this.tree.file("read", path).durable();
  }

  /** Bytes of the file, and changes of names, that a loss of power now may take back. */
  unsyncedBytes(path: string): number {
    return this.tree.file("read", path).unsyncedBytes;
  }

  /** The medium flips one bit of what is stored at `position`. */
  flipBit(path: string, position: number, bit = this.#random.below(8)): void {
    this.tree.file("rot", path).rot(position, 1, (stored) => {
      stored[0] = (stored[0] as number) ^ (1 << bit);
    });
  }

  /** What the medium damaged is brought back, as from a backup. */
  mend(path: string, position: number, bytes: Uint8Array): void {
    if (this.tree.find(path) !== undefined)
      this.tree
        .file("mend", path)
        .rot(position, bytes.length, (stored) => stored.set(bytes.subarray(0, stored.length)));
  }

  /** The medium loses the sector that `position` is in: it reads as zeros. */
  zeroSector(path: string, position: number): void {
    const start = position - (position % SECTOR_BYTES);
    this.tree.file("rot", path).rot(start, SECTOR_BYTES, (stored) => stored.fill(0));
  }
}
