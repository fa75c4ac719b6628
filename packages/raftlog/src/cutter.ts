import { assert, type Disk, type GroupNumber, groupName, type Logger } from "@ringtide/common";
import type { Committer } from "./committer.ts";
import type { CutFile } from "./cut-file.ts";
import { type CutMark, GroupLog, NO_HARD_STATE } from "./group-log.ts";
import type { Segment, SegmentList } from "./segment.ts";

export interface CutterOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly logger: Logger;
  readonly segments: SegmentList;
  readonly groups: Map<GroupNumber, GroupLog>;
  readonly committer: Committer;
  readonly cutFile: CutFile;
  /** Appends the group's hard state once more, at the end of the log. */
  readonly restateHardState: (log: GroupLog) => Promise<void>;
}

/** Changes where the groups' logs begin and unlinks segments that nobody needs, one change at a time, beside the appends. */
export class Cutter {
  readonly #options: CutterOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CutterOptions) {
    this.#options = options;
  }

  cut(group: GroupNumber, belowIndex: number): Promise<void> {
    return this.#inTurn(() => this.#cut(group, belowIndex));
  }

  reset(group: GroupNumber, mark: CutMark): Promise<void> {
    return this.#inTurn(() => this.#reset(group, mark));
  }

  trust(group: GroupNumber): Promise<void> {
    return this.#inTurn(() => this.#trust(group));
  }

  /** Resolves when no change is under way. */
  settled(): Promise<void> {
    return this.#last;
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(change);
    // The caller hears of a failure; the next change writes everything again.
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #cut(group: GroupNumber, belowIndex: number): Promise<void> {
    const { groups, committer, cutFile, segments } = this.#options;
    const log = groups.get(group) as GroupLog;
    if (belowIndex <= log.firstIndex) return;
    assert(belowIndex <= log.lastIndex + 1, `cutting ${groupName(group)} at ${belowIndex} behind ${log.lastIndex}`);
    // What is durable must reach up to the cut, or a crash would leave a log that ends before it begins.
    await committer.settledTo(log.position(belowIndex - 1) + log.length(belowIndex - 1));
    assert(belowIndex <= log.lastIndex + 1, `cutting ${groupName(group)} at ${belowIndex} behind ${log.lastIndex}`);
    log.cut(belowIndex);
    const firstKept = this.#firstNeeded();
    await this.#restate(firstKept);
    cutFile.beginWith(firstKept);
    await cutFile.write();
    await this.#unlink(segments.takeBefore(firstKept));
  }

  /**
   * Everything of the group that stands in the log so far stops counting, by one write of `cuts`: before it the old log is there, after it
   * the new one. Segments that nobody needs any more go with the next cut.
   */
  async #reset(group: GroupNumber, mark: CutMark): Promise<void> {
    const { groups, committer } = this.#options;
    const old = groups.get(group);
    if (old !== undefined) {
      old.isResetting = true;
      await committer.settledTo(old.appendedUpTo).finally(() => {
        old.isResetting = false;
      });
    }
    const fresh = new GroupLog(group, mark);
    fresh.hardState = old?.hardState ?? NO_HARD_STATE;
    fresh.hardStatePosition = old?.hardStatePosition;
    fresh.damaged = old?.damaged ?? false;
    fresh.ignored = [{ from: 0, to: committer.durable }];
    fresh.isResetting = true;
    groups.set(group, fresh);
    await this.#writeOr(() => (old === undefined ? groups.delete(group) : groups.set(group, old)));
    fresh.isResetting = false;
  }

  async #trust(group: GroupNumber): Promise<void> {
    const log = this.#options.groups.get(group) as GroupLog;
    if (!log.damaged) return;
    log.damaged = false;
    await this.#writeOr(() => {
      log.damaged = true;
    });
  }

  async #writeOr(takeBack: () => unknown): Promise<void> {
    try {
      await this.#options.cutFile.write();
    } catch (error) {
      takeBack();
      throw error;
    }
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
    const { groups, committer, restateHardState } = this.#options;
    const isOld = ({ hardState, hardStatePosition = 0 }: GroupLog) =>
      hardState !== NO_HARD_STATE && hardStatePosition < firstKept.base;
    const old = [...groups.values()].filter(isOld);
    if (old.length === 0) return;
    committer.checkRoom();
    await Promise.all(old.map((log) => restateHardState(log)));
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
