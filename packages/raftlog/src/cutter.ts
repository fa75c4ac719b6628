import { assert, type Disk, type GroupNumber, groupName, type Logger } from "@ringtide/common";
import type { Committer } from "./committer.ts";
import { writeCuts } from "./cut-file.ts";
import { type GroupLog, NO_CUT, NO_HARD_STATE } from "./group-log.ts";
import type { Segment, SegmentList } from "./segment.ts";

export interface CutterOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly logger: Logger;
  readonly identity: string;
  readonly segments: SegmentList;
  readonly groups: ReadonlyMap<GroupNumber, GroupLog>;
  readonly committer: Committer;
  /** Appends the group's hard state once more, at the end of the log. */
  readonly restateHardState: (log: GroupLog) => Promise<void>;
}

/** Cuts the groups' logs and unlinks segments that nobody needs, one cut at a time, beside the appends. */
export class Cutter {
  readonly #options: CutterOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CutterOptions) {
    this.#options = options;
  }

  cut(log: GroupLog, belowIndex: number): Promise<void> {
    const cut = this.#last.then(() => this.#cut(log, belowIndex));
    // The caller hears of a failure; the next cut writes everything again.
    this.#last = cut.catch(() => undefined);
    return cut;
  }

  /** Resolves when no cut is under way. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #cut(log: GroupLog, belowIndex: number): Promise<void> {
    if (belowIndex <= log.firstIndex) return;
    const { disk, directory, groups, identity, segments, committer } = this.#options;
    // What is durable must reach up to the cut, or a crash would leave a log that ends before it begins.
    await committer.settled();
    assert(belowIndex <= log.lastIndex + 1, `cutting ${groupName(log.group)} at ${belowIndex} behind ${log.lastIndex}`);
    log.cut(belowIndex);
    const firstKept = this.#firstNeeded();
    await this.#restate(firstKept);
    const marks = [...groups.values()].map((each) => [each.group, each.cutMark] as const);
    const cutGroups = new Map(marks.filter(([, mark]) => mark.firstIndex > NO_CUT.firstIndex));
    await writeCuts(disk, directory, { identity, firstSegment: firstKept.sequence, groups: cutGroups });
    await this.#unlink(segments.takeBefore(firstKept));
  }

  /** The first segment with an entry that some group needs, at the latest the one that is written to. */
  #firstNeeded(): Segment {
    const { groups, segments, committer } = this.#options;
    let oldest = segments.holding(committer.durable - 1).base;
    for (const log of groups.values()) oldest = Math.min(oldest, log.oldestPosition ?? oldest);
    return segments.holding(oldest);
  }

  /** Copies hard states that are about to be unlinked to the end of the log. */
  async #restate(firstKept: Segment): Promise<void> {
    const isOld = ({ hardState, hardStatePosition = 0 }: GroupLog) =>
      hardState !== NO_HARD_STATE && hardStatePosition < firstKept.base;
    const old = [...this.#options.groups.values()].filter(isOld);
    await Promise.all(old.map((log) => this.#options.restateHardState(log)));
  }

  async #unlink(segments: readonly Segment[]): Promise<void> {
    if (segments.length === 0) return;
    const { disk, directory, logger } = this.#options;
    for (const segment of segments) {
      await disk.unlink(segment.path);
      await segment.drop();
    }
    await disk.syncDir(directory);
    logger.info("log segments unlinked", { first: segments[0]?.path, count: segments.length });
  }
}
