import { crc32c } from "@node-rs/crc32";
import { assert, ByteReader, ByteWriter, type Disk, type DiskFile, hasCode, RingtideError } from "@ringtide/common";
import { createDigest, type Digest, readInto } from "@ringtide/tsfile";
import type { StoreEntry } from "./store.ts";

/*
 * The state file of a snapshot: a header and parts one after the other, byte by byte in docs/internals/file-format.md.
 */
const MAGIC = 0x53535452; // "RTSS"
const VERSION = 1;
const HEADER_BYTES = 24;
const PART_HEADER_BYTES = 12;
/** A part ends with the entry that fills it; an entry is at most a value of the store and its key. */
const PART_BYTES = 256 * 1024;
const MAX_PART_BYTES = 4 * 1024 * 1024;

/** Called between two steps, to give up the turn or, by throwing, the work. */
type Pause = () => Promise<void>;

/** Group and checkpoint that a state file is of. */
export interface StateOrigin {
  readonly group: number;
  readonly index: number;
}

/** Writes a new state file. Its bytes are durable then, its name is not yet. To give up, call `abort`. */
export class StateWriter {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #digest: Digest;
  #sizeBytes = 0;
  #isClosed = false;

  private constructor(disk: Disk, path: string, file: DiskFile, digest: Digest) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#digest = digest;
  }

  static async create(disk: Disk, path: string): Promise<StateWriter> {
    const digest = await createDigest();
    return new StateWriter(disk, path, await disk.open(path, "create"), digest);
  }

  /** Writes all entries, a part at a time, and ends the file. Reading them begins first, so that they are let go when it fails. */
  async write(
    { group, index }: StateOrigin,
    entries: AsyncIterable<StoreEntry>,
    pause: Pause,
  ): Promise<{ readonly sizeBytes: number; readonly digest: string }> {
    const header = new ByteWriter(HEADER_BYTES).u32(MAGIC).u16(VERSION).u16(0).u32(group).u53(index);
    const waiting = [header.u32(crc32c(header.view())).finish()];
    let part = new ByteWriter(PART_BYTES * 2);
    let count = 0;
    for await (const [key, value] of entries) {
      part.bytes(key).bytes(value);
      count++;
      if (part.length < PART_BYTES) continue;
      waiting.push(sealed(part, count));
      await this.#append(waiting.splice(0));
      part = new ByteWriter(PART_BYTES * 2);
      count = 0;
      await pause();
    }
    if (count > 0) waiting.push(sealed(part, count));
    waiting.push(sealed(new ByteWriter(0), 0));
    await this.#append(waiting);
    await this.#file.datasync();
    await this.#close();
    return { sizeBytes: this.#sizeBytes, digest: this.#digest.hex() };
  }

  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) this.#digest.update(piece);
    await this.#file.write(pieces, this.#sizeBytes);
    for (const piece of pieces) this.#sizeBytes += piece.length;
  }

  /** Removes what was written, as far as the disk lets it. */
  async abort(): Promise<void> {
    await Promise.allSettled([this.#close(), this.#disk.unlink(this.#path)]);
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.close();
  }
}

/** The part with its header; the checksum covers both. */
function sealed(part: ByteWriter, count: number): Uint8Array {
  assert(part.length <= MAX_PART_BYTES, "a part of a state file is bounded");
  const body = part.view();
  const start = new ByteWriter(PART_HEADER_BYTES + body.length).u32(body.length).u32(count);
  return start
    .u32(crc32c(body, crc32c(start.view())))
    .raw(body)
    .finish();
}

/** Reads what StateWriter wrote: DISK_CORRUPT with file and offset for anything else. */
export async function readState(
  disk: Disk,
  path: string,
  pause: Pause,
): Promise<StateOrigin & { readonly entries: readonly StoreEntry[] }> {
  const file = await disk.open(path, "read");
  try {
    const origin = readHeader(await readAt(file, path, 0, HEADER_BYTES), path);
    const entries: StoreEntry[] = [];
    let at = HEADER_BYTES;
    for (;;) {
      const part = await readPart(file, path, at);
      at += PART_HEADER_BYTES + part.body.length;
      if (part.count === 0) break;
      for (const entry of entriesOf(part.body, part.count, path)) entries.push(entry);
      await pause();
    }
    if (at !== (await file.sizeBytes())) throw damaged(path, at, "bytes after its end");
    return { ...origin, entries };
  } finally {
    await file.close();
  }
}

function readHeader(bytes: Uint8Array, path: string): StateOrigin {
  const body = bytes.subarray(0, HEADER_BYTES - 4);
  const crc = new ByteReader(bytes.subarray(body.length), path).u32();
  const reader = new ByteReader(body, path);
  if (crc32c(body) !== crc || reader.u32() !== MAGIC) throw damaged(path, 0, "no header of a state file");
  const version = reader.u16();
  if (version !== VERSION) throw new RingtideError("FORMAT_UNKNOWN", `${path}: state file of version ${version}`);
  reader.u16();
  return { group: reader.u32(), index: reader.u53() };
}

async function readPart(file: DiskFile, path: string, at: number): Promise<{ count: number; body: Uint8Array }> {
  const header = await readAt(file, path, at, PART_HEADER_BYTES);
  const reader = new ByteReader(header, path);
  const length = reader.u32();
  const count = reader.u32();
  if (length > MAX_PART_BYTES) throw damaged(path, at, `a part of ${length} bytes`);
  const body = await readAt(file, path, at + PART_HEADER_BYTES, length);
  if (crc32c(body, crc32c(header.subarray(0, 8))) !== reader.u32())
    throw damaged(path, at, "the checksum of a part fails");
  return { count, body };
}

function entriesOf(body: Uint8Array, count: number, path: string): StoreEntry[] {
  const reader = new ByteReader(body, path);
  try {
    const entries = Array.from({ length: count }, (): StoreEntry => [reader.bytes(), reader.bytes()]);
    reader.end();
    return entries;
  } catch (error) {
    if (!hasCode(error, "FRAME_MALFORMED")) throw error;
    throw new RingtideError("DISK_CORRUPT", error.message, { details: { path }, cause: error });
  }
}

async function readAt(file: DiskFile, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(file, path, offset, bytes);
  return bytes;
}

function damaged(path: string, offset: number, problem: string): RingtideError {
  return new RingtideError("DISK_CORRUPT", `${path}: ${problem} at byte ${offset}`, { details: { path, offset } });
}
