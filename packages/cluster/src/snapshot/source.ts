import { type Clock, type Disk, type GroupNumber, groupName, type Logger, RingtideError } from "@ringtide/common";
import type { SnapshotManifest } from "@ringtide/engine";
import { createDigest } from "@ringtide/tsfile";
import { readChunks } from "./file-stream.ts";

/** A group that can be copied: what the engine and the meta store have in common. */
export interface SnapshotExporter {
  readonly checkpointIndex: number;
  exportSnapshot(directory: string): Promise<SnapshotManifest>;
}

export interface SnapshotSourceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the snapshots alone: whatever is in it at the start is removed. On the file system of the data files. */
  readonly directory: string;
  /** Of all parts that are sent at a time, each. */
  readonly bytesPerSecond: number;
  /** A snapshot that nobody has read from for this long is removed, and the log behind it no longer kept. */
  readonly keepMs: number;
  /** A file of a snapshot of the group turned out not to be what its manifest says. */
  readonly onRotten: (group: GroupNumber, name: string) => void;
}

interface Held {
  readonly manifest: SnapshotManifest;
  readonly directory: string;
  touchedMs: number;
  readers: number;
}

/** Parts that are sent at a time; more are refused (OVERLOADED) and asked for again. */
const MAX_READERS = 8;

/**
 * The sending side of snapshots: exports a group's checkpoint when a follower asks for it, and hands out its files part by part. While a
 * snapshot is held, or being made, the log behind it must not be cut: its receiver goes on from there (`pinnedIndex`).
 */
export class SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #held = new Map<GroupNumber, Held>();
  /** Being exported: the snapshot will be at `fromIndex` or later. */
  readonly #opening = new Map<GroupNumber, { readonly held: Promise<Held>; readonly fromIndex: number }>();
  #readers = 0;

  constructor(options: SnapshotSourceOptions) {
    this.#options = options;
  }

  /** Removes what a run before left. */
  async start(): Promise<void> {
    const { disk, directory } = this.#options;
    await disk.removeDir(directory);
    await disk.mkdir(directory);
  }

  /** The held snapshot of the group, or a new one: so a receiver that was interrupted can resume. */
  async open(group: GroupNumber, exporter: SnapshotExporter): Promise<SnapshotManifest> {
    let opening = this.#opening.get(group);
    if (opening === undefined) {
      const held = this.#held.get(group);
      if (held !== undefined) {
        held.touchedMs = this.#options.clock.monotonicMs();
        return held.manifest;
      }
      const fromIndex = exporter.checkpointIndex;
      opening = { held: this.#export(group, exporter).finally(() => this.#opening.delete(group)), fromIndex };
      this.#opening.set(group, opening);
    }
    return (await opening.held).manifest;
  }

  async #export(group: GroupNumber, exporter: SnapshotExporter): Promise<Held> {
    const { disk, clock, logger } = this.#options;
    const directory = `${this.#options.directory}/${group}`;
    await disk.removeDir(directory);
    await disk.mkdir(directory);
    const manifest = await exporter.exportSnapshot(directory);
    const held = { manifest, directory, touchedMs: clock.monotonicMs(), readers: 0 };
    this.#held.set(group, held);
    logger.info("snapshot made", { group: groupName(group), index: manifest.index, files: manifest.files.length });
    return held;
  }

  /** DISK_NOT_FOUND when the snapshot is not held (any more), OVERLOADED when too much is being sent, DISK_CORRUPT behind bytes that are wrong. */
  async *part(
    group: GroupNumber,
    index: number,
    name: string,
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const held = this.#held.get(group);
    const file = held?.manifest.index === index ? held.manifest.files.find((one) => one.name === name) : undefined;
    if (held === undefined || file === undefined)
      throw new RingtideError(
        "DISK_NOT_FOUND",
        `there is no file ${name} in a snapshot of ${groupName(group)} at ${index} here: ask for the snapshot again`,
      );
    held.readers++;
    try {
      // The receiver looks at all that it got in any case; a part says nothing of the whole.
      const digest = offset === 0 ? await createDigest() : undefined;
      for await (const chunk of this.send(`${held.directory}/${name}`, offset, signal)) {
        held.touchedMs = this.#options.clock.monotonicMs();
        digest?.update(chunk);
        yield chunk;
      }
      if (digest !== undefined && digest.hex() !== file.digest) throw this.#rotten(group, held, name);
    } finally {
      held.readers--;
    }
  }

  /** Nobody is served from this snapshot any more: the next one is made once the file is sound again. */
  #rotten(group: GroupNumber, held: Held, name: string): RingtideError {
    if (this.#held.get(group) === held) this.#held.delete(group);
    this.#options.onRotten(group, name);
    return new RingtideError(
      "DISK_CORRUPT",
      `${held.directory}/${name}, which was just sent, is not what its manifest says: ask for another snapshot`,
    );
  }

  /** Bytes of any immutable file, within the bounds of this source. */
  async *send(path: string, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { disk, clock, bytesPerSecond } = this.#options;
    if (this.#readers >= MAX_READERS)
      throw new RingtideError("OVERLOADED", `${MAX_READERS} files are being sent already`);
    this.#readers++;
    try {
      yield* readChunks(disk, clock, path, offset, bytesPerSecond, signal);
    } finally {
      this.#readers--;
    }
  }

  /** Entries behind this index must stay in the group's log; undefined: none for our sake. */
  pinnedIndex(group: GroupNumber): number | undefined {
    return this.#held.get(group)?.manifest.index ?? this.#opening.get(group)?.fromIndex;
  }

  /** Called now and then: lets go of what is not read any more. */
  async tick(): Promise<void> {
    const { clock, disk, keepMs, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [group, held] of this.#held) {
      if (held.readers > 0 || nowMs - held.touchedMs < keepMs) continue;
      this.#held.delete(group);
      logger.info("snapshot let go", { group: groupName(group), index: held.manifest.index });
      if (!this.#opening.has(group)) await disk.removeDir(held.directory);
    }
  }
}
