import { constants } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, stat, statfs, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk, DiskFile, DiskStat, OpenMode } from "../ports/index.ts";
import { diskError, guarded, hasErrno } from "./disk-errors.ts";
import { type FsyncObserver, NodeFile } from "./disk-file.ts";

export interface DiskOptions {
  readonly fsyncObserver?: FsyncObserver;
}

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  readWrite: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** The machine's file system. */
export function createDisk(options: DiskOptions = {}): Disk {
  return new NodeDisk(options.fsyncObserver);
}

class NodeDisk implements Disk {
  readonly #observer: FsyncObserver | undefined;
  #replacements = 0;

  constructor(observer: FsyncObserver | undefined) {
    this.#observer = observer;
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#openWith(path, OPEN_FLAGS[mode]);
  }

  async #openWith(path: string, flags: number): Promise<NodeFile> {
    const handle = await guarded("open", path, () => open(path, flags));
    return new NodeFile(handle, path, this.#observer);
  }

  async readFile(path: string): Promise<Uint8Array> {
    const buffer = await guarded("read", path, () => readFile(path));
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    // Numbered from 0 in each process: calls at the same time do not share a file, and what a crash leaves is overwritten later.
    const temporary = `${path}.${this.#replacements++}.tmp`;
    try {
      const file = await this.#openWith(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
      try {
        await file.write([content], 0);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.rename(temporary, path);
    } catch (error) {
      await this.unlink(temporary);
      throw error;
    }
    await this.syncDir(dirname(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await guarded("rename", `${from} to ${to}`, () => rename(from, to));
  }

  async link(existing: string, added: string): Promise<void> {
    await guarded("link", `${existing} to ${added}`, () => link(existing, added));
  }

  async unlink(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw diskError("unlink", path, error);
    }
  }

  async mkdir(path: string): Promise<void> {
    await guarded("mkdir", path, () => mkdir(path, { recursive: true }));
  }

  async removeDir(path: string): Promise<void> {
    await guarded("rm", path, () => rm(path, { recursive: true, force: true }));
  }

  async list(path: string): Promise<string[]> {
    return (await guarded("list", path, () => readdir(path))).sort();
  }

  async stat(path: string): Promise<DiskStat | undefined> {
    try {
      const found = await stat(path);
      return { sizeBytes: found.size, isDirectory: found.isDirectory() };
    } catch (error) {
      if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return undefined;
      throw diskError("stat", path, error);
    }
  }

  async syncDir(path: string): Promise<void> {
    const handle = await guarded("open", path, () => open(path, constants.O_RDONLY | constants.O_DIRECTORY));
    const ended = this.#observer?.(path);
    try {
      await handle.sync();
      ended?.();
    } catch (error) {
      const failure = diskError("fsync", path, error);
      ended?.(failure);
      throw failure;
    } finally {
      await guarded("close", path, () => handle.close());
    }
  }

  async space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const { bavail, blocks, bsize } = await guarded("statfs", path, () => statfs(path));
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }
}
