import { existsSync, linkSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Disk, type DiskFile, type Kv, RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";

/** A change of a directory that is lost with the power as long as the directory is not synced. */
interface Unsynced {
  readonly directory: string;
  readonly undo: () => void;
}

interface CrashOptions {
  /** `crash` takes back what was done to directories and not synced. */
  readonly losesNames?: boolean;
  /** How many calls fail; all from the first on when left out. */
  readonly calls?: number;
}

/** Changes that opening a replica makes by itself: it makes sure that its directory is durable. */
export const OPENING_CHANGES = 1;

/** The real disk and store until they have made `changes` changes: then every call fails, as when the power goes. */
export class CrashingPorts {
  readonly disk: Disk;
  readonly wrapKv: (kv: Kv) => Kv;
  /** The changes made, by name. */
  readonly made: string[] = [];
  readonly #losesNames: boolean;
  readonly #backups = mkdtempSync(join(tmpdir(), "ringtide-backups-"));
  #left: number;
  #calls: number;
  #unsynced: Unsynced[] = [];
  #backupCount = 0;

  constructor(changes: number, { losesNames = false, calls = Number.POSITIVE_INFINITY }: CrashOptions = {}) {
    this.#left = changes;
    this.#calls = calls;
    this.#losesNames = losesNames;
    this.disk = this.#wrapDisk(createDisk());
    this.wrapKv = (kv) => ({
      get: async (key) => kv.get(key),
      write: async (batch, options) => this.#change("kv.write", () => kv.write(batch, options)),
      entries: (range) => kv.entries(range),
      close: async () => kv.close(),
    });
  }

  /** To be called when nothing uses the ports any more. */
  crash(): void {
    if (this.#losesNames) for (const { undo } of this.#unsynced.reverse()) undo();
    rmSync(this.#backups, { recursive: true });
  }

  #live(): void {
    if (this.#left >= 0 || this.#calls <= 0) return;
    this.#calls--;
    throw new RingtideError("DISK_IO", "the power is gone");
  }

  async #change<T>(name: string, make: () => Promise<T>): Promise<T> {
    this.#left--;
    this.#live();
    this.made.push(name);
    return make();
  }

  /** Keeps what is at `path` under another name; returns how to put it back. */
  #backup(path: string): () => void {
    if (!existsSync(path)) return () => undefined;
    const kept = join(this.#backups, String(this.#backupCount++));
    linkSync(path, kept);
    return () => linkSync(kept, path);
  }

  #note(path: string, undo: () => void): void {
    this.#unsynced.push({ directory: dirname(path), undo });
  }

  #wrapFile(file: DiskFile): DiskFile {
    return {
      read: async (into, position) => {
        this.#live();
        return file.read(into, position);
      },
      write: async (parts, position) => this.#change("write", () => file.write(parts, position)),
      datasync: async () => this.#change("datasync", () => file.datasync()),
      truncate: async (sizeBytes) => this.#change("truncate", () => file.truncate(sizeBytes)),
      sizeBytes: async () => file.sizeBytes(),
      close: async () => file.close(),
    };
  }

  #wrapDisk(real: Disk): Disk {
    return {
      open: async (path, mode) => {
        this.#live();
        if (mode !== "create") return this.#wrapFile(await real.open(path, mode));
        return this.#change("create", async () => {
          const file = await real.open(path, mode);
          this.#note(path, () => rmSync(path));
          return this.#wrapFile(file);
        });
      },
      readFile: async (path) => real.readFile(path),
      replaceFile: async (path, content) => this.#change("replaceFile", () => real.replaceFile(path, content)),
      rename: async (from, to) =>
        this.#change("rename", async () => {
          const putBack = this.#backup(to);
          await real.rename(from, to);
          this.#note(to, () => {
            renameSync(to, from);
            putBack();
          });
        }),
      link: async (existing, added) =>
        this.#change("link", async () => {
          await real.link(existing, added);
          this.#note(added, () => rmSync(added));
        }),
      unlink: async (path) =>
        this.#change("unlink", async () => {
          const putBack = this.#backup(path);
          await real.unlink(path);
          this.#note(path, putBack);
        }),
      mkdir: async (path) => real.mkdir(path),
      removeDir: async (path) => this.#change("removeDir", () => real.removeDir(path)),
      list: async (path) => real.list(path),
      stat: async (path) => {
        this.#live();
        return real.stat(path);
      },
      syncDir: async (path) =>
        this.#change("syncDir", async () => {
          await real.syncDir(path);
          this.#unsynced = this.#unsynced.filter(({ directory }) => directory !== path);
        }),
      space: async (path) => real.space(path),
    };
  }
}
