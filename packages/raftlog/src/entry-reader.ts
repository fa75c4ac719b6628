import { assert, groupName, hasCode, RingtideError } from "@ringtide/common";
import type { Entry } from "@ringtide/raft";
import type { Committer } from "./committer.ts";
import { decodeEntry } from "./entry-codec.ts";
import type { GroupLog } from "./group-log.ts";
import type { Segment, SegmentList } from "./segment.ts";

/** Records of other groups up to this length are read along rather than skipped with one more read. */
const READ_ALONG_BYTES = 16 * 1024;
/** Most bytes of one read from a file, unless one record is larger. */
const READ_BYTES = 4 * 1024 * 1024;

interface Place {
  readonly index: number;
  readonly term: number;
  readonly position: number;
  readonly length: number;
}

/** Places in one segment that one read brings. */
interface Run {
  readonly segment: Segment;
  readonly places: Place[];
  readonly start: number;
  end: number;
}

/** Reads entries back from the segments. */
export class EntryReader {
  readonly #segments: SegmentList;
  readonly #committer: Committer;

  constructor(segments: SegmentList, committer: Committer) {
    this.#segments = segments;
    this.#committer = committer;
  }

  async read(log: GroupLog, fromIndex: number, throughIndex: number, maxBytes: number): Promise<Entry[]> {
    const range = `[${log.firstIndex}, ${log.lastIndex}] of ${groupName(log.group)}`;
    assert(
      fromIndex >= log.firstIndex && fromIndex <= throughIndex && throughIndex <= log.lastIndex,
      `reading [${fromIndex}, ${throughIndex}] outside of ${range}`,
    );
    const runs = this.#plan(placesOf(log, fromIndex, throughIndex, maxBytes));
    // The log may be cut or overwritten while this reads: the places of the call's moment stay good while the files are open.
    for (const { segment } of runs) segment.retain();
    try {
      if ((runs.at(-1)?.end ?? 0) > this.#committer.durable) await this.#committer.settled();
      const entries: Entry[] = [];
      for (const run of runs) await readRun(log, run, entries);
      return entries;
    } finally {
      for (const { segment } of runs) await segment.release();
    }
  }

  #plan(places: readonly Place[]): Run[] {
    const runs: Run[] = [];
    for (const place of places) {
      const end = place.position + place.length;
      const run = runs.at(-1);
      const segment = this.#segments.holding(place.position);
      const joins =
        run !== undefined &&
        run.segment === segment &&
        place.position - run.end <= READ_ALONG_BYTES &&
        end - run.start <= READ_BYTES;
      if (joins) {
        run.places.push(place);
        run.end = end;
      } else runs.push({ segment, places: [place], start: place.position, end });
    }
    return runs;
  }
}

function placesOf(log: GroupLog, fromIndex: number, throughIndex: number, maxBytes: number): Place[] {
  const places: Place[] = [];
  let bytes = 0;
  for (let index = fromIndex; index <= throughIndex; index++) {
    const length = log.length(index);
    bytes += length;
    if (bytes > maxBytes && places.length > 0) break;
    places.push({ index, term: log.term(index) ?? 0, position: log.position(index), length });
  }
  return places;
}

async function readRun(log: GroupLog, { segment, places, start, end }: Run, into: Entry[]): Promise<void> {
  const bytes = new Uint8Array(end - start);
  const count = await segment.file.read(bytes, start - segment.base);
  for (const place of places) {
    const at = place.position - start;
    const offset = place.position - segment.base;
    const broken = (problem: string, cause?: unknown) =>
      new RingtideError(
        "DISK_CORRUPT",
        `${segment.path}: at byte ${offset}: entry ${place.index} of ${groupName(log.group)}: ${problem}`,
        { details: { file: segment.path, offset, group: log.group, index: place.index }, cause },
      );
    if (at + place.length > count) throw broken("the file ends before it");
    const { group, entry } = decodePlace(bytes.subarray(at, at + place.length), broken);
    if (group !== log.group || entry.index !== place.index || entry.term !== place.term)
      throw broken("another record stands there");
    into.push(entry);
  }
}

function decodePlace(record: Uint8Array, broken: (problem: string, cause: unknown) => RingtideError) {
  try {
    return decodeEntry(record, 0);
  } catch (error) {
    if (hasCode(error, "FRAME_MALFORMED")) throw broken("its checksum fails", error);
    throw error;
  }
}
