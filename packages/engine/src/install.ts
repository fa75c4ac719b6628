import { equalBytes, makeDirectory, RingtideError } from "@ringtide/common";
import type { FileIdentity, SnapshotManifest } from "./api.ts";
import { findFault } from "./data-files.ts";
import { fileName, linkIncoming, tidyDirectory } from "./directory.ts";
import { Keys, KeyTag } from "./keys.ts";
import { checkManifest, dataFilesOf, groupStateOf, STATE_FILE } from "./manifest.ts";
import type { EngineOptions } from "./options.ts";
import { Pacer } from "./pacer.ts";
import { decodeCheckpoint, decodeFile, decodeGroupState } from "./records.ts";
import { readState } from "./state-file.ts";
import { Store, type StoreEntry } from "./store.ts";

/** What replacing the state of a replica needs of its options. */
export type InstallOptions = Pick<
  EngineOptions,
  "group" | "directory" | "kv" | "kvPrefix" | "disk" | "clock" | "logger"
>;

/**
 * Replaces the state of a replica that is not open by the snapshot in `directory`. Data files that the replica has already need not be
 * in there. Nothing changes before every file has been read and found good: DISK_CORRUPT names the one that is not. Then a crash at any moment,
 * or an error, leaves the old state or the new one.
 */
export async function installSnapshot(
  options: InstallOptions,
  directory: string,
  unchecked: SnapshotManifest,
): Promise<void> {
  const { group, disk, logger, clock } = options;
  const manifest = checkManifest(unchecked, group);
  const dataFiles = dataFilesOf(manifest);
  const pacer = new Pacer(clock);
  const pause = () => pacer.pace();
  await makeDirectory(disk, options.directory);
  const present = new Set((await presentFiles(options, manifest)).map(({ name }) => name));
  const needed = manifest.files.filter(({ name }) => !present.has(name));
  for (const file of needed) {
    const fault = await findFault(disk, `${directory}/${file.name}`, file, pause);
    if (fault !== undefined) throw fault;
  }
  const entries = await readEntries(options, `${directory}/${STATE_FILE}`, manifest, pause);
  for (const file of needed)
    if (file.name !== STATE_FILE) await linkIncoming(disk, options.directory, `${directory}/${file.name}`, file);
  await disk.syncDir(options.directory);
  await new Store(options.kv, options.kvPrefix, clock).replaceAll(entries);
  // From here on the new state holds; opening would do the same.
  await tidyDirectory(disk, options.directory, dataFiles, logger);
  logger.info("installed a snapshot", { index: manifest.index, files: dataFiles.length, taken: needed.length - 1 });
}

/** The data files of a manifest that the replica has already: read, and found to be the same. */
export async function presentFiles(
  { group, directory, disk, clock }: InstallOptions,
  unchecked: SnapshotManifest,
): Promise<readonly FileIdentity[]> {
  const pacer = new Pacer(clock);
  const present: FileIdentity[] = [];
  for (const file of dataFilesOf(checkManifest(unchecked, group)))
    if ((await findFault(disk, `${directory}/${file.name}`, file, () => pacer.pace())) === undefined)
      present.push(file);
  return present;
}

/** The entries of a state file, which has to be of the group, checkpoint and files that the manifest says. */
async function readEntries(
  { group, disk }: InstallOptions,
  path: string,
  manifest: SnapshotManifest,
  pause: () => Promise<void>,
): Promise<readonly StoreEntry[]> {
  const { entries, ...origin } = await readState(disk, path, pause);
  const differs = (problem: string) =>
    new RingtideError("DISK_CORRUPT", `${path} does not fit its manifest: ${problem}`, {
      details: { path, file: STATE_FILE },
    });
  if (origin.group !== group || origin.index !== manifest.index)
    throw differs(`it is of group ${origin.group} at ${origin.index}, not of ${group} at ${manifest.index}`);
  const keys = new Keys(new Uint8Array(0));
  const files: FileIdentity[] = [];
  let index = 0;
  let groupState = new Uint8Array(0);
  for (const [key, value] of entries) {
    const tag = key[0];
    if (tag === KeyTag.checkpoint) index = decodeCheckpoint(value).index;
    else if (tag === KeyTag.groupState) groupState = decodeGroupState(value).slice();
    else if (tag === KeyTag.file) {
      const { index: position, sizeBytes, digest } = decodeFile(keys.number(key, 0), value);
      files.push({ name: fileName(group, position), sizeBytes, digest });
    } else if (!isKnown(tag)) throw new RingtideError("FORMAT_UNKNOWN", `${path}: a record of kind ${String(tag)}`);
  }
  if (index !== manifest.index || !equalBytes(groupState, groupStateOf(manifest))) throw differs("another checkpoint");
  if (!areSame(files, dataFilesOf(manifest))) throw differs("other data files");
  return entries;
}

function isKnown(tag: number | undefined): boolean {
  return Object.values<number | undefined>(KeyTag).includes(tag);
}

function areSame(files: readonly FileIdentity[], others: readonly FileIdentity[]): boolean {
  const textOf = (list: readonly FileIdentity[]) =>
    list
      .map(({ name, sizeBytes, digest }) => `${name} ${sizeBytes} ${digest}`)
      .sort()
      .join();
  return textOf(files) === textOf(others);
}
