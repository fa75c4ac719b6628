import { assert, type GroupNumber, groupName, RingtideError } from "@ringtide/common";
import type { Entry } from "@ringtide/raft";
import type { Batch } from "./batch.ts";
import { Committer } from "./committer.ts";
import { Cutter } from "./cutter.ts";
import { recordBytes } from "./entry-codec.ts";
import { EntryReader } from "./entry-reader.ts";
import { GroupLog, NO_CUT } from "./group-log.ts";
import { logMetrics } from "./log-metrics.ts";
import type { AppendBatch, RaftLogOptions, RecoveredGroup } from "./options.ts";
import { MAX_BODY_BYTES } from "./record.ts";
import { type Recovered, recover } from "./recovery.ts";
import type { SegmentList } from "./segment.ts";

/**
 * The node's log: entries and hard state of all its Raft groups in one sequence of segment files, committed together.
 * `append` takes effect in memory at once (`term`, `group`, `groupBytesSince` show it) and resolves when it is durable.
 */
export class RaftLog {
  readonly #options: RaftLogOptions;
  readonly #groups: Map<GroupNumber, GroupLog>;
  readonly #segments: SegmentList;
  readonly #recovered: Recovered;
  readonly #committer: Committer;
  readonly #cutter: Cutter;
  readonly #reader: EntryReader;
  #closed: Promise<void> | undefined;

  private constructor(options: RaftLogOptions, recovered: Recovered) {
    this.#options = options;
    this.#recovered = recovered;
    this.#groups = recovered.groups;
    this.#segments = recovered.segments;
    this.#committer = new Committer({
      ...options,
      identity: recovered.identity,
      segments: recovered.segments,
      cutFile: recovered.cutFile,
      hardStateFile: recovered.hardStateFile,
      hardStates: () => new Map([...this.#groups.values()].map((log) => [log.group, log.hardState])),
      metrics: logMetrics(options.metrics),
    });
    this.#cutter = new Cutter({
      ...options,
      segments: recovered.segments,
      groups: recovered.groups,
      committer: this.#committer,
      cutFile: recovered.cutFile,
      restateHardState: (log) => this.#restate(log),
    });
    this.#reader = new EntryReader(recovered.segments, this.#committer);
  }

  /**
   * Opens the log of a directory, or makes it. Cuts a torn tail, and leaves out what damage took, with a warning each: groups that lost
   * entries are `damaged`. Rejects with DISK_CORRUPT, naming file and offset, when `cuts`, all segments or a vote may be lost,
   * FORMAT_UNKNOWN when a later version wrote it, DATA_DIR_FOREIGN when another node did, DISK_FULL when there is no room.
   */
  static async open(options: RaftLogOptions): Promise<RaftLog> {
    assert(options.segmentBytes > 0, `segments of ${options.segmentBytes} bytes`);
    assert(options.maxEntryBytes <= MAX_BODY_BYTES, `entries of up to ${options.maxEntryBytes} bytes`);
    const recovered = await recover(options);
    const log = new RaftLog(options, recovered);
    try {
      const restated = recovered.groupsToRestate.map((group) => log.#restate(log.#known(group)));
      await Promise.all([...restated, log.#committer.mark()]);
      await log.#register();
      log.#committer.waitForRoom();
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  #restate({ group, hardState }: GroupLog): Promise<void> {
    return this.append(group, { hardState, entries: [] });
  }

  /** Tells `cuts` what it does not know yet, as after damage or an upgrade, so that the next start can notice a loss. */
  async #register(): Promise<void> {
    const { cutFile, restatedFrom, isRegistered } = this.#recovered;
    if (restatedFrom !== undefined) cutFile.hardStatesFrom = restatedFrom;
    if (restatedFrom !== undefined || !isRegistered) await cutFile.write();
  }

  /** All groups that the log knows, by number. */
  groups(): readonly RecoveredGroup[] {
    const logs = [...this.#groups.values()].sort((a, b) => a.group - b.group);
    return logs.map((log) => log.describe(this.#committer.durable));
  }

  /** The group as of now; undefined when the log has nothing of it. */
  group(group: GroupNumber): RecoveredGroup | undefined {
    return this.#groups.get(group)?.describe(this.#committer.durable);
  }

  /**
   * Appends entries (the first one may overwrite: the group's log is truncated from its index on) and hard state; either may
   * be left out. Resolves when they are durable. TABLET_TOO_LARGE, SHUTTING_DOWN: nothing was done. An error of the disk: the
   * log has failed, nobody knows what is durable. However much waits for a slow or full disk, nothing is refused: a group cannot go on
   * without what its core handed over. The cores bound what is not applied, and with it what waits here.
   */
  async append(group: GroupNumber, { hardState, entries }: AppendBatch): Promise<void> {
    if (hardState === undefined && entries.length === 0) return this.#committer.settled();
    for (const entry of entries) this.#checkSize(group, entry);
    this.#committer.checkOpen();
    const known = this.#groups.get(group);
    const log = known ?? new GroupLog(group, NO_CUT);
    log.check(hardState, entries);
    const batch = this.#committer.batch();
    if (known === undefined) this.#begin(log, batch);
    if (hardState !== undefined) {
      log.hardState = hardState;
      log.hardStatePosition = batch.addHardState(group, hardState);
    }
    for (const entry of entries) log.put(entry.index, entry.term, batch.addEntry(group, entry), recordBytes(entry));
    log.appendedUpTo = batch.end;
    await batch.done;
  }

  /** A group that was not there before: nothing that stands in the log so far is its, and damage there does not touch it. */
  #begin(log: GroupLog, batch: Batch): void {
    log.ignored = [{ from: 0, to: batch.start }];
    batch.beginsGroup = true;
    this.#groups.set(log.group, log);
  }

  #checkSize(group: GroupNumber, { index, payload }: Entry): void {
    const { maxEntryBytes } = this.#options;
    if (payload.length <= maxEntryBytes) return;
    throw new RingtideError(
      "TABLET_TOO_LARGE",
      `entry ${index} of ${groupName(group)} has ${payload.length} bytes, raft_log_buffer_size allows ${maxEntryBytes}`,
    );
  }

  /**
   * Entries from `fromIndex` on, up to and including `throughIndex`, as many as `maxBytes` of records hold but at least one.
   * Both must be in [firstIndex, lastIndex]; entries that are not durable yet are waited for. DISK_CORRUPT when a record is not what was
   * appended: `details` has file, offset, group and index.
   */
  async read(group: GroupNumber, fromIndex: number, throughIndex: number, maxBytes: number): Promise<Entry[]> {
    return this.#reader.read(this.#known(group), fromIndex, throughIndex, maxBytes);
  }

  /** Known for [firstIndex − 1, lastIndex], and 0 for index 0 of a log that was never cut. */
  term(group: GroupNumber, index: number): number | undefined {
    return (this.#groups.get(group) ?? new GroupLog(group, NO_CUT)).term(index);
  }

  /**
   * The group needs no entries below `belowIndex`, at most lastIndex + 1, any more. Durable on return. Segments that no group
   * needs are unlinked. DISK_FULL: nothing is broken, and a later cut does it all.
   */
  async cut(group: GroupNumber, belowIndex: number): Promise<void> {
    await this.#cutter.cut(this.#known(group).group, belowIndex);
  }

  /**
   * All entries of the group are gone, also those that a later start would find in the segments: its log begins empty at `firstIndex`, and
   * the entry before had `termBefore`. The group may be new. Its hard state and `damaged` stay. Durable on return; after a crash either the
   * old log is there or the new one. Nothing may be appended to the group meanwhile. After an error the old log is there.
   */
  async reset(group: GroupNumber, firstIndex: number, termBefore: number): Promise<void> {
    assert(firstIndex >= 1 && termBefore >= 0, `${groupName(group)} reset to ${firstIndex} after term ${termBefore}`);
    this.#committer.checkOpen();
    await this.#cutter.reset(group, { firstIndex, termBefore });
  }

  /** The group has caught up with what it lost: it is no longer `damaged`. Durable on return. */
  async trust(group: GroupNumber): Promise<void> {
    this.#committer.checkOpen();
    await this.#cutter.trust(this.#known(group).group);
  }

  #known(group: GroupNumber): GroupLog {
    const log = this.#groups.get(group);
    assert(log !== undefined, `the log has nothing of ${groupName(group)}`);
    return log;
  }

  /** Bytes of all segments. */
  sizeBytes(): number {
    return this.#segments.last.end - this.#segments.first.base;
  }

  /** Bytes of the records of the group's entries at or after `index`. */
  groupBytesSince(group: GroupNumber, index: number): number {
    return this.#groups.get(group)?.bytesSince(index) ?? 0;
  }

  /**
   * Bytes of the log, of all groups, from the group's entry `index` (or its first, if that is cut) to the end: what a restart reads
   * again for it, and what cannot be unlinked before it is cut. 0 when the group has no such entry.
   */
  bytesFrom(group: GroupNumber, index: number): number {
    const log = this.#groups.get(group);
    if (log === undefined || index > log.lastIndex) return 0;
    return this.#segments.last.end - log.position(Math.max(index, log.firstIndex));
  }

  /** Appends wait because the disk is full. They go on by themselves once there is room. */
  get isDiskFull(): boolean {
    return this.#committer.isDiskFull;
  }

  /** Age of the oldest append that is not durable yet; 0 when there is none. */
  oldestPendingSyncMs(): number {
    return this.#committer.oldestPendingMs();
  }

  /**
   * Commits what was appended, then closes the files. Appends reject from the call on, and so does what waits for a full disk, with
   * SHUTTING_DOWN. A second call waits for the first.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#committer.close();
    await this.#cutter.settled();
    for (const segment of this.#segments) await segment.drop();
    await this.#recovered.hardStateFile.close();
  }
}
