import type { Disk, DiskFile } from "@ringtide/common";

/** A real disk whose fdatasync of log segments can be held back: what is held is not durable. */
export class GatedDisk {
  readonly disk: Disk;
  #held: (() => void)[] = [];
  #closed = false;

  constructor(inner: Disk) {
    this.disk = {
      open: async (path, mode) => {
        const file = await inner.open(path, mode);
        return path.includes("/log/") ? this.#gate(file) : file;
      },
      readFile: (path) => inner.readFile(path),
      replaceFile: (path, content) => inner.replaceFile(path, content),
      rename: (from, to) => inner.rename(from, to),
      link: (existing, added) => inner.link(existing, added),
      unlink: (path) => inner.unlink(path),
      mkdir: (path) => inner.mkdir(path),
      removeDir: (path) => inner.removeDir(path),
      list: (path) => inner.list(path),
      stat: (path) => inner.stat(path),
      syncDir: (path) => inner.syncDir(path),
      space: (path) => inner.space(path),
    };
  }

  #gate(file: DiskFile): DiskFile {
    return {
      read: (into, position) => file.read(into, position),
      write: (parts, position) => file.write(parts, position),
      datasync: async () => {
        if (this.#closed) await new Promise<void>((open) => this.#held.push(open));
        await file.datasync();
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  hold(): void {
    this.#closed = true;
  }

  release(): void {
    this.#closed = false;
    for (const open of this.#held.splice(0)) open();
  }
}
