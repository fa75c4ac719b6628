import { crc32c } from "@node-rs/crc32";
import { RingtideError } from "@ringtide/common";
import { EntryKind } from "@ringtide/raft";

/**
 * Layout of a record, little-endian. Magic, length and checksum stay where they are in every version, so that a record
 * of an unknown version can be told from damage.
 *
 *      0  u32  CRC32C of everything after it, body included
 *      4  u16  magic
 *      6  u8   format version
 *      7  u8   kind: below 128 the entry kinds of Raft, from 128 on the log's own
 *      8  u32  length of the body
 *     12  u32  group
 *     16  u53  term      in 8 bytes, as the following
 *     24  u53  index
 *     32  u53  session
 *     40  u53  sequence
 *     48  body
 */
export const HEADER_BYTES = 48;
export const CRC_BYTES = 4;
const MAGIC = 0x5752;
const VERSION = 1;

/** No body is longer, whatever maxEntryBytes says: bounds what damage can make a reader allocate. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Kinds of the log's own records, and what their header fields hold. */
export const RecordKind = {
  /** term, index = vote. */
  HARD_STATE: 128,
  /** index = position of this mark, term = position up to which the log is durable. */
  MARK: 129,
  /** First of a segment. index = position of its first byte, sequence = number of the segment, body = identity of the node. */
  SEGMENT: 130,
} as const;

const ENTRY_KINDS: ReadonlySet<number> = new Set(Object.values(EntryKind));
const OWN_KINDS: ReadonlySet<number> = new Set(Object.values(RecordKind));

/** The fields of a header; `kind` as in the layout. */
export interface RecordFields {
  readonly kind: number;
  readonly group: number;
  readonly term: number;
  readonly index: number;
  readonly session: number;
  readonly sequence: number;
}

function setU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}

function getU53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

/** Writes all of the header but the checksum. */
export function writeHeader(
  view: DataView,
  at: number,
  kind: number,
  group: number,
  term: number,
  index: number,
  session: number,
  sequence: number,
  bodyBytes: number,
): void {
  view.setUint16(at + 4, MAGIC, true);
  view.setUint8(at + 6, VERSION);
  view.setUint8(at + 7, kind);
  view.setUint32(at + 8, bodyBytes, true);
  view.setUint32(at + 12, group, true);
  setU53(view, at + 16, term);
  setU53(view, at + 24, index);
  setU53(view, at + 32, session);
  setU53(view, at + 40, sequence);
}

export function writeCrc(view: DataView, at: number, crc: number): void {
  view.setUint32(at, crc, true);
}

export function readFields(view: DataView, at: number): RecordFields {
  return {
    kind: readKind(view, at),
    group: view.getUint32(at + 12, true),
    term: getU53(view, at + 16),
    index: getU53(view, at + 24),
    session: getU53(view, at + 32),
    sequence: getU53(view, at + 40),
  };
}

export function readKind(view: DataView, at: number): number {
  return view.getUint8(at + 7);
}

/** Length of the record that starts at `at`, or 0 when no record can start there. HEADER_BYTES must be readable. */
export function recordLength(view: DataView, at: number): number {
  const body = view.getUint32(at + 8, true);
  return view.getUint16(at + 4, true) === MAGIC && body <= MAX_BODY_BYTES ? HEADER_BYTES + body : 0;
}

/** True when the checksum of the record in bytes[at, at + length) holds. */
export function checksumHolds(bytes: Uint8Array, view: DataView, at: number, length: number): boolean {
  return crc32c(bytes.subarray(at + CRC_BYTES, at + length)) === view.getUint32(at, true);
}

/** Whether this version can read the record, whose checksum holds. */
export function isKnown(view: DataView, at: number): boolean {
  const kind = readKind(view, at);
  return view.getUint8(at + 6) === VERSION && (ENTRY_KINDS.has(kind) || OWN_KINDS.has(kind));
}

/** FORMAT_UNKNOWN for a record that is not known. */
export function unknownFormat(view: DataView, at: number, where: string): RingtideError {
  const version = view.getUint8(at + 6);
  return new RingtideError(
    "FORMAT_UNKNOWN",
    `${where}: log record of format version ${version} and kind ${readKind(view, at)}, unknown to this version`,
  );
}

export function isEntryKind(kind: number): kind is EntryKind {
  return ENTRY_KINDS.has(kind);
}

/** A whole record in a buffer of its own. */
export function encodeRecord(fields: RecordFields, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(record.buffer);
  const { kind, group, term, index, session, sequence } = fields;
  writeHeader(view, 0, kind, group, term, index, session, sequence, body.length);
  record.set(body, HEADER_BYTES);
  writeCrc(view, 0, crc32c(record.subarray(CRC_BYTES)));
  return record;
}
