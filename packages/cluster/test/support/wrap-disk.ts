import type { Disk } from "@ringtide/common";

/** A disk that passes everything on, but for the calls that `changes` answers itself. */
export function wrapDisk(inner: Disk, changes: Partial<Disk>): Disk {
  return {
    open: (path, mode) => inner.open(path, mode),
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
    ...changes,
  };
}
