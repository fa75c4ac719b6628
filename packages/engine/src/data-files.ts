import { asRingtideError, type Disk, type Logger, RingtideError } from "@ringtide/common";
import { digestFile } from "@ringtide/tsfile";
import type { FileIdentity } from "./api.ts";
import { DataFile, type FilePlace } from "./data-file.ts";
import { linkIncoming, takeIncoming } from "./directory.ts";
import { RecentSources } from "./recent-sources.ts";
import type { FileRecord } from "./records.ts";

export interface DataFilesOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly group: number;
  readonly logger: Logger;
}

/** The open data files of a replica, those that are damaged included. */
export class DataFiles {
  readonly #options: DataFilesOptions;
  readonly #place: FilePlace;
  readonly #listeners: ((file: FileIdentity) => void)[] = [];
  #list: readonly DataFile[] = [];

  private constructor(options: DataFilesOptions) {
    const { disk, directory, group } = options;
    this.#options = options;
    const onDamage = (file: DataFile, reason: RingtideError) => this.#damaged(file, reason);
    this.#place = { disk, directory, group, recent: new RecentSources(), onDamage };
  }

  /** Opens the files of the manifest, oldest first; those that are missing or damaged are marked. */
  static async open(options: DataFilesOptions, records: readonly FileRecord[]): Promise<DataFiles> {
    const files = new DataFiles(options);
    const list: DataFile[] = [];
    try {
      for (const record of records) list.push(await DataFile.openAnyway(files.#place, record));
    } catch (error) {
      await Promise.all(list.map((file) => file.close()));
      throw error;
    }
    files.#list = list;
    return files;
  }

  /** Oldest first; replaced, never changed: reads keep the list of their call. */
  get list(): readonly DataFile[] {
    return this.#list;
  }

  get damaged(): readonly DataFile[] {
    return this.#list.filter((file) => file.isDamaged);
  }

  onDamage(listener: (file: FileIdentity) => void): void {
    this.#listeners.push(listener);
  }

  #damaged(file: DataFile, reason: RingtideError): void {
    this.#options.logger.error("a data file is damaged", { file: file.name, reason: reason.message });
    if (!this.#list.includes(file)) return;
    for (const listener of this.#listeners) listener(file.identity);
  }

  /** Opens a file that was just written; `add` puts it into the list. */
  async openWritten(record: FileRecord): Promise<DataFile> {
    return DataFile.open(this.#place, record);
  }

  add(file: DataFile): void {
    this.#list = [...this.#list, file];
  }

  find(name: string): DataFile {
    const found = this.#list.find((file) => file.name === name);
    if (found === undefined)
      throw new RingtideError("DISK_NOT_FOUND", `${name} is not in the manifest of group ${this.#options.group}`, {
        details: { file: name },
      });
    return found;
  }

  /** Puts the copy at `path`, whose bytes have been checked, in the place of a file. */
  async replace(name: string, path: string): Promise<void> {
    const { disk, directory, logger } = this.#options;
    const { identity, record } = this.find(name);
    await linkIncoming(disk, directory, path, identity);
    await takeIncoming(disk, directory, identity);
    await disk.syncDir(directory);
    const opened = await DataFile.open(this.#place, record);
    const before = this.find(name);
    this.#list = this.#list.map((file) => (file === before ? opened : file));
    logger.info("put a good copy of a data file in place", { file: name });
    await before.retire();
  }

  async close(): Promise<void> {
    await Promise.all(this.#list.map((file) => file.close()));
  }
}

/** What is wrong with the file at `path` as a copy of `file`; undefined when it is one, byte for byte. */
export async function findFault(
  disk: Disk,
  path: string,
  file: FileIdentity,
  pause: (bytes: number) => Promise<void>,
): Promise<RingtideError | undefined> {
  const fault = (problem: string, cause?: RingtideError) =>
    new RingtideError("DISK_CORRUPT", `${path} is not ${file.name} of the manifest: ${problem}`, {
      details: { path, file: file.name },
      ...(cause === undefined ? {} : { cause }),
    });
  try {
    const stat = await disk.stat(path);
    if (stat === undefined) return fault("it is missing");
    if (stat.sizeBytes !== file.sizeBytes) return fault(`it has ${stat.sizeBytes} bytes, not ${file.sizeBytes}`);
    const { digest } = await digestFile(disk, path, pause);
    return digest === file.digest ? undefined : fault(`its digest is ${digest}, not ${file.digest}`);
  } catch (error) {
    const known = asRingtideError(error);
    if (known.code === "DISK_CORRUPT" || known.code === "DISK_NOT_FOUND") return fault(known.message, known);
    throw error;
  }
}
