import { concatBytes, type Disk, type DiskFile, type OpenMode, RingtideError } from "@ringtide/common";

const SECTOR_BYTES = 512;

/** Integers from a seed (mulberry32), the same on every run. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

interface Inode {
  content: Uint8Array;
  durable: Uint8Array;
  /** Changes since the last sync, in order. */
  pending: ({ readonly at: number; readonly bytes: Uint8Array } | { readonly truncatedTo: number })[];
}

/**
 * A disk in memory that can lose power (what was not synced survives in part, sector by sector), fill up, and fail at a chosen operation
 * as if the power went then.
 */
export class MemoryDisk implements Disk {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  readonly #random: Seeded;
  /** Bytes that all files together may take. */
  budgetBytes = Number.POSITIVE_INFINITY;
  /** The power goes at the changing operation that brings it to 0. */
  operationsLeft = Number.POSITIVE_INFINITY;

  constructor(random: Seeded) {
    this.#random = random;
  }

  /** The power goes and comes back. */
  crash(): void {
    const names = new Map<string, Inode>();
    for (const path of [...new Set([...this.#names.keys(), ...this.#durableNames.keys()])].sort()) {
      const inode = this.#random.chance(50) ? this.#names.get(path) : this.#durableNames.get(path);
      if (inode !== undefined) names.set(path, inode);
    }
    for (const inode of new Set(names.values())) this.#settle(inode);
    this.#names = names;
    this.#durableNames = new Map(names);
    this.operationsLeft = Number.POSITIVE_INFINITY;
  }

  #settle(inode: Inode): void {
    let content = inode.durable;
    for (const change of inode.pending) {
      if ("truncatedTo" in change) {
        if (this.#random.chance(50)) content = content.slice(0, change.truncatedTo);
        continue;
      }
      const { at, bytes } = change;
      for (let from = at; from < at + bytes.length; ) {
        const to = Math.min(at + bytes.length, from - (from % SECTOR_BYTES) + SECTOR_BYTES);
        if (this.#random.chance(60)) content = overwritten(content, from, bytes.subarray(from - at, to - at));
        from = to;
      }
    }
    inode.content = content.slice();
    inode.durable = content.slice();
    inode.pending = [];
  }

  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  contentOf(path: string): Uint8Array {
    return this.#inode(path).content;
  }

  /** Something other than the program changes a file, or removes it when `content` is undefined. */
  damage(path: string, content: Uint8Array | undefined): void {
    if (content === undefined) this.#names.delete(path);
    else this.#names.set(path, { content, durable: content.slice(), pending: [] });
    this.#durableNames = new Map(this.#names);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new RingtideError("DISK_NOT_FOUND", `no ${path}`);
    return inode;
  }

  /** Counts a changing operation; true when the power goes during it. */
  #goes(): boolean {
    if (this.operationsLeft <= 0) throw new RingtideError("DISK_IO", "the power is gone");
    return --this.operationsLeft === 0;
  }

  #room(): number {
    const used = [...new Set(this.#names.values())].reduce((sum, { content }) => sum + content.length, 0);
    return Math.max(0, this.budgetBytes - used);
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    if (mode === "create") {
      if (this.#names.has(path)) throw new RingtideError("DISK_EXISTS", `${path} is there`);
      if (this.#room() === 0) throw new RingtideError("DISK_FULL", `no room for ${path}`);
      const goes = this.#goes();
      this.#names.set(path, { content: new Uint8Array(0), durable: new Uint8Array(0), pending: [] });
      if (goes) throw new RingtideError("DISK_IO", "the power is gone");
    }
    return this.#file(this.#inode(path));
  }

  #file(inode: Inode): DiskFile {
    return {
      read: async (into, position) => {
        const part = inode.content.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      write: async (parts, position) => {
        const goes = this.#goes();
        const bytes = concatBytes(parts);
        const growth = Math.max(0, position + bytes.length - inode.content.length);
        const fitting = bytes.subarray(0, bytes.length - Math.max(0, growth - this.#room()));
        if (fitting.length > 0) {
          inode.content = overwritten(inode.content, position, fitting);
          inode.pending.push({ at: position, bytes: fitting });
        }
        if (goes) throw new RingtideError("DISK_IO", "the power is gone");
        if (fitting.length < bytes.length) throw new RingtideError("DISK_FULL", "no room");
      },
      datasync: async () => {
        if (this.#goes()) throw new RingtideError("DISK_IO", "the power is gone");
        inode.durable = inode.content;
        inode.pending = [];
      },
      truncate: async (sizeBytes) => {
        const goes = this.#goes();
        inode.content = inode.content.slice(0, sizeBytes);
        inode.pending.push({ truncatedTo: sizeBytes });
        if (goes) throw new RingtideError("DISK_IO", "the power is gone");
      },
      sizeBytes: async () => inode.content.length,
      close: async () => undefined,
    };
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#inode(path).content.slice();
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const goes = this.#goes();
    if (content.length > this.#room()) throw new RingtideError("DISK_FULL", `no room for ${path}`);
    if (!goes || this.#random.chance(50)) {
      const inode = { content: content.slice(), durable: content.slice(), pending: [] };
      this.#names.set(path, inode);
      this.#durableNames.set(path, inode);
    }
    if (goes) throw new RingtideError("DISK_IO", "the power is gone");
  }

  async unlink(path: string): Promise<void> {
    const goes = this.#goes();
    this.#names.delete(path);
    if (goes) throw new RingtideError("DISK_IO", "the power is gone");
  }

  async syncDir(): Promise<void> {
    if (this.#goes()) throw new RingtideError("DISK_IO", "the power is gone");
    this.#durableNames = new Map(this.#names);
  }

  async list(directory: string): Promise<string[]> {
    const start = `${directory}/`;
    return this.paths()
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length));
  }

  async stat(path: string) {
    const inode = this.#names.get(path);
    if (inode !== undefined) return { sizeBytes: inode.content.length, isDirectory: false };
    return this.paths().some((each) => each.startsWith(`${path}/`)) ? { sizeBytes: 0, isDirectory: true } : undefined;
  }

  async mkdir(): Promise<void> {}
  async rename(): Promise<void> {
    throw new RingtideError("INTERNAL", "the log renames nothing");
  }
  async link(): Promise<void> {
    throw new RingtideError("INTERNAL", "the log links nothing");
  }
  async removeDir(): Promise<void> {
    throw new RingtideError("INTERNAL", "the log removes no directory");
  }
  async space() {
    return { freeBytes: this.#room(), totalBytes: this.budgetBytes };
  }
}

function overwritten(content: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const changed = new Uint8Array(Math.max(content.length, at + bytes.length));
  changed.set(content);
  changed.set(bytes, at);
  return changed;
}
