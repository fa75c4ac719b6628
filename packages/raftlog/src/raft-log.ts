import { assert, type GroupNumber, groupName, RingtideError } from "@ringtide/common";
import type { Entry } from "@ringtide/raft";
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
      hardStateFile: recovered.hardStateFile,
      hardStates: () => new Map([...this.#groups.values()].map((log) => [log.group, log.hardState])),
      metrics: logMetrics(options.metrics),
    });
    this.#cutter = new Cutter({
      ...options,
      identity: recovered.identity,
      segments: recovered.segments,
      groups: recovered.groups,
      committer: this.#committer,
      restateHardState: (log) => this.append(log.group, { hardState: log.hardState, entries: [] }),
    });
    this.#reader = new EntryReader(recovered.segments, this.#committer);
  }

  /**
   * Opens the log of a directory, or makes it. Cuts a torn tail with a warning. Rejects with DISK_CORRUPT, naming file and
   * offset, when anything else is damaged, FORMAT_UNKNOWN when a later version wrote it, DATA_DIR_FOREIGN when another node did.
   */
  static async open(options: RaftLogOptions): Promise<RaftLog> {
    assert(options.segmentBytes > 0, `segments of ${options.segmentBytes} bytes`);
    assert(options.maxEntryBytes <= MAX_BODY_BYTES, `entries of up to ${options.maxEntryBytes} bytes`);
    const log = new RaftLog(options, await recover(options));
    try {
      for (const group of log.#recovered.groupsToRestate) {
        const { hardState } = log.#known(group);
        await log.append(group, { hardState, entries: [] });
      }
      await log.#committer.mark();
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
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
   * log has failed, nobody knows what is durable. However much waits for a slow disk, nothing is refused: a group cannot go on without
   * what its core handed over. The cores bound what is not applied, and with it what waits here.
   */
  async append(group: GroupNumber, { hardState, entries }: AppendBatch): Promise<void> {
    if (hardState === undefined && entries.length === 0) return this.#committer.settled();
    for (const entry of entries) this.#checkSize(group, entry);
    this.#committer.checkOpen();
    const log = this.#groups.get(group) ?? new GroupLog(group, NO_CUT);
    log.check(hardState, entries);
    this.#groups.set(group, log);
    const batch = this.#committer.batch();
    if (hardState !== undefined) {
      log.hardState = hardState;
      log.hardStatePosition = batch.addHardState(group, hardState);
    }
    for (const entry of entries) log.put(entry.index, entry.term, batch.addEntry(group, entry), recordBytes(entry));
    await batch.done;
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
   * Both must be in [firstIndex, lastIndex]; entries that are not durable yet are waited for. DISK_CORRUPT names file and
   * offset of a record whose checksum fails.
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
   * needs are unlinked.
   */
  async cut(group: GroupNumber, belowIndex: number): Promise<void> {
    await this.#cutter.cut(this.#known(group), belowIndex);
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

  /** Age of the oldest append that is not durable yet; 0 when there is none. */
  oldestPendingSyncMs(): number {
    return this.#committer.oldestPendingMs();
  }

  /** Commits what was appended, then closes the files. Appends reject from the call on. A second call waits for the first. */
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
