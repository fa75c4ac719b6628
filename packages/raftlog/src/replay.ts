import type { GroupNumber } from "@ringtide/common";
import type { HardState } from "@ringtide/raft";
import type { Cuts } from "./cut-format.ts";
import { GroupLog, laterHardState, NO_CUT } from "./group-log.ts";
import { coversRange, holdsPosition, withRange } from "./position-ranges.ts";
import { isKnown, type RecordFields, RecordKind, readFields, unknownFormat } from "./record.ts";
import type { Segment } from "./segment.ts";

/** Bounds what `cuts` keeps of a group: when it would ignore more stretches, all of its log is given up. */
const MAX_IGNORED = 16;

/** One group while the log is replayed. */
interface Replayed {
  readonly log: GroupLog;
  /** Something of the group may have been acknowledged. */
  readonly mayCount: boolean;
  /** Records of the group may be missing since this position; what it held there is frozen. Undefined: nothing is missing. */
  lostFrom: number | undefined;
  /** Term of the entry before the first, where its record was met. */
  termBefore: number | undefined;
}

/** Builds the groups' state again from the records of the log, in order. */
export class Replay {
  readonly groups = new Map<GroupNumber, GroupLog>();
  readonly #replayed = new Map<GroupNumber, Replayed>();
  readonly #cuts: Cuts;
  /** Start of the first stretch whose records are lost: a group that turns up behind it may have begun in it. */
  #firstHole: number | undefined;
  #durableUpTo = 0;
  #entries = 0;

  /** `known`: further groups that the log may have records of. */
  constructor(cuts: Cuts, known: Iterable<GroupNumber>) {
    this.#cuts = cuts;
    for (const [group, cut] of cuts.groups) {
      const { log } = this.#add(new GroupLog(group, cut));
      log.damaged = cut.damaged;
      log.ignored = cut.ignored;
    }
    for (const group of known) this.#group(group);
  }

  /** Position up to which a mark says that the log was durable. */
  get durableUpTo(): number {
    return this.#durableUpTo;
  }
  get entries(): number {
    return this.#entries;
  }

  /** The records of [from, to) are lost. Groups of which none can have counted there go on. */
  hole(from: number, to: number): void {
    this.#firstHole ??= from;
    for (const each of this.#replayed.values()) if (!coversRange(each.log.ignored, from, to)) each.lostFrom ??= from;
  }

  /** Takes the record at `offset` of the segment. False when it cannot stand there. */
  record(segment: Segment, view: DataView, at: number, offset: number, length: number): boolean {
    if (!isKnown(view, at)) throw unknownFormat(view, at, `${segment.path} at byte ${offset}`);
    const fields = readFields(view, at);
    const position = segment.base + offset;
    if (fields.kind === RecordKind.SEGMENT) return offset === 0;
    if (fields.kind === RecordKind.MARK) {
      if (fields.index !== position) return false;
      this.#durableUpTo = fields.term;
    } else if (fields.kind === RecordKind.HARD_STATE) this.#hardState(fields, position);
    else this.#entry(fields, position, length);
    return true;
  }

  #add(log: GroupLog): Replayed {
    const mayCount = !this.#cuts.namesAllGroups || this.#cuts.groups.has(log.group);
    const added: Replayed = { log, mayCount, lostFrom: this.#firstHole, termBefore: undefined };
    this.groups.set(log.group, log);
    this.#replayed.set(log.group, added);
    return added;
  }

  #group(group: GroupNumber): Replayed {
    return this.#replayed.get(group) ?? this.#add(new GroupLog(group, NO_CUT));
  }

  #hardState({ group, term, index }: RecordFields, position: number): void {
    const { log } = this.#group(group);
    const found: HardState = { term, vote: index };
    log.hardState = laterHardState(log.hardState, found);
    log.hardStatePosition = position;
  }

  #entry({ group, index, term }: RecordFields, position: number, length: number): void {
    const each = this.#group(group);
    const { log } = each;
    this.#entries++;
    if (holdsPosition(log.ignored, position)) return;
    if (each.lostFrom !== undefined) {
      // An entry replaces all from its index on: one at or below the first decides alone, with those behind it, what the group holds.
      if (index > log.firstIndex) return;
      each.lostFrom = undefined;
      log.truncate(log.firstIndex);
    }
    if (index < log.firstIndex) {
      // It was cut later; what it replaced is gone all the same.
      log.truncate(log.firstIndex);
      each.termBefore = index === log.firstIndex - 1 ? term : undefined;
    } else if (index > log.lastIndex + 1) each.lostFrom = position;
    else log.put(index, term, position, length);
  }

  /**
   * Ends the replay: the log goes on at position `end`. Returns the groups that lost entries, which are marked as damaged. They hold what
   * they held where their records began to be missing, and records from there up to `end` will not count at the next start either.
   */
  finish(end: number): readonly GroupNumber[] {
    const damaged: GroupNumber[] = [];
    for (const each of this.#replayed.values()) {
      if (each.lostFrom === undefined) continue;
      const { log } = each;
      const keeps = continuesCut(each) && log.ignored.length < MAX_IGNORED;
      if (!keeps) log.truncate(log.firstIndex);
      log.ignored = withRange(log.ignored, { from: keeps ? each.lostFrom : 0, to: end });
      if (!each.mayCount) continue;
      log.damaged = true;
      damaged.push(log.group);
    }
    return damaged.sort((a, b) => a - b);
  }
}

/**
 * True when the frozen entries follow the one before the group's first index. The cut may be later than they are, and the entry before it
 * may have been replaced in between: then they belong to another history.
 */
function continuesCut({ log, termBefore }: Replayed): boolean {
  const cut = log.cutMark;
  return log.lastIndex < log.firstIndex || cut.firstIndex === NO_CUT.firstIndex || cut.termBefore === termBefore;
}
