import type { FileHandle } from "node:fs/promises";
import { RingtideError } from "../errors.ts";
import type { DiskFile } from "../ports/index.ts";
import { diskError, guarded } from "./disk-errors.ts";

/**
 * Told when an fdatasync or fsync is handed to the kernel; what it returns is called once when that has ended. With a clock of its
 * own, an observer knows the latency and the age of the oldest pending one.
 */
export type FsyncObserver = (path: string) => (error?: RingtideError) => void;

/** An open file of the real disk. */
export class NodeFile implements DiskFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #observer: FsyncObserver | undefined;
  #syncFailure: RingtideError | undefined;
  #closed = false;

  constructor(handle: FileHandle, path: string, observer: FsyncObserver | undefined) {
    this.#handle = handle;
    this.#path = path;
    this.#observer = observer;
  }

  /**
   * After a failed fdatasync the kernel may have dropped the pages and call them clean: what a read then shows and what a
   * second sync confirms need not be on the disk. So the file takes nothing but `close` from then on.
   */
  #checkUsable(operation: string): void {
    if (this.#closed) throw new RingtideError("INTERNAL", `${operation} of ${this.#path} after close`);
    if (this.#syncFailure !== undefined)
      throw new RingtideError("DISK_IO", `${operation} of ${this.#path} refused: an earlier datasync of it failed`, {
        details: { operation, path: this.#path },
        cause: this.#syncFailure,
      });
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#checkUsable("read");
    return guarded("read", this.#path, async () => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await this.#handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    });
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    this.#checkUsable("write");
    await guarded("write", this.#path, async () => {
      let left = parts.filter((part) => part.length > 0);
      let at = position;
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left, at);
        at += bytesWritten;
        left = withoutFirst(left, bytesWritten);
      }
    });
  }

  async datasync(): Promise<void> {
    this.#checkUsable("datasync");
    const ended = this.#observer?.(this.#path);
    try {
      await this.#handle.datasync();
    } catch (error) {
      this.#syncFailure = diskError("datasync", this.#path, error);
      ended?.(this.#syncFailure);
      throw this.#syncFailure;
    }
    ended?.();
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#checkUsable("truncate");
    await guarded("truncate", this.#path, () => this.#handle.truncate(sizeBytes));
  }

  async sizeBytes(): Promise<number> {
    this.#checkUsable("stat");
    return (await guarded("stat", this.#path, () => this.#handle.stat())).size;
  }

  async close(): Promise<void> {
    if (this.#closed) throw new RingtideError("INTERNAL", `close of ${this.#path} after close`);
    this.#closed = true;
    await guarded("close", this.#path, () => this.#handle.close());
  }
}

/** What is still to write after `count` bytes of `parts` were. */
function withoutFirst(parts: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  for (const [i, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(i + 1)];
    left -= part.length;
  }
  return [];
}
