import { assert, type GroupNumber, makeDirectory, RingtideError } from "@ringtide/common";
import type { ColumnBatch, Point } from "@ringtide/tsfile";
import { Activities } from "./activities.ts";
import type {
  ApplyOutcome,
  FileIdentity,
  PieceRequest,
  ReplicaStorage,
  ScanRequest,
  SchemaView,
  SeriesPiece,
  SnapshotManifest,
} from "./api.ts";
import { applyCommand } from "./apply.ts";
import { checkPayload } from "./check.ts";
import { Closer, type Closing } from "./closer.ts";
import { decodeCommand } from "./commands.ts";
import type { DataFile } from "./data-file.ts";
import { DataFiles, findFault } from "./data-files.ts";
import { fileName, tidyDirectory } from "./directory.ts";
import { Exclusive } from "./exclusive.ts";
import { exportSnapshot } from "./export.ts";
import { type InstallOptions, installSnapshot, presentFiles } from "./install.ts";
import { lastPoint } from "./last.ts";
import { DEFAULT_BLOCK_ROWS, DEFAULT_MAX_BATCH_ROWS, type EngineOptions } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { seriesPieces } from "./pieces.ts";
import { MAX_GROUP_STATE_BYTES } from "./records.ts";
import { type DeviceSnapshot, type ReadLimits, scanDevice } from "./scan.ts";
import type { Device } from "./schema.ts";
import { ReplicaState } from "./state.ts";
import { Store, type StoredState } from "./store.ts";
import { verifyFiles } from "./verify.ts";

/** One replica's storage of one data group; see ReplicaStorage for what each call promises. */
export class Engine implements ReplicaStorage {
  readonly group: GroupNumber;
  readonly #options: EngineOptions;
  readonly #limits: ReadLimits;
  readonly #state: ReplicaState;
  readonly #closer: Closer;
  readonly #store: Store;
  readonly #files: DataFiles;
  readonly #activities = new Activities();
  /** Held while checkpoint and manifest, or a file of it, change. */
  readonly #exclusive = new Exclusive();
  readonly #listeners: ((index: number) => void)[] = [];
  #appliedIndex: number;
  #checkpointIndex: number;
  #checkpointState: Uint8Array;
  /** Oldest entry with a command since the last CLOSE_FILE; 0 when there is none. */
  #oldestIndex = 0;

  private constructor(options: EngineOptions, store: Store, stored: StoredState, files: DataFiles) {
    const blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS;
    this.group = options.group;
    this.#options = options;
    this.#limits = { maxBatchRows: options.maxBatchRows ?? DEFAULT_MAX_BATCH_ROWS, targetRows: blockRows };
    this.#state = new ReplicaState(options.slotStrategy, stored);
    this.#store = store;
    this.#files = files;
    this.#appliedIndex = stored.checkpoint.index;
    this.#checkpointIndex = stored.checkpoint.index;
    this.#checkpointState = stored.groupState;
    this.#closer = new Closer({
      group: options.group,
      directory: options.directory,
      disk: options.disk,
      clock: options.clock,
      logger: options.logger,
      metrics: options.metrics,
      store,
      tombstones: this.#state.tombstones,
      blockRows,
      exclusive: this.#exclusive,
      openFile: (record) => files.openWritten(record),
      files: () => files.list,
      onDone: (closing, file) => this.#closed(closing, file),
      onFailure: (error) => options.onFailure?.(error),
    });
  }

  /**
   * The state at the last checkpoint, to which the caller applies the entries after `checkpointIndex`. What a crash left of later
   * files is removed. Files that are missing or damaged are marked, and reads that may need them fail; a damaged record of the key-value
   * store is DISK_CORRUPT.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { disk, directory, group, logger } = options;
    const store = new Store(options.kv, options.kvPrefix, options.clock);
    const stored = await store.load();
    await makeDirectory(disk, directory);
    const manifest = stored.files.map(({ index, sizeBytes, digest }) => ({
      name: fileName(group, index),
      sizeBytes,
      digest,
    }));
    await tidyDirectory(disk, directory, manifest, logger);
    const files = await DataFiles.open({ disk, directory, group, logger }, stored.files);
    try {
      return new Engine(options, store, stored, files);
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  /**
   * Replaces the state of a replica, which must not be open, by a snapshot of another replica of its group: durably, and so that a crash at
   * any moment leaves the old state or the new one. `directory` is on the same file system and holds the files of the manifest but those
   * that `presentFiles` names; the caller removes it. Every file is read whole first: DISK_CORRUPT names the one that is missing or
   * not what the manifest says (details: file), and nothing has changed then.
   */
  static async install(options: InstallOptions, directory: string, manifest: SnapshotManifest): Promise<void> {
    await installSnapshot(options, directory, manifest);
  }

  /** The data files of a manifest that the replica, open or not, has already: read whole and found good, so they need not be fetched. */
  static async presentFiles(options: InstallOptions, manifest: SnapshotManifest): Promise<readonly FileIdentity[]> {
    return presentFiles(options, manifest);
  }

  get schema(): SchemaView {
    return this.#state.schema;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get checkpointIndex(): number {
    return this.#checkpointIndex;
  }

  get checkpointState(): Uint8Array {
    return this.#checkpointState;
  }

  get isDiskFull(): boolean {
    return this.#closer.isDiskFull;
  }

  get memtableBytes(): number {
    return this.#closer.queue.reduce(
      (bytes, { captured }) => bytes + captured.memtable.sizeBytes,
      this.#state.memtable.sizeBytes,
    );
  }

  get oldestUnflushedIndex(): number {
    return this.#closer.queue.find(({ oldestIndex }) => oldestIndex > 0)?.oldestIndex ?? this.#oldestIndex;
  }

  check(payload: Uint8Array, isCurrent = true): void {
    checkPayload(payload, this.#state.schema, this.#options.maxEntryBytes, isCurrent);
  }

  apply(index: number, payload: Uint8Array): ApplyOutcome {
    this.#advance(index);
    if (this.#oldestIndex === 0) this.#oldestIndex = index;
    const { request, command } = decodeCommand(payload);
    const { autoCreateSeries } = this.#options;
    return this.#state.requests.once(request, () => applyCommand(this.#state, index, command, autoCreateSeries));
  }

  skip(index: number): void {
    this.#advance(index);
  }

  closeFile(index: number, groupState: Uint8Array): void {
    assert(groupState.length <= MAX_GROUP_STATE_BYTES, `a group state of ${groupState.length} bytes is too large`);
    this.#advance(index);
    const captured = this.#state.capture();
    const closing = { index, captured, groupState: groupState.slice(), oldestIndex: this.#oldestIndex };
    this.#oldestIndex = 0;
    this.#closer.add(closing);
  }

  #advance(index: number): void {
    assert(
      index > this.#appliedIndex,
      `entry ${index} comes after entry ${this.#appliedIndex}, which was applied last`,
    );
    this.#appliedIndex = index;
  }

  #closed(closing: Closing, file: DataFile | undefined): void {
    if (file !== undefined) this.#files.add(file);
    this.#checkpointIndex = closing.index;
    this.#checkpointState = closing.groupState;
    for (const listener of this.#listeners) listener(closing.index);
  }

  async settled(): Promise<void> {
    await this.#closer.settled();
  }

  onCheckpoint(listener: (index: number) => void): void {
    this.#listeners.push(listener);
  }

  files() {
    return this.#files.list.map(({ identity, record }) => ({ ...identity, points: record.points }));
  }

  async exportSnapshot(directory: string): Promise<SnapshotManifest> {
    const { disk, clock } = this.#options;
    const source = {
      group: this.group,
      disk,
      clock,
      store: this.#store,
      exclusive: this.#exclusive,
      signal: this.#activities.signal,
      checkpoint: () => ({
        index: this.#checkpointIndex,
        groupState: this.#checkpointState,
        files: this.#files.list,
      }),
    };
    return this.#activities.run(() => exportSnapshot(source, directory));
  }

  damagedFiles(): readonly FileIdentity[] {
    return this.#files.damaged.map(({ identity }) => identity);
  }

  onDamage(listener: (file: FileIdentity) => void): void {
    this.#files.onDamage(listener);
  }

  async verify(
    signal: AbortSignal,
    options: { readonly bytesPerSecond?: number; readonly name?: string } = {},
  ): Promise<void> {
    const { disk, clock } = this.#options;
    const { bytesPerSecond, name } = options;
    const either = AbortSignal.any([signal, this.#activities.signal]);
    const files = this.#files.list.filter((file) => name === undefined || file.name === name);
    await this.#activities.run(() => verifyFiles({ disk, clock, files, signal: either, bytesPerSecond }));
  }

  async replaceFile(name: string, path: string): Promise<void> {
    await this.#activities.run(async () => {
      const { signal } = this.#activities;
      const pacer = this.#pacer();
      const fault = await findFault(this.#options.disk, path, this.#files.find(name).identity, async () => {
        signal.throwIfAborted();
        await pacer.pace();
      });
      if (fault !== undefined) throw fault;
      await this.#exclusive.run(() => this.#files.replace(name, path));
    });
  }

  scan(request: ScanRequest): AsyncGenerator<ColumnBatch> {
    const device = this.#device(request.device);
    const wanted = request.measurements.map((measurement) => seriesOf(device, measurement));
    const { range, descending, signal } = request;
    const snapshot = this.#snapshot(device);
    return scanDevice(snapshot, { wanted, range, descending, signal }, this.#limits, this.#pacer());
  }

  pieces(request: PieceRequest): AsyncGenerator<SeriesPiece> {
    const device = this.#device(request.device);
    const series = seriesOf(device, request.measurement);
    return seriesPieces(this.#snapshot(device), series, request, this.#limits, this.#pacer());
  }

  async last(device: string, measurement: string): Promise<Point | undefined> {
    const known = this.#device(device);
    return lastPoint(this.#snapshot(known), seriesOf(known, measurement));
  }

  #device(path: string): Device {
    const device = this.#state.schema.device(path);
    if (device === undefined) throw new RingtideError("PATH_NOT_FOUND", `no device ${path}`, { details: { path } });
    return device;
  }

  /** What reads of a device see from now on. Memory holds the newest versions, files the older ones. */
  #snapshot({ id }: Device): DeviceSnapshot {
    const files = this.#files.list;
    const memtables = [...this.#closer.queue.map(({ captured }) => captured.memtable), this.#state.memtable];
    const inMemory = memtables.flatMap((memtable) => memtable.sourcesOf(id));
    return {
      tombstones: this.#state.tombstones.of(id),
      sources: () => [...files.flatMap((file) => file.sources(id)), ...inMemory],
    };
  }

  #pacer(): Pacer {
    return new Pacer(this.#options.clock);
  }

  /** Ends after the close that is under way, unless that waits for room; later reads of files are refused with SHUTTING_DOWN. */
  async close(): Promise<void> {
    await Promise.all([this.#closer.stop(), this.#activities.stop()]);
    await this.#files.close();
  }
}

function seriesOf(device: Device, measurement: string) {
  const series = device.byName.get(measurement);
  if (series !== undefined) return series;
  const path = `${device.path}.${measurement}`;
  throw new RingtideError("PATH_NOT_FOUND", `no series ${path}`, { details: { path } });
}
