import {
  asRingtideError,
  type Clock,
  type Disk,
  hasCode,
  type Logger,
  RingtideError,
  type Timer,
  utf8Bytes,
} from "@ringtide/common";
import { Batch } from "./batch.ts";
import type { CutFile } from "./cut-file.ts";
import type { HardStateFile, HardStates } from "./hard-state-file.ts";
import type { LogMetrics } from "./log-metrics.ts";
import { RoomWait } from "./room-wait.ts";
import { Segment, type SegmentList } from "./segment.ts";

/** A batch takes no further append once it has this size, so that one commit stays short. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** After this long without appends a mark is written behind the last batch: from then on damage in it is no torn tail. */
const IDLE_MARK_MS = 50;

export interface CommitterOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly identity: string;
  readonly segments: SegmentList;
  readonly cutFile: CutFile;
  readonly hardStateFile: HardStateFile;
  /** Hard state of all groups as of now. */
  readonly hardStates: () => HardStates;
  readonly metrics: LogMetrics;
  readonly onFailure: (error: RingtideError) => void;
}

/**
 * Group commit: appends gather in the last batch of a queue while the one before it is written and synced. One batch at a
 * time is on its way to the disk. A write that finds the disk full waits for room. Any other error ends everything: a failed fdatasync is
 * never tried again.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #identity: Uint8Array;
  readonly #room: RoomWait;
  readonly #waiting: Batch[] = [];
  #committing: Batch | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #durable: number;
  /** Nothing was appended behind the last mark. */
  #isMarked = true;
  #idleTimer: Timer | undefined;
  #failure: RingtideError | undefined;
  #isClosing = false;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#identity = utf8Bytes(options.identity);
    this.#room = new RoomWait(options.clock, options.logger);
    this.#durable = options.segments.last.end;
  }

  /** A write waits because the disk is full. */
  get isDiskFull(): boolean {
    return this.#room.isFull;
  }

  /** From now on a full disk is waited for; before, it is an error. */
  waitForRoom(): void {
    this.#room.begin();
  }

  /** Position up to which the log is on the disk. */
  get durable(): number {
    return this.#durable;
  }

  oldestPendingMs(): number {
    const oldest = this.#committing ?? this.#waiting[0];
    return oldest === undefined ? 0 : this.#options.clock.monotonicMs() - oldest.openedMs;
  }

  /** Throws when the log takes nothing (more). */
  checkOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosing) throw new RingtideError("SHUTTING_DOWN", "the log is closed");
  }

  /** The batch that takes the next append, which the caller adds at once. */
  batch(): Batch {
    this.#isMarked = false;
    const last = this.#waiting.at(-1);
    return last !== undefined && last.sizeBytes < BATCH_BYTES ? last : this.#begin();
  }

  /** Writes a mark: recovery then knows that everything before it was durable. */
  async mark(): Promise<void> {
    this.checkOpen();
    const batch = this.#begin();
    this.#isMarked = true;
    await batch.done;
  }

  /** Throws while a full disk keeps appends from becoming durable: waiting for one may take long. */
  checkRoom(): void {
    if (!this.isDiskFull) return;
    throw new RingtideError("DISK_FULL", `${this.#options.directory}: the log waits for room on the disk`);
  }

  /** Resolves when the log is durable up to `position`; rejects when the log failed, and with DISK_FULL as `checkRoom`. */
  async settledTo(position: number): Promise<void> {
    if (this.#failure === undefined && position <= this.#durable) return;
    this.checkRoom();
    await this.settled();
  }

  /** Resolves when everything appended so far is durable; rejects when the log failed. */
  async settled(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await (this.#waiting.at(-1) ?? this.#committing)?.done;
  }

  /** Commits what waits, and a last mark. */
  async close(): Promise<void> {
    const marked = this.#failure === undefined && !this.#isMarked ? this.mark() : undefined;
    this.#isClosing = true;
    this.#idleTimer?.cancel();
    this.#room.end();
    await Promise.allSettled([marked]);
    await this.#running;
  }

  #begin(): Batch {
    const { segments, segmentBytes, directory, clock } = this.#options;
    const { sequence, base, end } = segments.last;
    if (end - base >= segmentBytes) segments.add(new Segment(directory, sequence + 1, end));
    const batch = new Batch(segments.last, this.#identity, clock.monotonicMs());
    this.#waiting.push(batch);
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#running = this.#run();
    }
    return batch;
  }

  /** Never rejects: failures go to those who wait, and to onFailure. */
  async #run(): Promise<void> {
    this.#idleTimer?.cancel();
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      // Appends that follow from the last commit, or come in the same turn, join.
      await Promise.resolve();
      const batch = this.#waiting.shift() as Batch;
      this.#committing = batch;
      try {
        await this.#commit(batch);
        this.#durable = batch.end;
        this.#committing = undefined;
        batch.succeed();
      } catch (error) {
        this.#fail(asRingtideError(error));
      }
    }
    this.#isRunning = false;
    if (!this.#isMarked && !this.#isClosing && this.#failure === undefined)
      this.#idleTimer = this.#options.clock.setTimer(IDLE_MARK_MS, () => this.#markIdle());
  }

  #markIdle(): void {
    if (this.#isRunning || this.#isMarked || this.#isClosing) return;
    this.#isMarked = true;
    this.#begin();
  }

  async #commit(batch: Batch): Promise<void> {
    const { clock, metrics, hardStateFile, hardStates, segments } = this.#options;
    const startedMs = clock.monotonicMs();
    const steps = [this.#commitToSegment(batch)];
    if (batch.carriesHardState) steps.push(hardStateFile.write(hardStates(), (write) => this.#room.repeat(write)));
    // All of them have to end, whatever happens, before the files may be closed.
    for (const result of await Promise.allSettled(steps)) if (result.status === "rejected") throw result.reason;
    await this.#register(batch);
    metrics.commits.add(1);
    metrics.written.add(batch.sizeBytes);
    metrics.commitSeconds.observe((clock.monotonicMs() - startedMs) / 1000);
    metrics.sizeBytes.set(batch.end - segments.first.base);
  }

  async #commitToSegment({ segment, start, opensSegment, parts }: Batch): Promise<void> {
    const { disk, directory } = this.#options;
    if (opensSegment) await this.#room.repeat(() => segment.create(disk));
    await this.#room.repeat(() => segment.file.write(parts, start - segment.base));
    await segment.file.datasync();
    if (opensSegment) await disk.syncDir(directory);
  }

  /** Tells `cuts` of what a later start could not know to be lost: a new segment, or a group that was not there before. */
  async #register({ segment, end, opensSegment, beginsGroup }: Batch): Promise<void> {
    const { cutFile } = this.#options;
    cutFile.durable = end;
    cutFile.lastSegment = segment.sequence;
    if (opensSegment || beginsGroup) await this.#room.repeat(() => cutFile.write());
  }

  #fail(error: RingtideError): void {
    this.#failure = error;
    this.#idleTimer?.cancel();
    const pending = [this.#committing, ...this.#waiting.splice(0)];
    this.#committing = undefined;
    for (const batch of pending) batch?.fail(error);
    if (!hasCode(error, "SHUTTING_DOWN")) this.#options.onFailure(error);
  }
}
