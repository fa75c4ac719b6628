import type { Disk, GroupNumber } from "@ringtide/common";
import { type Cuts, type GroupCut, writeCuts } from "./cut-format.ts";
import type { GroupLog } from "./group-log.ts";
import { rangesWithin } from "./position-ranges.ts";
import type { Segment } from "./segment.ts";

export interface CutFileOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** As it was read. */
  readonly cuts: Cuts;
  /** The first segment that there is. */
  readonly first: Segment;
  readonly groups: ReadonlyMap<GroupNumber, GroupLog>;
}

/** The file `cuts`: written as a whole, from what memory knows at that moment, one write at a time. */
export class CutFile {
  readonly #options: CutFileOptions;
  /** What the next write says; a caller changes it before. */
  #firstSegment: number;
  #firstBase: number;
  lastSegment: number;
  durable: number;
  hardStatesFrom: number;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CutFileOptions) {
    this.#options = options;
    const { firstSegment, firstBase, lastSegment, durable, hardStatesFrom } = options.cuts;
    this.#firstSegment = firstSegment;
    this.#firstBase = firstBase ?? (options.first.sequence === firstSegment ? options.first.base : 0);
    this.lastSegment = lastSegment;
    this.durable = durable;
    this.hardStatesFrom = hardStatesFrom;
  }

  /** The log begins with this segment. */
  beginWith({ sequence, base }: Segment): void {
    this.#firstSegment = sequence;
    this.#firstBase = base;
  }

  /** Durable on return. After an error the file is as before, and the next call writes everything again. */
  write(): Promise<void> {
    const written = this.#last.then(() => this.#write());
    this.#last = written.catch(() => undefined);
    return written;
  }

  #write(): Promise<void> {
    const { disk, directory, cuts } = this.#options;
    const { lastSegment, durable, hardStatesFrom } = this;
    const groups = this.#groupCuts();
    return writeCuts(disk, directory, {
      identity: cuts.identity,
      firstSegment: this.#firstSegment,
      firstBase: this.#firstBase,
      lastSegment,
      durable,
      hardStatesFrom,
      groups,
    });
  }

  /** A range must not reach behind what is durable: after a crash other records could come to stand there. */
  #groupCuts(): ReadonlyMap<GroupNumber, GroupCut> {
    return new Map(
      [...this.#options.groups.values()].map((log) => {
        const ignored = rangesWithin(log.ignored, this.#firstBase, this.durable);
        return [log.group, { ...log.cutMark, damaged: log.damaged, ignored }];
      }),
    );
  }
}
