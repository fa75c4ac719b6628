import type { GroupNumber } from "@ringtide/common";
import type { Entry, HardState } from "@ringtide/raft";
import { recordBytes, writeEntryHeader } from "./entry-codec.ts";
import { encodeRecord, HEADER_BYTES, RecordKind } from "./record.ts";
import type { Segment } from "./segment.ts";
import { StagedParts } from "./staged-parts.ts";

const NO_BODY = new Uint8Array(0);

/**
 * What one write and one fdatasync commit. It lies in one segment and begins with a mark: as it is written only after the
 * batch before is durable, the mark tells recovery that everything before the batch is.
 */
export class Batch {
  readonly segment: Segment;
  /** Position of its first byte. */
  readonly start: number;
  /** The segment's file has to be made first. */
  readonly opensSegment: boolean;
  readonly openedMs: number;
  #end: number;
  readonly #staged = new StagedParts();
  readonly #done = Promise.withResolvers<void>();
  #carriesHardState = false;
  /** The first record of some group is in it. */
  beginsGroup = false;

  constructor(segment: Segment, identity: Uint8Array, openedMs: number) {
    this.segment = segment;
    this.start = segment.end;
    this.opensSegment = segment.end === segment.base;
    this.openedMs = openedMs;
    this.#end = segment.end;
    // A failure reaches those who wait, and onFailure; a batch that nobody waits for must not count as an unhandled rejection.
    this.#done.promise.catch(() => undefined);
    if (this.opensSegment) this.#add(encodeRecord(segmentHeader(segment), identity));
    this.#add(encodeRecord(mark(segment.end, this.start), NO_BODY));
  }

  /** Resolves when the batch is durable. */
  get done(): Promise<void> {
    return this.#done.promise;
  }
  get carriesHardState(): boolean {
    return this.#carriesHardState;
  }
  /** Position behind its last byte. */
  get end(): number {
    return this.#end;
  }
  get sizeBytes(): number {
    return this.#end - this.start;
  }
  get parts(): readonly Uint8Array[] {
    return this.#staged.parts();
  }

  /** Returns the position of the record, as `addEntry` does. */
  addHardState(group: GroupNumber, { term, vote }: HardState): number {
    this.#carriesHardState = true;
    const fields = { kind: RecordKind.HARD_STATE, group, term, index: vote, session: 0, sequence: 0 };
    return this.#add(encodeRecord(fields, NO_BODY));
  }

  addEntry(group: GroupNumber, entry: Entry): number {
    const { bytes, view, at } = this.#staged.reserve(HEADER_BYTES);
    writeEntryHeader(bytes, view, at, group, entry);
    this.#staged.add(entry.payload);
    return this.#advance(recordBytes(entry));
  }

  #add(record: Uint8Array): number {
    this.#staged.add(record);
    return this.#advance(record.length);
  }

  #advance(length: number): number {
    const position = this.#end;
    this.#end = position + length;
    this.segment.end = this.#end;
    return position;
  }

  succeed(): void {
    this.#staged.release();
    this.#done.resolve();
  }

  fail(error: Error): void {
    this.#done.reject(error);
  }
}

function segmentHeader({ base, sequence }: Segment) {
  return { kind: RecordKind.SEGMENT, group: 0, term: 0, index: base, session: 0, sequence };
}

function mark(position: number, durableUpTo: number) {
  return { kind: RecordKind.MARK, group: 0, term: durableUpTo, index: position, session: 0, sequence: 0 };
}
