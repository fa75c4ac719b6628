import { type DiskFile, RingtideError } from "@ringtide/common";
import type { Owner } from "../owner.ts";
import type { Scheduler } from "../scheduler.ts";
import type { DiskOperation } from "./disk-device.ts";
import { diskError } from "./disk-error.ts";
import type { DiskStore } from "./disk-store.ts";
import type { SimFile } from "./sim-file.ts";

/** An open file of a simulated disk. As with the real one, a failed datasync leaves nothing but `close`. */
export class OpenFile implements DiskFile {
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  readonly #store: DiskStore;
  readonly #file: SimFile;
  readonly #path: string;
  readonly #writable: boolean;
  #syncFailure: unknown;
  #closed = false;

  constructor(
    scheduler: Scheduler,
    owner: Owner,
    store: DiskStore,
    opened: { readonly file: SimFile; readonly path: string; readonly writable: boolean },
  ) {
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#store = store;
    this.#file = opened.file;
    this.#path = opened.path;
    this.#writable = opened.writable;
    this.#file.handles++;
  }

  #checkUsable(operation: string): void {
    if (this.#closed) throw new RingtideError("INTERNAL", `${operation} of ${this.#path} after close`);
    if (this.#syncFailure !== undefined)
      throw new RingtideError("DISK_IO", `${operation} of ${this.#path} refused: an earlier datasync of it failed`, {
        details: { operation, path: this.#path },
        cause: this.#syncFailure,
      });
  }

  async #perform<T>(operation: Omit<DiskOperation<T>, "path">): Promise<T> {
    this.#checkUsable(operation.name);
    return this.#store.device.perform(this.#owner, { ...operation, path: this.#path });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#perform({ name: "read", effect: () => this.#file.read(into, position), torn: () => undefined });
  }

  /** The bytes are taken when the write completes: as with the real disk, they have to stay as they are until then. */
  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#perform({
      name: "write",
      effect: () => {
        if (!this.#writable) throw diskError("write", this.#path, "EBADF");
        this.#scheduler.trace.integer(position);
        for (const part of parts) this.#scheduler.trace.bytes(part);
        this.#store.write(this.#file, this.#path, parts, position);
      },
      torn: (random) => {
        if (this.#writable) this.#writeSome(parts, position, random.below(bytes + 1));
      },
    });
  }

  #writeSome(parts: readonly Uint8Array[], position: number, bytes: number): void {
    let at = 0;
    for (const part of parts) {
      const some = part.subarray(0, Math.max(0, bytes - at));
      if (some.length > 0 && some.length <= this.#store.freeBytes)
        this.#store.write(this.#file, this.#path, [some], position + at);
      at += part.length;
    }
  }

  async datasync(): Promise<void> {
    this.#checkUsable("datasync");
    const end = this.#owner.isAlive ? this.#file.beginSync() : () => undefined;
    try {
      await this.#perform({ name: "datasync", effect: () => end("done"), failed: () => end("failed") });
    } catch (error) {
      this.#syncFailure ??= error;
      throw error;
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#perform({
      name: "truncate",
      effect: () => this.#store.resize(this.#file, this.#path, sizeBytes),
    });
  }

  sizeBytes(): Promise<number> {
    return this.#perform({ name: "stat", effect: () => this.#file.size });
  }

  async close(): Promise<void> {
    if (this.#closed) throw new RingtideError("INTERNAL", `close of ${this.#path} after close`);
    this.#closed = true;
    await this.#store.device.perform(this.#owner, {
      name: "close",
      path: this.#path,
      effect: () => {
        this.#file.handles--;
        this.#store.released(this.#file);
      },
    });
  }
}
