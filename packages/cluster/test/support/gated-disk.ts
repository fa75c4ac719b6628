import type { Disk, DiskFile } from "@ringtide/common";
import { wrapDisk } from "./wrap-disk.ts";

/** A real disk whose fdatasync of log segments can be held back: what is held is not durable. */
export class GatedDisk {
  readonly disk: Disk;
  #held: (() => void)[] = [];
  #closed = false;

  constructor(inner: Disk) {
    this.disk = wrapDisk(inner, {
      open: async (path, mode) => {
        const file = await inner.open(path, mode);
        return path.includes("/log/") ? this.#gate(file) : file;
      },
    });
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
