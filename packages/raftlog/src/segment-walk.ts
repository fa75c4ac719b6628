import type { Disk, Logger } from "@ringtide/common";
import type { Cuts } from "./cut-format.ts";
import { damage } from "./damage.ts";
import type { Replay } from "./replay.ts";
import { Segment, segmentName } from "./segment.ts";
import { expectedBases, type SegmentFile } from "./segment-files.ts";
import { findMark, scanRecords } from "./segment-scanner.ts";

/** A stretch of the log whose records are lost. */
export interface Hole {
  /** The file that is damaged or missing. */
  readonly path: string;
  readonly offset: number;
  readonly from: number;
  /** Infinity at the end of the log: nothing says how far it went. */
  readonly to: number;
}

export interface Walked {
  readonly segments: readonly Segment[];
  readonly holes: readonly Hole[];
  /** Where the log goes on. */
  readonly end: number;
  /** The last segment is whole and ends there, so that it can be written to. */
  readonly canContinueLast: boolean;
}

export interface WalkOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly logger: Logger;
  readonly cuts: Cuts;
  readonly replay: Replay;
  /** Nothing was acknowledged yet: the first segment may be torn. */
  readonly isNew: boolean;
}

/**
 * Replays the segments in order. Where records are damaged or missing it goes on behind them, at the next mark or segment, and tells the
 * replay of the hole. Only at the end of the log, behind everything that is known durable, damage is a torn tail, which is cut.
 */
export class SegmentWalk {
  readonly #options: WalkOptions;
  readonly #found: readonly SegmentFile[];
  readonly #bases: readonly (number | undefined)[];
  readonly #segments: Segment[] = [];
  readonly #holes: Hole[] = [];
  /** Position behind the last record that was taken. */
  #reached: number;
  /** Where the open hole begins: at #reached, in this file. */
  #openHole: { readonly path: string; readonly offset: number } | undefined;

  constructor(options: WalkOptions, found: readonly SegmentFile[]) {
    this.#options = options;
    this.#found = found;
    this.#bases = expectedBases(found, options.cuts);
    this.#reached = options.cuts.firstBase ?? 0;
  }

  async run(): Promise<Walked> {
    const { cuts, directory } = this.#options;
    const pathOf = (sequence: number) => `${directory}/${segmentName(sequence)}`;
    let expected = cuts.firstSegment;
    for (const [i, file] of this.#found.entries()) {
      if (file.sequence !== expected) this.#openHole ??= { path: pathOf(expected), offset: 0 };
      else if (i === 0) this.#reached = this.#bases[0] ?? 0;
      expected = file.sequence + 1;
      await this.#segment(i, file);
    }
    if (cuts.lastSegment >= expected) this.#openHole ??= { path: pathOf(expected), offset: 0 };
    return this.#finish();
  }

  #finish(): Walked {
    const { cuts } = this.#options;
    const last = this.#segments.at(-1);
    if (last !== undefined && this.#reached < cuts.durable)
      this.#openHole ??= { path: last.path, offset: this.#reached - last.base };
    const isSound = this.#openHole === undefined && !this.#holes.some((hole) => hole.path === last?.path);
    const end = isSound ? this.#reached : Math.max(this.#reached, cuts.durable, last?.end ?? 0);
    if (this.#openHole !== undefined) this.#closeHole(Number.POSITIVE_INFINITY);
    return { segments: this.#segments, holes: this.#holes, end, canContinueLast: isSound };
  }

  /** Nothing is lost where the next record follows at once, as when a number in the row of segments was never used. */
  #closeHole(to: number): void {
    if (this.#openHole !== undefined && to > this.#reached) {
      this.#options.replay.hole(this.#reached, to);
      this.#holes.push({ ...this.#openHole, from: this.#reached, to });
    }
    this.#openHole = undefined;
    this.#reached = to;
  }

  async #segment(i: number, found: SegmentFile): Promise<void> {
    const { path, file, sizeBytes } = found;
    if (found.base !== undefined) {
      if (found.base < this.#reached)
        throw damage(path, 0, `it begins at position ${found.base}, the one before it ends at ${this.#reached}`);
      const before = this.#segments.at(-1);
      if (found.base > this.#reached && before !== undefined)
        this.#openHole ??= { path: before.path, offset: this.#reached - before.base };
      this.#closeHole(found.base);
    }
    const isLast = i === this.#found.length - 1;
    const segment = new Segment(this.#options.directory, found.sequence, this.#bases[i] ?? this.#reached);
    const limit = Math.min(sizeBytes, this.#nextBase(i) - segment.base);
    const soundEnd = await this.#records(segment, found, Math.max(0, limit), isLast);
    // With a hole before it the file stays: that it was begun says that the one before was durable to its end.
    if (soundEnd === 0 && isLast && this.#openHole === undefined) {
      await this.#removeTorn(found);
      return;
    }
    segment.adopt(file);
    segment.end = segment.base + soundEnd;
    this.#segments.push(segment);
  }

  #nextBase(i: number): number {
    const next = this.#found.slice(i + 1).find(({ base }) => base !== undefined);
    return next?.base ?? Number.MAX_SAFE_INTEGER;
  }

  /** Replays the records in the file's first `limit` bytes. Returns where the segment ends: at a torn tail before it. */
  async #records(segment: Segment, found: SegmentFile, limit: number, isLast: boolean): Promise<number> {
    const { replay } = this.#options;
    const { file, path, base: ownBase } = found;
    const { base } = segment;
    for (let from = 0; ; ) {
      const offset =
        from === 0 && ownBase === undefined
          ? 0
          : await scanRecords(file, from, limit, (view, at, place, length) =>
              replay.record(segment, view, at, place, length),
            );
      if (offset > 0) this.#reached = base + offset;
      if (offset === limit && offset > 0) return limit;
      if (isLast && (await this.#isTorn(found, segment, offset, limit))) {
        if (offset > 0) this.#warnOfTail(path, offset, found.sizeBytes);
        return offset;
      }
      this.#openHole ??= { path, offset };
      const resumed = await findMark(file, offset + 1, limit, base, -1);
      if (resumed === undefined || base + resumed < this.#reached) return limit;
      this.#closeHole(base + resumed);
      from = resumed;
    }
  }

  /** A crash can have done this to the last segment: nothing says that it was durable beyond `offset`. */
  async #isTorn(found: SegmentFile, { base }: Segment, offset: number, limit: number): Promise<boolean> {
    const { cuts, isNew } = this.#options;
    if (base + offset < cuts.durable) return false;
    if (offset === 0 && found.sequence <= Math.max(cuts.lastSegment, isNew ? 0 : cuts.firstSegment)) return false;
    return (await findMark(found.file, offset, limit, base, base + offset)) === undefined;
  }

  #warnOfTail(file: string, offset: number, sizeBytes: number): void {
    this.#options.logger.warn("torn tail of the log cut", {
      code: "DISK_CORRUPT",
      file,
      offset,
      bytes: sizeBytes - offset,
    });
  }

  /** Not even the first record of the last file is whole: the crash came before its first batch was durable. */
  async #removeTorn({ file, path, sizeBytes }: SegmentFile): Promise<void> {
    const { disk, directory, logger } = this.#options;
    await file.close();
    logger.warn("torn segment removed", { code: "DISK_CORRUPT", file: path, offset: 0, bytes: sizeBytes });
    await disk.unlink(path);
    await disk.syncDir(directory);
  }
}
