import { crc32c } from "@node-rs/crc32";
import { ByteReader, ByteWriter, RingtideError } from "@ringtide/common";

/*
 * A data file: header, block bodies, index, trailer. Byte by byte in docs/internals/file-format.md.
 */
const HEADER_MAGIC = 0x46445452; // "RTDF"
const TRAILER_MAGIC = 0x45445452; // "RTDE"
const FILE_VERSION = 1;
export const HEADER_BYTES = 28;
export const TRAILER_BYTES = 48;

/** What a file says of its origin. */
export interface FileMeta {
  /** Raft group whose data it holds. */
  readonly group: number;
  /** Position in the group's log: the file holds what came before it. */
  readonly index: number;
  readonly encoderVersion: number;
}

/** What a file says of its content. */
export interface FileContent {
  /** Values that are present, over all series. */
  readonly points: number;
  /** Inclusive; 0 and −1 when the file has no rows. */
  readonly minTime: bigint;
  readonly maxTime: bigint;
}

export interface IndexPlace {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/** DISK_CORRUPT, naming file and offset. */
export function corrupt(path: string, offset: number, problem: string, cause?: unknown): RingtideError {
  return new RingtideError("DISK_CORRUPT", `${path}: ${problem} at byte ${offset}`, {
    details: { path, offset },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function writeHeader(meta: FileMeta): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES);
  writer.u32(HEADER_MAGIC).u16(FILE_VERSION).u16(0).u32(meta.group).u53(meta.index).u32(meta.encoderVersion);
  return writer.u32(crc32c(writer.view())).finish();
}

/** DISK_CORRUPT when the bytes are damaged, FORMAT_UNKNOWN when they are of a later version. */
export function readHeader(bytes: Uint8Array, path: string): FileMeta {
  const reader = new ByteReader(bytes, path);
  if (reader.u32() !== HEADER_MAGIC) throw corrupt(path, 0, "no data file: wrong magic number");
  checkEnd(bytes, HEADER_BYTES - 4, path, 0);
  const version = reader.u16();
  if (version !== FILE_VERSION) throw new RingtideError("FORMAT_UNKNOWN", `${path}: data file of version ${version}`);
  reader.u16();
  return { group: reader.u32(), index: reader.u53(), encoderVersion: reader.u32() };
}

export function writeTrailer(index: IndexPlace, content: FileContent): Uint8Array {
  const writer = new ByteWriter(TRAILER_BYTES);
  writer.u53(index.offset).u32(index.length).u32(index.crc);
  writer.u53(content.points).i64(content.minTime).i64(content.maxTime).u32(TRAILER_MAGIC);
  return writer.u32(crc32c(writer.view())).finish();
}

/** `offset` is where the trailer begins. */
export function readTrailer(
  bytes: Uint8Array,
  path: string,
  offset: number,
): { index: IndexPlace; content: FileContent } {
  checkEnd(bytes, TRAILER_BYTES - 4, path, offset);
  const reader = new ByteReader(bytes, path);
  const index = { offset: reader.u53(), length: reader.u32(), crc: reader.u32() };
  const content = { points: reader.u53(), minTime: reader.i64(), maxTime: reader.i64() };
  if (reader.u32() !== TRAILER_MAGIC) throw corrupt(path, offset, "no trailer of a data file");
  if (index.offset + index.length !== offset)
    throw corrupt(path, offset, "the trailer's index does not end where it begins");
  return { index, content };
}

function checkEnd(bytes: Uint8Array, at: number, path: string, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32c(bytes.subarray(0, at)) !== view.getUint32(at, true)) throw corrupt(path, offset, "checksum fails");
}
