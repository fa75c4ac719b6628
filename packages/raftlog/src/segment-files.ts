import { type Disk, type DiskFile, RingtideError, utf8Text } from "@ringtide/common";
import type { Cuts } from "./cut-format.ts";
import { checksumHolds, HEADER_BYTES, isKnown, RecordKind, readFields, recordLength, unknownFormat } from "./record.ts";
import { segmentName } from "./segment.ts";

/** The first record of a segment, identity included, is not longer. */
const FIRST_RECORD_BYTES = 4096;

/** A segment's file as it was found. */
export interface SegmentFile {
  readonly sequence: number;
  readonly path: string;
  readonly file: DiskFile;
  readonly sizeBytes: number;
  /** Position of its first byte, as its first record says; undefined when that is damaged or not whole. */
  readonly base: number | undefined;
}

/** Opens the segments and reads their first records. DATA_DIR_FOREIGN when one belongs to another node. */
export async function openSegmentFiles(
  disk: Disk,
  directory: string,
  cuts: Cuts,
  sequences: readonly number[],
): Promise<SegmentFile[]> {
  const opened: SegmentFile[] = [];
  try {
    for (const sequence of sequences) {
      const path = `${directory}/${segmentName(sequence)}`;
      const file = await disk.open(path, "readWrite");
      opened.push({ sequence, path, file, sizeBytes: 0, base: undefined });
      const sizeBytes = await file.sizeBytes();
      const base = await readBase(file, Math.min(sizeBytes, FIRST_RECORD_BYTES), path, sequence, cuts.identity);
      opened.splice(-1, 1, { sequence, path, file, sizeBytes, base });
    }
    return opened;
  } catch (error) {
    for (const { file } of opened) await file.close();
    throw error;
  }
}

async function readBase(
  file: DiskFile,
  bytesToRead: number,
  path: string,
  sequence: number,
  identity: string,
): Promise<number | undefined> {
  const bytes = new Uint8Array(bytesToRead);
  const count = await file.read(bytes, 0);
  const view = new DataView(bytes.buffer);
  const length = count < HEADER_BYTES ? 0 : recordLength(view, 0);
  if (length === 0 || length > count || !checksumHolds(bytes, view, 0, length)) return undefined;
  if (!isKnown(view, 0)) throw unknownFormat(view, 0, `${path} at byte 0`);
  const fields = readFields(view, 0);
  if (fields.kind !== RecordKind.SEGMENT || fields.sequence !== sequence) return undefined;
  const owner = utf8Text(bytes.subarray(HEADER_BYTES, length));
  if (owner !== identity)
    throw new RingtideError("DATA_DIR_FOREIGN", `${path} belongs to node '${owner}', not '${identity}'`);
  return fields.index;
}

/**
 * Positions of the segments' first bytes. Where a first record is damaged, what `cuts` and the neighbours let expect, which marks then
 * prove; undefined when nothing does.
 */
export function expectedBases(
  found: readonly SegmentFile[],
  { firstSegment, firstBase }: Cuts,
): (number | undefined)[] {
  const bases: (number | undefined)[] = [];
  for (const [i, { sequence, base, sizeBytes }] of found.entries()) {
    const before = found[i - 1];
    const baseBefore = bases[i - 1];
    const next = found[i + 1];
    if (base !== undefined) bases.push(base);
    else if (sequence === firstSegment && firstBase !== undefined) bases.push(firstBase);
    else if (baseBefore !== undefined && before?.sequence === sequence - 1) bases.push(baseBefore + before.sizeBytes);
    else if (next?.base !== undefined && next.sequence === sequence + 1) bases.push(Math.max(0, next.base - sizeBytes));
    else bases.push(sequence === 1 ? 0 : undefined);
  }
  return bases;
}
