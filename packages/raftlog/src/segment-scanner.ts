import type { DiskFile } from "@ringtide/common";
import { checksumHolds, HEADER_BYTES, RecordKind, readFields, readKind, recordLength } from "./record.ts";

const WINDOW_BYTES = 2 * 1024 * 1024;

/** The bytes of a file from front to back, a window at a time. */
class Window {
  readonly #file: DiskFile;
  readonly #sizeBytes: number;
  bytes: Uint8Array;
  view: DataView;
  /** What is read of the file and not passed yet: bytes[at, filled). */
  at = 0;
  filled = 0;
  #nextOffset: number;

  constructor(file: DiskFile, fromOffset: number, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#nextOffset = fromOffset;
    this.bytes = new Uint8Array(Math.max(0, Math.min(WINDOW_BYTES, sizeBytes - fromOffset)));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Offset in the file of bytes[at]. */
  get offset(): number {
    return this.#nextOffset - (this.filled - this.at);
  }
  /** Bytes of the file from bytes[at] on. */
  get left(): number {
    return this.#sizeBytes - this.offset;
  }
  has(length: number): boolean {
    return this.filled - this.at >= length;
  }

  /** Reads on; `length` bytes, at most `left`, will be there. */
  async fill(length: number): Promise<void> {
    const old = this.bytes;
    if (length > old.length) {
      this.bytes = new Uint8Array(length);
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(old.subarray(this.at, this.filled));
    this.filled -= this.at;
    this.at = 0;
    const wanted = Math.min(this.bytes.length - this.filled, this.#sizeBytes - this.#nextOffset);
    const count = await this.#file.read(this.bytes.subarray(this.filled, this.filled + wanted), this.#nextOffset);
    this.filled += count;
    this.#nextOffset += count;
  }
}

/**
 * Called for each record, in order: it lies in the view at `at`, in the file at `offset`. False: its checksum holds, but it cannot stand
 * there.
 */
export type Visit = (view: DataView, at: number, offset: number, length: number) => boolean;

/**
 * Checks the records of a file in [from, to) one after the other and returns the offset where the first one starts that is damaged
 * or not whole; `to` when there is none.
 */
export async function scanRecords(file: DiskFile, from: number, to: number, visit: Visit): Promise<number> {
  const window = new Window(file, from, to);
  while (window.left >= HEADER_BYTES) {
    if (!window.has(HEADER_BYTES)) await window.fill(HEADER_BYTES);
    if (!window.has(HEADER_BYTES)) break;
    const length = recordLength(window.view, window.at);
    if (length === 0 || length > window.left) break;
    if (!window.has(length)) await window.fill(length);
    if (!window.has(length) || !checksumHolds(window.bytes, window.view, window.at, length)) break;
    if (!visit(window.view, window.at, window.offset, length)) break;
    window.at += length;
  }
  return window.offset;
}

/**
 * Offset of the first whole mark of a file in [from, to) that says that the log was durable beyond `durableBeyond`; undefined when there is
 * none. `base`: position of the file's first byte. A mark names its own position, so that one that only looks like one, inside of a
 * payload, is none.
 */
export async function findMark(
  file: DiskFile,
  from: number,
  to: number,
  base: number,
  durableBeyond: number,
): Promise<number | undefined> {
  const window = new Window(file, from, to);
  while (window.left >= HEADER_BYTES) {
    await window.fill(HEADER_BYTES);
    if (!window.has(HEADER_BYTES)) return undefined;
    for (; window.has(HEADER_BYTES); window.at++) {
      const { view, bytes, at } = window;
      if (readKind(view, at) !== RecordKind.MARK || recordLength(view, at) !== HEADER_BYTES) continue;
      if (!checksumHolds(bytes, view, at, HEADER_BYTES)) continue;
      const { index: position, term: durableUpTo } = readFields(view, at);
      if (position === base + window.offset && durableUpTo > durableBeyond) return window.offset;
    }
  }
  return undefined;
}
