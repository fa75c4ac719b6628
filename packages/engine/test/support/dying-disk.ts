import { type Disk, type DiskFile, type OpenMode, RingtideError } from "@ringtide/common";
import { createDisk } from "@ringtide/common/node";

/** The real disk, until it has made `changes` changes: then every call fails, as when the power goes. */
export function dyingDisk(changes: number): Disk {
  const real = createDisk();
  let left = changes;
  const live = () => {
    if (left < 0) throw new RingtideError("DISK_IO", "the disk is gone");
  };
  const change = () => {
    left--;
    live();
  };
  const file = (opened: DiskFile): DiskFile => ({
    read: async (into, position) => {
      live();
      return opened.read(into, position);
    },
    write: async (parts, position) => {
      change();
      await opened.write(parts, position);
    },
    datasync: async () => {
      change();
      await opened.datasync();
    },
    truncate: async (sizeBytes) => {
      change();
      await opened.truncate(sizeBytes);
    },
    sizeBytes: async () => opened.sizeBytes(),
    close: async () => opened.close(),
  });
  return {
    open: async (path: string, mode: OpenMode) => {
      if (mode === "create") change();
      live();
      return file(await real.open(path, mode));
    },
    readFile: async (path) => real.readFile(path),
    replaceFile: async (path, content) => {
      change();
      await real.replaceFile(path, content);
    },
    rename: async (from, to) => {
      change();
      await real.rename(from, to);
    },
    link: async (existing, added) => {
      change();
      await real.link(existing, added);
    },
    unlink: async (path) => {
      change();
      await real.unlink(path);
    },
    mkdir: async (path) => real.mkdir(path),
    removeDir: async (path) => {
      change();
      await real.removeDir(path);
    },
    list: async (path) => real.list(path),
    stat: async (path) => real.stat(path),
    syncDir: async (path) => {
      change();
      await real.syncDir(path);
    },
    space: async (path) => real.space(path),
  };
}
