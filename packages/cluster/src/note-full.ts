import type { Disk, DiskFile } from "@ringtide/common";
import { hasCode } from "@ringtide/common";

/** The same disk; `onFull` is called whenever something did not fit on it. */
export function noteFull(inner: Disk, onFull: () => void): Disk {
  const noted = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      if (hasCode(error, "DISK_FULL")) onFull();
      throw error;
    }
  };
  const file = (opened: DiskFile): DiskFile => ({
    read: (into, position) => opened.read(into, position),
    write: (parts, position) => noted(opened.write(parts, position)),
    datasync: () => noted(opened.datasync()),
    truncate: (sizeBytes) => noted(opened.truncate(sizeBytes)),
    sizeBytes: () => opened.sizeBytes(),
    close: () => opened.close(),
  });
  return {
    open: async (path, mode) => file(await noted(inner.open(path, mode))),
    readFile: (path) => inner.readFile(path),
    replaceFile: (path, content) => noted(inner.replaceFile(path, content)),
    rename: (from, to) => noted(inner.rename(from, to)),
    link: (existing, added) => noted(inner.link(existing, added)),
    unlink: (path) => inner.unlink(path),
    mkdir: (path) => noted(inner.mkdir(path)),
    removeDir: (path) => inner.removeDir(path),
    list: (path) => inner.list(path),
    stat: (path) => inner.stat(path),
    syncDir: (path) => noted(inner.syncDir(path)),
    space: (path) => inner.space(path),
  };
}
