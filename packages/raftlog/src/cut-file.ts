import { crc32c } from "@node-rs/crc32";
import { ByteReader, ByteWriter, type Disk, type GroupNumber, RingtideError } from "@ringtide/common";
import type { CutMark } from "./group-log.ts";

const NAME = "cuts";
const MAGIC = 0x54435752;
const VERSION = 1;
const RECORD_BYTES = 20;

/** Where the log and each group's part of it begin. */
export interface Cuts {
  /** UUID of the node that the log belongs to; empty when it was not told. */
  readonly identity: string;
  /** Segments before this one are not needed and are unlinked; all from this one on must be there. */
  readonly firstSegment: number;
  readonly groups: ReadonlyMap<GroupNumber, CutMark>;
}

/** Undefined when the file is not there. DISK_CORRUPT when it is damaged. */
export async function readCuts(disk: Disk, directory: string): Promise<Cuts | undefined> {
  const path = `${directory}/${NAME}`;
  if ((await disk.stat(path)) === undefined) return undefined;
  const bytes = await disk.readFile(path);
  const end = bytes.length - 4;
  if (end < 6 || new ByteReader(bytes.subarray(end), path).u32() !== crc32c(bytes.subarray(0, end)))
    throw new RingtideError("DISK_CORRUPT", `${path}: the checksum over bytes 0 to ${end} fails`, {
      details: { file: path, offset: 0 },
    });
  const reader = new ByteReader(bytes.subarray(0, end), path);
  const magic = reader.u32();
  const version = reader.u16();
  if (magic !== MAGIC || version !== VERSION)
    throw new RingtideError("FORMAT_UNKNOWN", `${path}: format version ${version}; this one reads ${VERSION}`);
  const firstSegment = reader.u53();
  const identity = reader.text();
  const groups = new Map<GroupNumber, CutMark>();
  for (let left = reader.count(RECORD_BYTES); left > 0; left--)
    groups.set(reader.u32(), { firstIndex: reader.u53(), termBefore: reader.u53() });
  reader.end();
  return { identity, firstSegment, groups };
}

/** Durable on return. */
export async function writeCuts(disk: Disk, directory: string, cuts: Cuts): Promise<void> {
  const out = new ByteWriter();
  out.u32(MAGIC).u16(VERSION).u53(cuts.firstSegment).text(cuts.identity).u32(cuts.groups.size);
  for (const [group, { firstIndex, termBefore }] of cuts.groups) out.u32(group).u53(firstIndex).u53(termBefore);
  await disk.replaceFile(`${directory}/${NAME}`, out.u32(crc32c(out.view())).finish());
}
