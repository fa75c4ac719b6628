import { crc32c } from "@node-rs/crc32";
import { assert, concatBytes, type GroupNumber, RingtideError } from "@ringtide/common";
import type { Entry } from "@ringtide/raft";
import {
  CRC_BYTES,
  checksumHolds,
  HEADER_BYTES,
  isEntryKind,
  isKnown,
  readFields,
  recordLength,
  unknownFormat,
  writeCrc,
  writeHeader,
} from "./record.ts";

/** What was found out about an entry once on this node: its checksum, and its record where it came as one. */
interface Encoded {
  readonly group: GroupNumber;
  readonly crc: number;
  readonly record: Uint8Array | undefined;
}

const encoded = new WeakMap<Entry, Encoded>();

/** Bytes of the entry's record. */
export function recordBytes(entry: Entry): number {
  return HEADER_BYTES + entry.payload.length;
}

/**
 * The record as parts that follow each other, without a copy of the payload: for the file and for frames that take several
 * entries. The checksum is taken once a node, however often the entry is encoded. The payload must not change any more.
 */
export function encodeEntryParts(group: GroupNumber, entry: Entry): readonly Uint8Array[] {
  const known = encoded.get(entry);
  if (known !== undefined && known.group === group && known.record !== undefined) return [known.record];
  const header = new Uint8Array(HEADER_BYTES);
  writeEntryHeader(header, new DataView(header.buffer), 0, group, entry);
  return [header, entry.payload];
}

/** The record as it stands in the file and travels to followers. An entry that came as a record gives those very bytes. */
export function encodeEntry(group: GroupNumber, entry: Entry): Uint8Array {
  const parts = encodeEntryParts(group, entry);
  return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
}

/** Writes the header, checksum included, to into[at, at + HEADER_BYTES). */
export function writeEntryHeader(into: Uint8Array, view: DataView, at: number, group: GroupNumber, entry: Entry): void {
  writeHeader(
    view,
    at,
    entry.kind,
    group,
    entry.term,
    entry.index,
    entry.session,
    entry.sequence,
    entry.payload.length,
  );
  const known = encoded.get(entry);
  if (known !== undefined && known.group === group) {
    writeCrc(view, at, known.crc);
    return;
  }
  const crc = crc32c(entry.payload, crc32c(into.subarray(at + CRC_BYTES, at + HEADER_BYTES)));
  encoded.set(entry, { group, crc, record: undefined });
  writeCrc(view, at, crc);
}

export interface DecodedEntry {
  readonly group: GroupNumber;
  /** Its payload is a view of the bytes it was decoded from, which must not change. */
  readonly entry: Entry;
  readonly nextOffset: number;
}

/**
 * The entry whose record starts at `offset`. FRAME_MALFORMED when there is no whole record or its checksum fails,
 * FORMAT_UNKNOWN when a later version wrote it.
 */
export function decodeEntry(bytes: Uint8Array, offset: number): DecodedEntry {
  assert(offset >= 0 && offset <= bytes.length, `offset ${offset} outside of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const left = bytes.length - offset;
  const length = left < HEADER_BYTES ? 0 : recordLength(view, offset);
  if (length === 0 || length > left) throw malformed("no whole record", offset);
  if (!checksumHolds(bytes, view, offset, length)) throw malformed("the checksum fails", offset);
  if (!isKnown(view, offset)) throw unknownFormat(view, offset, `log entry at byte ${offset}`);
  const { kind, group, term, index, session, sequence } = readFields(view, offset);
  if (!isEntryKind(kind)) throw malformed(`a record of kind ${kind} is no entry`, offset);
  const record = bytes.subarray(offset, offset + length);
  const entry: Entry = { index, term, kind, session, sequence, payload: record.subarray(HEADER_BYTES) };
  encoded.set(entry, { group, crc: view.getUint32(offset, true), record });
  return { group, entry, nextOffset: offset + length };
}

function malformed(problem: string, offset: number): RingtideError {
  return new RingtideError("FRAME_MALFORMED", `log entry at byte ${offset}: ${problem}`, { details: { offset } });
}
