import { assert, type Disk, hasCode, RingtideError } from "@ringtide/common";
import { type BlockRef, FileReader, openBlock } from "@ringtide/tsfile";
import { decodeColumns } from "./block-source.ts";
import type { RecentSources } from "./recent-sources.ts";
import type { FileRecord } from "./records.ts";
import type { Source } from "./source.ts";

/** Ending of the names of data files. */
export const FILE_SUFFIX = ".tsfile";

/** Name of the file that CLOSE_FILE at `index` of a group's log makes; the same on every replica, and sorts by index. */
export function fileName(group: number, index: number): string {
  return `${group}-${String(index).padStart(16, "0")}${FILE_SUFFIX}`;
}

/** An open data file. Reads that are under way delay `close`, later ones are refused. */
export class DataFile {
  readonly record: FileRecord;
  readonly name: string;
  readonly #reader: FileReader;
  readonly #recent: RecentSources;
  #reads = 0;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

  private constructor(name: string, record: FileRecord, reader: FileReader, recent: RecentSources) {
    this.#recent = recent;
    this.name = name;
    this.record = record;
    this.#reader = reader;
  }

  /** DISK_CORRUPT when a file of the manifest is missing, or is not what the manifest says. */
  static async open(
    disk: Disk,
    directory: string,
    group: number,
    record: FileRecord,
    recent: RecentSources,
  ): Promise<DataFile> {
    const name = fileName(group, record.index);
    const path = `${directory}/${name}`;
    const reader = await openReader(disk, path);
    const { meta, sizeBytes } = reader;
    if (meta.group !== group || meta.index !== record.index || sizeBytes !== record.sizeBytes) {
      await reader.close();
      throw new RingtideError(
        "DISK_CORRUPT",
        `${path} is not the file of the manifest: ${sizeBytes} bytes of group ${meta.group}, index ${meta.index}, where ${record.sizeBytes} bytes of group ${group}, index ${record.index} should be`,
      );
    }
    return new DataFile(name, record, reader, recent);
  }

  /** The blocks of a device, in order of time where they have a series in common. */
  sources(deviceId: number): readonly Source[] {
    return this.#recent.get(this.record.index, deviceId, () =>
      this.#reader.blocks(deviceId).map((ref) => this.#source(ref)),
    );
  }

  has(deviceId: number): boolean {
    return this.sources(deviceId).length > 0;
  }

  #source(ref: BlockRef): Source {
    return {
      index: this.record.index,
      seriesIds: Array.from(ref.seriesIds),
      rows: ref.rows,
      base: ref.base,
      first: ref.firstTime,
      last: ref.lastTime,
      statistics: (column) => ref.statistics(column),
      load: async (columns) => {
        const view = openBlock(await this.#read(ref, columns));
        return decodeColumns(
          view,
          columns.map((_, i) => i),
        );
      },
    };
  }

  async #read(ref: BlockRef, columns: readonly number[]): Promise<Uint8Array> {
    if (this.#isClosing) throw new RingtideError("SHUTTING_DOWN", "the storage was closed during a read");
    this.#reads++;
    try {
      return await this.#reader.readColumns(ref, columns);
    } finally {
      this.#reads--;
      if (this.#reads === 0) this.#whenIdle?.();
    }
  }

  async close(): Promise<void> {
    assert(!this.#isClosing, "a file is closed once");
    this.#isClosing = true;
    if (this.#reads > 0)
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    await this.#reader.close();
  }
}

async function openReader(disk: Disk, path: string): Promise<FileReader> {
  try {
    return await FileReader.open(disk, path);
  } catch (error) {
    if (!hasCode(error, "DISK_NOT_FOUND")) throw error;
    throw new RingtideError("DISK_CORRUPT", `${path} is in the manifest but missing`, { cause: error });
  }
}
