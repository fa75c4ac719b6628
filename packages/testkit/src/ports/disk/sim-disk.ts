import type { Disk, DiskStat, OpenMode } from "@ringtide/common";
import type { Owner } from "../owner.ts";
import type { Scheduler } from "../scheduler.ts";
import type { DiskOperationName } from "./disk-device.ts";
import type { DiskStore } from "./disk-store.ts";
import { OpenFile } from "./open-file.ts";
import { SimDirectory } from "./sim-directory.ts";

/** The Disk port of one process on a simulated disk. */
export class SimDisk implements Disk {
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  readonly #store: DiskStore;
  #replacements = 0;

  constructor(scheduler: Scheduler, owner: Owner, store: DiskStore) {
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#store = store;
  }

  #perform<T>(name: DiskOperationName, path: string, effect: () => T): Promise<T> {
    return this.#store.device.perform(this.#owner, { name, path, effect });
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return this.#perform("open", path, () => {
      const file = mode === "create" ? this.#store.create("open", path) : this.#store.tree.file("open", path);
      return this.#opened(path, file, mode !== "read");
    });
  }

  #opened(path: string, file: ReturnType<DiskStore["create"]>, writable: boolean): OpenFile {
    return new OpenFile(this.#scheduler, this.#owner, this.#store, { file, path, writable });
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#perform("read", path, () => this.#store.content(path));
  }

  /** The steps of the real one, each of which a crash may come between. */
  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const temporary = `${path}.${this.#replacements++}.tmp`;
    try {
      const file = await this.#perform("open", temporary, () => {
        const { tree } = this.#store;
        const left = tree.find(temporary) === undefined ? undefined : tree.file("open", temporary);
        if (left !== undefined) this.#store.resize(left, temporary, 0);
        return this.#opened(temporary, left ?? this.#store.create("open", temporary), true);
      });
      try {
        await file.write([content], 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.rename(temporary, path);
    } catch (error) {
      await this.unlink(temporary).catch(() => undefined);
      throw error;
    }
    await this.syncDir(parentOf(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#perform("rename", `${from} to ${to}`, () => this.#store.rename(from, to));
  }

  link(existing: string, added: string): Promise<void> {
    return this.#perform("link", `${existing} to ${added}`, () => this.#store.tree.link(existing, added));
  }

  unlink(path: string): Promise<void> {
    return this.#perform("unlink", path, () => {
      const { tree } = this.#store;
      if (tree.find(path) !== undefined) this.#store.released(tree.unlink(path));
    });
  }

  mkdir(path: string): Promise<void> {
    return this.#perform("mkdir", path, () => this.#store.tree.mkdir(path));
  }

  removeDir(path: string): Promise<void> {
    return this.#perform("rm", path, () => this.#store.released(...this.#store.tree.removeDir(path)));
  }

  list(path: string): Promise<string[]> {
    return this.#perform("list", path, () => [...this.#store.tree.directory("list", path).names.keys()].sort());
  }

  stat(path: string): Promise<DiskStat | undefined> {
    return this.#perform("stat", path, () => {
      const found = this.#store.tree.find(path);
      if (found === undefined) return undefined;
      if (found instanceof SimDirectory) return { sizeBytes: 4096, isDirectory: true };
      return { sizeBytes: found.size, isDirectory: false };
    });
  }

  async syncDir(path: string): Promise<void> {
    const { journal } = this.#store.tree;
    const directory = await this.#perform("open", path, () => this.#store.tree.directory("open", path));
    await this.#perform("fsync", path, journal.beginSync(directory));
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#perform("statfs", path, () => {
      this.#store.tree.directory("statfs", path);
      return { freeBytes: this.#store.freeBytes, totalBytes: this.#store.totalBytes };
    });
  }
}

/** The directory that a name is in, by the text alone. */
function parentOf(path: string): string {
  const slash = path.replace(/\/+$/, "").lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}
