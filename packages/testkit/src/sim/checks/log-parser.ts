import { crc32c } from "@node-rs/crc32";
import { decodeConfiguration, EntryKind } from "@ringtide/raft";
import type { LogImage } from "./log-image.ts";

/** Where fields of a log record are; see packages/raftlog/src/record.ts, which says so to everybody who reads logs. */
const HEADER_BYTES = 48;
const CRC_BYTES = 4;
const MAGIC = 0x5752;
const HARD_STATE = 128;
const MARK = 129;
const FIRST_OWN_KIND = 128;

function u53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

/** Length of the sound record at `at`; 0 when there is none. */
function soundRecord(bytes: Uint8Array, view: DataView, at: number): number {
  if (view.getUint16(at + 4, true) !== MAGIC) return 0;
  const length = HEADER_BYTES + view.getUint32(at + 8, true);
  if (at + length > bytes.length) return 0;
  return crc32c(bytes.subarray(at + CRC_BYTES, at + length)) === view.getUint32(at, true) ? length : 0;
}

/** Tells the image of every sound record in `bytes`, which stand at `position` of the file; what is damaged in between is left out. */
export function readRecords(bytes: Uint8Array, path: string, position: number, image: LogImage): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = soundRecord(bytes, view, at);
    if (length > 0) readRecord(bytes.subarray(at, at + length), path, position + at, image);
    at += Math.max(length, 1);
  }
}

function readRecord(record: Uint8Array, path: string, position: number, image: LogImage): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const kind = view.getUint8(7);
  const group = view.getUint32(12, true);
  const term = u53(view, 16);
  const index = u53(view, 24);
  if (kind < FIRST_OWN_KIND) {
    const isChange = kind === EntryKind.CONFIG_CHANGE;
    const configuration = isChange ? decodeConfiguration(record.subarray(HEADER_BYTES)) : undefined;
    const crc = view.getUint32(0, true);
    image.entry(group, { index, term, crc, configuration, path, position, length: record.length });
  } else if (kind === HARD_STATE) image.hardState(path, group, term, index);
  else if (kind === MARK) image.mark(path, position);
}
