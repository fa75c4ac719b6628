import { crc32c } from "@node-rs/crc32";
import { assert, concatBytes, type Disk, type DiskFile } from "@ringtide/common";
import { selectHeader } from "../block/selectColumns.ts";
import { type BlockRef, FileBlock } from "./blockRef.ts";
import { FileIndex } from "./fileIndex.ts";
import {
  corrupt,
  type FileContent,
  type FileMeta,
  HEADER_BYTES,
  readHeader,
  readTrailer,
  TRAILER_BYTES,
} from "./format.ts";
import { readInto } from "./readInto.ts";

/** Two ranges with no more than this between them are read as one. */
const GAP_BYTES = 16 * 1024;

/**
 * Reads one immutable data file. Opening reads its index only, which stays in memory as bytes. Damage is DISK_CORRUPT with file and
 * offset. Reads may overlap; none may be under way at `close`.
 */
export class FileReader {
  readonly meta: FileMeta;
  readonly content: FileContent;
  readonly sizeBytes: number;
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #index: FileIndex;

  private constructor(
    path: string,
    file: DiskFile,
    sizeBytes: number,
    meta: FileMeta,
    content: FileContent,
    index: FileIndex,
  ) {
    this.#path = path;
    this.#file = file;
    this.sizeBytes = sizeBytes;
    this.meta = meta;
    this.content = content;
    this.#index = index;
  }

  static async open(disk: Disk, path: string): Promise<FileReader> {
    const file = await disk.open(path, "read");
    try {
      const sizeBytes = await file.sizeBytes();
      if (sizeBytes < HEADER_BYTES + TRAILER_BYTES) throw corrupt(path, sizeBytes, "too short for a data file");
      const meta = readHeader(await readAt(file, path, 0, HEADER_BYTES), path);
      const trailerAt = sizeBytes - TRAILER_BYTES;
      const { index, content } = readTrailer(await readAt(file, path, trailerAt, TRAILER_BYTES), path, trailerAt);
      const indexBytes = await readAt(file, path, index.offset, index.length);
      if (crc32c(indexBytes) !== index.crc) throw corrupt(path, index.offset, "the checksum of the index fails");
      return new FileReader(path, file, sizeBytes, meta, content, new FileIndex(indexBytes, path, index.offset));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Ids of the devices, in the order of the file. */
  devices(): Iterable<number> {
    return this.#index.devices();
  }

  /** Blocks of a device: those of one `addDevice` call in order of time, call after call. Parsed anew by each call. */
  blocks(deviceId: number): readonly BlockRef[] {
    return this.#index.blocks(deviceId);
  }

  /** The bytes of a block, as they were added; all checksums hold. */
  async read(ref: BlockRef): Promise<Uint8Array> {
    const { header, headerBytes, bodyOffset } = asFileBlock(ref);
    const block = new Uint8Array(header.sizeBytes + header.bodyBytes);
    block.set(headerBytes);
    const body = block.subarray(header.sizeBytes);
    await readInto(this.#file, this.#path, bodyOffset, body);
    this.#check(body.subarray(0, header.timeBytes), header.timeCrc, bodyOffset);
    for (let c = 0; c < header.columnCount; c++) {
      const start = header.columnStart(c);
      this.#check(body.subarray(start, start + header.columnBytes(c)), header.columnCrc(c), bodyOffset + start);
    }
    return block;
  }

  /** A block with only these columns of it, in this order, and its times; reads the bytes of no other column (but for small gaps). */
  async readColumns(ref: BlockRef, columns: readonly number[]): Promise<Uint8Array> {
    const { header, headerBytes, bodyOffset } = asFileBlock(ref);
    const ranges = [{ start: 0, length: header.timeBytes, crc: header.timeCrc }];
    for (const c of columns)
      ranges.push({ start: header.columnStart(c), length: header.columnBytes(c), crc: header.columnCrc(c) });
    const pieces = await this.#readRanges(bodyOffset, ranges);
    pieces.forEach((piece, i) => {
      const range = ranges[i];
      if (range !== undefined) this.#check(piece, range.crc, bodyOffset + range.start);
    });
    return concatBytes([selectHeader(headerBytes, header, columns), ...pieces]);
  }

  /** The bytes of each range, in the order given, with as few reads as make sense. */
  async #readRanges(
    offset: number,
    ranges: readonly { readonly start: number; readonly length: number }[],
  ): Promise<Uint8Array[]> {
    const sorted = ranges.toSorted((a, b) => a.start - b.start);
    const spans: { start: number; end: number }[] = [];
    for (const { start, length } of sorted) {
      const last = spans.at(-1);
      if (last !== undefined && start - last.end <= GAP_BYTES) last.end = Math.max(last.end, start + length);
      else spans.push({ start, end: start + length });
    }
    const read = await Promise.all(
      spans.map(async ({ start, end }) => ({
        start,
        end,
        bytes: await readAt(this.#file, this.#path, offset + start, end - start),
      })),
    );
    return ranges.map(({ start, length }) => {
      const span = read.find((one) => one.start <= start && start + length <= one.end);
      assert(span !== undefined, "each range was read");
      return span.bytes.subarray(start - span.start, start - span.start + length);
    });
  }

  #check(bytes: Uint8Array, crc: number, offset: number): void {
    if (crc32c(bytes) !== crc) throw corrupt(this.#path, offset, `a checksum fails over ${bytes.length} bytes`);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function asFileBlock(ref: BlockRef): FileBlock {
  assert(ref instanceof FileBlock, "a block of this file");
  return ref;
}

async function readAt(file: DiskFile, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(file, path, offset, bytes);
  return bytes;
}
