import { type GroupNumber, groupName, RingtideError, utf8Text } from "@ringtide/common";
import type { HardState } from "@ringtide/raft";
import type { Cuts } from "./cut-file.ts";
import { damage } from "./damage.ts";
import { GroupLog, laterHardState, NO_CUT } from "./group-log.ts";
import { HEADER_BYTES, isKnown, type RecordFields, RecordKind, readFields, unknownFormat } from "./record.ts";
import { Segment } from "./segment.ts";

/** Builds the groups' state again from the records of the log, in order. */
export class Replay {
  readonly groups = new Map<GroupNumber, GroupLog>();
  readonly #cuts: Cuts;
  readonly #directory: string;
  #durableUpTo = 0;
  #entries = 0;

  constructor(directory: string, cuts: Cuts) {
    this.#directory = directory;
    this.#cuts = cuts;
    for (const [group, cut] of cuts.groups) this.groups.set(group, new GroupLog(group, cut));
  }

  /** Position up to which a mark says that the log was durable. */
  get durableUpTo(): number {
    return this.#durableUpTo;
  }
  get entries(): number {
    return this.#entries;
  }

  /** The segment that a file's first record describes. `before`: the segment before it, whose end must be its base. */
  segment(path: string, view: DataView, at: number, sequence: number, before: Segment | undefined): Segment {
    if (!isKnown(view, at)) throw unknownFormat(view, at, `${path} at byte 0`);
    const fields = readFields(view, at);
    if (fields.kind !== RecordKind.SEGMENT || fields.sequence !== sequence)
      throw damage(path, 0, `the file does not begin as segment ${sequence}`);
    const body = new Uint8Array(view.buffer, view.byteOffset + at + HEADER_BYTES, view.getUint32(at + 8, true));
    const identity = utf8Text(body);
    if (identity !== this.#cuts.identity)
      throw new RingtideError(
        "DATA_DIR_FOREIGN",
        `${path} belongs to node '${identity}', not '${this.#cuts.identity}'`,
      );
    if (before !== undefined && before.end !== fields.index)
      throw damage(before.path, before.end - before.base, `the segment should end at ${fields.index - before.base}`);
    return new Segment(this.#directory, sequence, fields.index);
  }

  /** Takes the record at `offset` of the segment, behind its first. */
  record(segment: Segment, view: DataView, at: number, offset: number, length: number): void {
    if (!isKnown(view, at)) throw unknownFormat(view, at, `${segment.path} at byte ${offset}`);
    const fields = readFields(view, at);
    const position = segment.base + offset;
    if (fields.kind === RecordKind.MARK) {
      if (fields.index !== position) throw damage(segment.path, offset, `a mark for position ${fields.index}`);
      this.#durableUpTo = fields.term;
    } else if (fields.kind === RecordKind.HARD_STATE) this.#hardState(fields, position);
    else if (fields.kind === RecordKind.SEGMENT)
      throw damage(segment.path, offset, "a segment begins in the middle of another");
    else this.#entry(segment, fields, offset, length);
  }

  #group(group: GroupNumber): GroupLog {
    let log = this.groups.get(group);
    if (log === undefined) {
      log = new GroupLog(group, NO_CUT);
      this.groups.set(group, log);
    }
    return log;
  }

  #hardState({ group, term, index }: RecordFields, position: number): void {
    const log = this.#group(group);
    const found: HardState = { term, vote: index };
    log.hardState = laterHardState(log.hardState, found);
    log.hardStatePosition = position;
  }

  #entry(segment: Segment, { group, index, term }: RecordFields, offset: number, length: number): void {
    const log = this.#group(group);
    this.#entries++;
    // An entry that was cut later; what it replaced is gone all the same.
    if (index < log.firstIndex) log.truncate(log.firstIndex);
    else if (index > log.lastIndex + 1)
      throw damage(
        segment.path,
        offset,
        `entry ${index} of ${groupName(group)} after ${log.lastIndex}: some are missing`,
      );
    else log.put(index, term, segment.base + offset, length);
  }
}
