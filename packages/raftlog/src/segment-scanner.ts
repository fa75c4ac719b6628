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
    this.bytes = new Uint8Array(Math.min(WINDOW_BYTES, sizeBytes - fromOffset));
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

/** Called for each record, in order: it lies in the view at `at`, in the file at `offset`. */
export type Visit = (view: DataView, at: number, offset: number, length: number) => void;

/**
 * Checks the records of a segment one after the other and returns the offset where the first one starts that is damaged or
 * not whole; the size of the file when there is none.
 */
export async function scanSegment(file: DiskFile, sizeBytes: number, visit: Visit): Promise<number> {
  const window = new Window(file, 0, sizeBytes);
  while (window.left >= HEADER_BYTES) {
    if (!window.has(HEADER_BYTES)) await window.fill(HEADER_BYTES);
    if (!window.has(HEADER_BYTES)) break;
    const length = recordLength(window.view, window.at);
    if (length === 0 || length > window.left) break;
    if (!window.has(length)) await window.fill(length);
    if (!window.has(length) || !checksumHolds(window.bytes, window.view, window.at, length)) break;
    visit(window.view, window.at, window.offset, length);
    window.at += length;
  }
  return window.offset;
}

/**
 * True when some whole mark behind `fromOffset` says that the log was durable beyond that place. `base`: position of the
 * segment's first byte. A mark names its own position, so that one that only looks like one, inside of a payload, is none.
 */
export async function hasLaterMark(
  file: DiskFile,
  fromOffset: number,
  sizeBytes: number,
  base: number,
): Promise<boolean> {
  const window = new Window(file, fromOffset, sizeBytes);
  while (window.left >= HEADER_BYTES) {
    await window.fill(HEADER_BYTES);
    if (!window.has(HEADER_BYTES)) return false;
    for (; window.has(HEADER_BYTES); window.at++) {
      const { view, bytes, at } = window;
      if (readKind(view, at) !== RecordKind.MARK || recordLength(view, at) !== HEADER_BYTES) continue;
      if (!checksumHolds(bytes, view, at, HEADER_BYTES)) continue;
      const { index: position, term: durableUpTo } = readFields(view, at);
      if (position === base + window.offset && durableUpTo > base + fromOffset) return true;
    }
  }
  return false;
}
