import { concatBytes, type Disk, type DiskFile } from "@ringtide/common";
import type { LogImage } from "./log-image.ts";
import { readRecords } from "./log-parser.ts";

const SEGMENT = /\/segment-\d+\.log$/;

/** What a checker wants to know of the reads of a node. */
export interface DiskObserver {
  /** A part of the log on disk was read. */
  onLogRead(): void;
  /** What was written cannot be. It is not thrown at the program, which would take it for an error of its disk. */
  onViolation(violation: unknown): void;
}

/** The disk of a node, with an eye on what is written to its log. Everything is passed on as it is. */
export function watchDisk(inner: Disk, image: LogImage, observer: DiskObserver): Disk {
  return {
    open: async (path, mode) => {
      const file = await inner.open(path, mode);
      return SEGMENT.test(path) ? watchFile(file, path, image, observer) : file;
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

function watchFile(file: DiskFile, path: string, image: LogImage, observer: DiskObserver): DiskFile {
  return {
    read: (into, position) => {
      observer.onLogRead();
      return file.read(into, position);
    },
    write: async (parts, position) => {
      const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
      // Seen as written before it is: a crash in between is followed by a look at what the disk kept.
      readRecords(bytes, path, position, image);
      await file.write(parts, position);
    },
    datasync: async () => {
      const synced = image.beginSync(path);
      await file.datasync();
      try {
        synced();
      } catch (violation) {
        observer.onViolation(violation);
      }
    },
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  };
}
