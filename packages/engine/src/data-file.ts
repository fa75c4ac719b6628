import { asRingtideError, assert, type Disk, hasCode, RingtideError } from "@ringtide/common";
import { type BlockRef, FileReader, openBlock } from "@ringtide/tsfile";
import type { FileIdentity } from "./api.ts";
import { decodeColumns } from "./block-source.ts";
import { fileName } from "./directory.ts";
import type { RecentSources } from "./recent-sources.ts";
import type { FileRecord } from "./records.ts";
import type { Source } from "./source.ts";

/** Where the data files of a group are, and what they have in common. */
export interface FilePlace {
  readonly disk: Disk;
  readonly directory: string;
  readonly group: number;
  readonly recent: RecentSources;
  /** Told once of each file that is found damaged. */
  readonly onDamage: (file: DataFile, reason: RingtideError) => void;
}

/**
 * A data file of the manifest. Damage that a read meets fails that read, and what else it asks for is read on, each range under its
 * checksum. A file that is known not to be that of the manifest gives nothing at all: then every read that may need it fails.
 */
export class DataFile {
  readonly record: FileRecord;
  readonly name: string;
  readonly path: string;
  readonly #place: FilePlace;
  /** Undefined when the file could not be opened. */
  readonly #reader: FileReader | undefined;
  /** Tells its entries in the cache from those of the file that it replaces. */
  readonly #owner: number;
  #isDamaged = false;
  /** Why nothing of the file may be read. */
  #refusal: RingtideError | undefined;
  #reads = 0;
  #isClosing = false;
  #whenIdle: (() => void) | undefined;

  private constructor(place: FilePlace, record: FileRecord, reader: FileReader | undefined) {
    this.#place = place;
    this.record = record;
    this.name = fileName(place.group, record.index);
    this.path = `${place.directory}/${this.name}`;
    this.#reader = reader;
    this.#owner = place.recent.addOwner();
  }

  /** DISK_CORRUPT when the file is missing, damaged where it is read now, or not what the manifest says. */
  static async open(place: FilePlace, record: FileRecord): Promise<DataFile> {
    const { disk, directory, group } = place;
    const path = `${directory}/${fileName(group, record.index)}`;
    const reader = await openReader(disk, path);
    const { meta, sizeBytes } = reader;
    if (meta.group !== group || meta.index !== record.index || sizeBytes !== record.sizeBytes) {
      await reader.close();
      throw new RingtideError(
        "DISK_CORRUPT",
        `${path} is not the file of the manifest: ${sizeBytes} bytes of group ${meta.group}, index ${meta.index}, where ${record.sizeBytes} bytes of group ${group}, index ${record.index} should be`,
      );
    }
    return new DataFile(place, record, reader);
  }

  /** The same, but one that is missing or damaged is marked, and refuses reads. */
  static async openAnyway(place: FilePlace, record: FileRecord): Promise<DataFile> {
    try {
      return await DataFile.open(place, record);
    } catch (error) {
      if (!hasCode(error, "DISK_CORRUPT")) throw error;
      const file = new DataFile(place, record, undefined);
      file.refuse(error);
      return file;
    }
  }

  get identity(): FileIdentity {
    const { sizeBytes, digest } = this.record;
    return { name: this.name, sizeBytes, digest };
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Marks the file, and lets nothing of it be read any more: it is not that of the manifest. */
  refuse(reason: RingtideError): void {
    this.#refusal ??= this.#damaged(reason);
  }

  /** Marks the file; returns the error for who meets the damage. */
  #damaged(reason: RingtideError): RingtideError {
    const error = new RingtideError("DISK_CORRUPT", reason.message, {
      details: { ...reason.details, file: this.name },
      cause: reason,
    });
    if (!this.#isDamaged) {
      this.#isDamaged = true;
      this.#place.onDamage(this, error);
    }
    return error;
  }

  /** The blocks of a device, in order of time where they have a series in common. */
  sources(deviceId: number): readonly Source[] {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#place.recent.get(this.#owner, deviceId, () => this.#parse(deviceId));
  }

  #parse(deviceId: number): readonly Source[] {
    try {
      return this.#opened.blocks(deviceId).map((ref) => this.#source(ref));
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /** False only when it certainly has nothing of the device: true of a file whose index cannot be read. */
  mayHave(deviceId: number): boolean {
    try {
      return this.sources(deviceId).length > 0;
    } catch (error) {
      if (!hasCode(error, "DISK_CORRUPT")) throw error;
      return true;
    }
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
        try {
          const view = openBlock(await this.#read(ref, columns));
          return decodeColumns(
            view,
            columns.map((_, i) => i),
          );
        } catch (error) {
          throw this.#failureOf(error);
        }
      },
    };
  }

  /** Bytes that are wrong are damage, also where their checksum lets them pass. */
  #failureOf(error: unknown): RingtideError {
    const known = asRingtideError(error);
    return known !== this.#refusal && hasCode(known, "DISK_CORRUPT", "BLOCK_MALFORMED") ? this.#damaged(known) : known;
  }

  get #opened(): FileReader {
    assert(this.#reader !== undefined, "a file that is not open refuses reads");
    return this.#reader;
  }

  async #read(ref: BlockRef, columns: readonly number[]): Promise<Uint8Array> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#isClosing) throw new RingtideError("SHUTTING_DOWN", "the storage was closed during a read");
    this.#reads++;
    try {
      return await this.#opened.readColumns(ref, columns);
    } finally {
      this.#reads--;
      if (this.#reads === 0) this.#whenIdle?.();
    }
  }

  /** Reads that are under way delay it, later ones are refused. */
  async close(): Promise<void> {
    assert(!this.#isClosing, "a file is closed once");
    this.#isClosing = true;
    if (this.#reads > 0)
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    await this.#reader?.close();
  }

  /** Closes it because another copy has taken its place: reads that still come to it are to be made again. */
  async retire(): Promise<void> {
    this.#isDamaged = true;
    this.#refusal ??= new RingtideError("DISK_CORRUPT", `${this.path} was replaced during the read: read again`, {
      details: { file: this.name, path: this.path },
    });
    await this.close();
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
