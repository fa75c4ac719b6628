import { crc32c } from "@node-rs/crc32";
import { ByteReader, ByteWriter, type Disk, type GroupNumber, RingtideError } from "@ringtide/common";
import type { PositionRange } from "./position-ranges.ts";

export const CUTS_NAME = "cuts";
const MAGIC = 0x54435752;
const VERSION = 2;
const GROUP_BYTES = { 1: 20, 2: 22 } as const;

/** What `cuts` says of one group. */
export interface GroupCut {
  /** Entries below it were cut; the last of them had `termBefore`. */
  readonly firstIndex: number;
  readonly termBefore: number;
  /** Entries that were durable are lost. */
  readonly damaged: boolean;
  /** The group's entries at these positions do not count. */
  readonly ignored: readonly PositionRange[];
}

/** Where the log and each group's part of it begin, and what of it does not count. */
export interface Cuts {
  /** UUID of the node that the log belongs to; empty when it was not told. */
  readonly identity: string;
  /** Segments before this one are not needed and are unlinked; all from this one on should be there. */
  readonly firstSegment: number;
  /** Position of its first byte; undefined when that is not known. */
  readonly firstBase: number | undefined;
  /** This segment was made; 0: none is known to be. */
  readonly lastSegment: number;
  /** The log was durable up to this position when this was written. */
  readonly durable: number;
  /** Hard state of all groups stands in records at or behind this position. */
  readonly hardStatesFrom: number;
  readonly groups: ReadonlyMap<GroupNumber, GroupCut>;
  /** Nothing of any other group was acknowledged. */
  readonly namesAllGroups: boolean;
}

/** Undefined when the file is not there. DISK_CORRUPT when it is damaged. */
export async function readCuts(disk: Disk, directory: string): Promise<Cuts | undefined> {
  const path = `${directory}/${CUTS_NAME}`;
  if ((await disk.stat(path)) === undefined) return undefined;
  return decodeCuts(await disk.readFile(path), path);
}

/** Also reads version 1, which had firstSegment, identity and (group, firstIndex, termBefore) only. */
function decodeCuts(bytes: Uint8Array, path: string): Cuts {
  const end = bytes.length - 4;
  if (end < 6 || new ByteReader(bytes.subarray(end), path).u32() !== crc32c(bytes.subarray(0, end)))
    throw new RingtideError("DISK_CORRUPT", `${path}: the checksum over bytes 0 to ${end} fails`, {
      details: { file: path, offset: 0 },
    });
  const reader = new ByteReader(bytes.subarray(0, end), path);
  const magic = reader.u32();
  const version = reader.u16();
  if (magic !== MAGIC || (version !== 1 && version !== VERSION))
    throw new RingtideError("FORMAT_UNKNOWN", `${path}: format version ${version}; this one reads 1 and ${VERSION}`);
  const firstSegment = reader.u53();
  const firstBase = version === 1 ? undefined : reader.u53();
  const known = () => (version === 1 ? 0 : reader.u53());
  const [lastSegment, durable, hardStatesFrom] = [known(), known(), known()];
  const identity = reader.text();
  const groups = new Map<GroupNumber, GroupCut>();
  for (let left = reader.count(GROUP_BYTES[version]); left > 0; left--) {
    const group = reader.u32();
    const cut = { firstIndex: reader.u53(), termBefore: reader.u53() };
    if (version === 1) groups.set(group, { ...cut, damaged: false, ignored: [] });
    else groups.set(group, { ...cut, damaged: reader.u8() === 1, ignored: readRanges(reader) });
  }
  reader.end();
  return {
    identity,
    firstSegment,
    firstBase,
    lastSegment,
    durable,
    hardStatesFrom,
    groups,
    namesAllGroups: version > 1,
  };
}

function readRanges(reader: ByteReader): PositionRange[] {
  const ranges: PositionRange[] = [];
  for (let left = reader.u8(); left > 0; left--) ranges.push({ from: reader.u53(), to: reader.u53() });
  return ranges;
}

/** Durable on return. */
export async function writeCuts(disk: Disk, directory: string, cuts: Omit<Cuts, "namesAllGroups">): Promise<void> {
  const out = new ByteWriter();
  out
    .u32(MAGIC)
    .u16(VERSION)
    .u53(cuts.firstSegment)
    .u53(cuts.firstBase ?? 0);
  out.u53(cuts.lastSegment).u53(cuts.durable).u53(cuts.hardStatesFrom);
  out.text(cuts.identity).u32(cuts.groups.size);
  for (const [group, { firstIndex, termBefore, damaged, ignored }] of cuts.groups) {
    out
      .u32(group)
      .u53(firstIndex)
      .u53(termBefore)
      .u8(damaged ? 1 : 0)
      .u8(ignored.length);
    for (const { from, to } of ignored) out.u53(from).u53(to);
  }
  await disk.replaceFile(`${directory}/${CUTS_NAME}`, out.u32(crc32c(out.view())).finish());
}
