import { assert, type Disk, type GroupNumber, type Logger, RingtideError } from "@ringtide/common";
import type { ColumnBatch, Point } from "@ringtide/tsfile";
import type { ApplyOutcome, PieceRequest, ReplicaStorage, ScanRequest, SchemaView, SeriesPiece } from "./api.ts";
import { applyCommand } from "./apply.ts";
import { checkPayload } from "./check.ts";
import { Closer, type Closing } from "./closer.ts";
import { decodeCommand } from "./commands.ts";
import { DataFile, FILE_SUFFIX, fileName } from "./data-file.ts";
import { lastPoint } from "./last.ts";
import { DEFAULT_BLOCK_ROWS, DEFAULT_MAX_BATCH_ROWS, type EngineOptions } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { seriesPieces } from "./pieces.ts";
import { RecentSources } from "./recent-sources.ts";
import type { FileRecord } from "./records.ts";
import { type DeviceSnapshot, type ReadLimits, scanDevice } from "./scan.ts";
import type { Device } from "./schema.ts";
import { ReplicaState } from "./state.ts";
import { Store, type StoredState } from "./store.ts";

/** One replica's storage of one data group; see ReplicaStorage for what each call promises. */
export class Engine implements ReplicaStorage {
  readonly group: GroupNumber;
  readonly #options: EngineOptions;
  readonly #limits: ReadLimits;
  readonly #state: ReplicaState;
  readonly #closer: Closer;
  readonly #listeners: ((index: number) => void)[] = [];
  /** Oldest first; replaced, never changed: reads keep the list of their call. */
  #files: readonly DataFile[];
  #appliedIndex: number;
  #checkpointIndex: number;
  /** Oldest entry with a command since the last CLOSE_FILE; 0 when there is none. */
  #oldestIndex = 0;

  private constructor(
    options: EngineOptions,
    store: Store,
    stored: StoredState,
    files: readonly DataFile[],
    openFile: (record: FileRecord) => Promise<DataFile>,
  ) {
    const blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS;
    this.group = options.group;
    this.#options = options;
    this.#limits = { maxBatchRows: options.maxBatchRows ?? DEFAULT_MAX_BATCH_ROWS, targetRows: blockRows };
    this.#state = new ReplicaState(options.slotStrategy, stored);
    this.#files = files;
    this.#appliedIndex = stored.checkpoint.index;
    this.#checkpointIndex = stored.checkpoint.index;
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
      openFile,
      files: () => this.#files,
      onDone: (closing, file) => this.#closed(closing, file),
      onFailure: (error) => options.onFailure?.(error),
    });
  }

  /**
   * The state at the last checkpoint, to which the caller applies the entries after `checkpointIndex`. What a crash left of later
   * files is removed. DISK_CORRUPT when a file of the manifest is missing or damaged, or a record is.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { disk, directory, group, logger } = options;
    const store = new Store(options.kv, options.kvPrefix, options.clock);
    const stored = await store.load();
    await disk.mkdir(directory);
    const listed = new Set(stored.files.map(({ index }) => fileName(group, index)));
    await removeLeftovers(disk, directory, listed, logger);
    const recent = new RecentSources();
    const openFile = (record: FileRecord) => DataFile.open(disk, directory, group, record, recent);
    const files: DataFile[] = [];
    try {
      for (const record of stored.files) files.push(await openFile(record));
      return new Engine(options, store, stored, files, openFile);
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
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

  closeFile(index: number): void {
    this.#advance(index);
    const closing = { index, captured: this.#state.capture(), oldestIndex: this.#oldestIndex };
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
    if (file !== undefined) this.#files = [...this.#files, file];
    this.#checkpointIndex = closing.index;
    for (const listener of this.#listeners) listener(closing.index);
  }

  async settled(): Promise<void> {
    await this.#closer.settled();
  }

  onCheckpoint(listener: (index: number) => void): void {
    this.#listeners.push(listener);
  }

  files() {
    return this.#files.map(({ name, record: { sizeBytes, digest, points } }) => ({ name, sizeBytes, digest, points }));
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
    const files = this.#files;
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

  /** Ends after the close that is under way; later reads of files are refused with SHUTTING_DOWN. */
  async close(): Promise<void> {
    await this.#closer.stop();
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

function seriesOf(device: Device, measurement: string) {
  const series = device.byName.get(measurement);
  if (series !== undefined) return series;
  const path = `${device.path}.${measurement}`;
  throw new RingtideError("PATH_NOT_FOUND", `no series ${path}`, { details: { path } });
}

/** Removes what a close that a crash cut off has left: half files, and whole ones that did not get into the manifest. */
async function removeLeftovers(
  disk: Disk,
  directory: string,
  listed: ReadonlySet<string>,
  logger: Logger,
): Promise<void> {
  const names = await disk.list(directory);
  const leftovers = names.filter(
    (name) => name.endsWith(`${FILE_SUFFIX}.tmp`) || (name.endsWith(FILE_SUFFIX) && !listed.has(name)),
  );
  for (const name of leftovers) {
    logger.info("removing a file that a crash left", { name });
    await disk.unlink(`${directory}/${name}`);
  }
  if (leftovers.length > 0) await disk.syncDir(directory);
}
