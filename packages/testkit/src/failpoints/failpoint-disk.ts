import { type Disk, type DiskFile, type OpenMode, RingtideError } from "@ringtide/common";
import type { Failpoints } from "./failpoints.ts";
import { placeOfDirectory, placeOfFile } from "./places.ts";

/** What replaceFile of the real disk calls its file until it is whole. */
const temporaryOf = (path: string): string => `${path}.0.tmp`;

/** A disk with a failpoint before and after each call that changes something, and in the middle of writes. */
export function failpointDisk(inner: Disk, failpoints: Failpoints): Disk {
  /** Runs one call between its two failpoints; it waits while its place hangs. */
  async function step<T>(place: string, run: () => Promise<T>): Promise<T> {
    failpoints.reach(`${place}.before`);
    await failpoints.gate(place);
    const result = await run();
    failpoints.reach(`${place}.after`);
    return result;
  }

  async function open(path: string, mode: OpenMode): Promise<DiskFile> {
    const place = placeOfFile(path);
    if (mode !== "create") return new FailpointFile(await inner.open(path, mode), path, failpoints, step);
    requireRoom(failpoints, path);
    const file = await step(`${place}.create`, () => inner.open(path, mode));
    return new FailpointFile(file, path, failpoints, step);
  }

  async function replaceFile(path: string, content: Uint8Array): Promise<void> {
    const place = `${placeOfFile(path)}.replace`;
    requireRoom(failpoints, path);
    if (failpoints.isDue(`${place}.partial`)) {
      await leaveTemporary(inner, path, content.subarray(0, content.length >>> 1));
      failpoints.die(`${place}.partial`);
    }
    if (failpoints.isDue(`${place}.written`)) {
      await leaveTemporary(inner, path, content);
      failpoints.die(`${place}.written`);
    }
    await step(place, () => inner.replaceFile(path, content));
  }

  return {
    open,
    replaceFile,
    readFile: (path) => inner.readFile(path),
    rename: (from, to) => step(`${placeOfFile(from)}.rename`, () => inner.rename(from, to)),
    link: (existing, added) => step(`${placeOfFile(added)}.link`, () => inner.link(existing, added)),
    unlink: (path) => step(`${placeOfFile(path)}.unlink`, () => inner.unlink(path)),
    mkdir: (path) => step(`${placeOfDirectory(path)}.make`, () => inner.mkdir(path)),
    removeDir: (path) => step(`${placeOfDirectory(path)}.remove`, () => inner.removeDir(path)),
    list: (path) => inner.list(path),
    stat: (path) => inner.stat(path),
    syncDir: (path) => step(`${placeOfDirectory(path)}.sync`, () => inner.syncDir(path)),
    space: async (path) => ({ ...(await inner.space(path)), ...(failpoints.isFull ? { freeBytes: 0 } : {}) }),
  };
}

/** Leaves what a crash in the middle of replaceFile leaves. */
async function leaveTemporary(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const temporary = temporaryOf(path);
  await disk.unlink(temporary);
  const file = await disk.open(temporary, "create");
  await file.write([content], 0);
  await file.datasync();
}

function requireRoom(failpoints: Failpoints, path: string): void {
  if (failpoints.isFull) throw new RingtideError("DISK_FULL", `write of ${path} failed: no space left on device`);
}

type Step = <T>(place: string, run: () => Promise<T>) => Promise<T>;

class FailpointFile implements DiskFile {
  readonly #inner: DiskFile;
  readonly #path: string;
  readonly #place: string;
  readonly #failpoints: Failpoints;
  readonly #step: Step;

  constructor(inner: DiskFile, path: string, failpoints: Failpoints, step: Step) {
    this.#inner = inner;
    this.#path = path;
    this.#place = placeOfFile(path);
    this.#failpoints = failpoints;
    this.#step = step;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#inner.read(into, position);
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    requireRoom(this.#failpoints, this.#path);
    const partial = `${this.#place}.write.partial`;
    if (this.#failpoints.isDue(partial)) {
      await this.#inner.write(firstHalf(parts), position);
      this.#failpoints.die(partial);
    }
    await this.#step(`${this.#place}.write`, () => this.#inner.write(parts, position));
  }

  datasync(): Promise<void> {
    return this.#step(`${this.#place}.sync`, () => this.#inner.datasync());
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#step(`${this.#place}.truncate`, () => this.#inner.truncate(sizeBytes));
  }

  sizeBytes(): Promise<number> {
    return this.#inner.sizeBytes();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Half of the bytes, cut in the middle of a part where that falls so. */
function firstHalf(parts: readonly Uint8Array[]): Uint8Array[] {
  let left = parts.reduce((sum, part) => sum + part.length, 0) >>> 1;
  const half: Uint8Array[] = [];
  for (const part of parts) {
    if (left === 0) break;
    half.push(part.subarray(0, left));
    left -= Math.min(left, part.length);
  }
  return half;
}
