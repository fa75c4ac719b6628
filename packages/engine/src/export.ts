import { type Clock, type Disk, hasCode, hexText, makeDirectory, RingtideError } from "@ringtide/common";
import type { FileIdentity, SnapshotManifest } from "./api.ts";
import type { DataFile } from "./data-file.ts";
import type { Exclusive } from "./exclusive.ts";
import { MANIFEST_FORMAT, STATE_FILE } from "./manifest.ts";
import { Pacer } from "./pacer.ts";
import { StateWriter } from "./state-file.ts";
import type { Store, StoreEntry } from "./store.ts";

/** The replica that a snapshot is taken of. */
export interface ExportSource {
  readonly group: number;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly store: Store;
  /** Held while checkpoint and manifest change. */
  readonly exclusive: Exclusive;
  /** Aborts when the engine ends. */
  readonly signal: AbortSignal;
  /** The last checkpoint, and the files of its manifest. */
  readonly checkpoint: () => {
    readonly index: number;
    readonly groupState: Uint8Array;
    readonly files: readonly DataFile[];
  };
}

/** What is fixed of a snapshot while nothing may change the checkpoint. */
interface Fixed {
  readonly index: number;
  readonly groupState: string;
  readonly files: readonly FileIdentity[];
  readonly entries: AsyncIterable<StoreEntry>;
}

/**
 * Puts the state as of the last checkpoint into `directory`: links of the data files, and a state file. Closes wait only while the
 * links are made. When it fails, what it has put there is removed.
 */
export async function exportSnapshot(source: ExportSource, directory: string): Promise<SnapshotManifest> {
  const { group, disk, clock, exclusive, signal } = source;
  const pacer = new Pacer(clock);
  const pause = async () => {
    signal.throwIfAborted();
    await pacer.pace();
  };
  await makeDirectory(disk, directory);
  const links: string[] = [];
  const writer = await StateWriter.create(disk, `${directory}/${STATE_FILE}`);
  try {
    const { index, groupState, files, entries } = await exclusive.run(() => fix(source, directory, links));
    const state = await writer.write({ group, index }, entries, pause);
    await disk.syncDir(directory);
    return { format: MANIFEST_FORMAT, group, index, groupState, files: [...files, { name: STATE_FILE, ...state }] };
  } catch (error) {
    await writer.abort();
    await Promise.allSettled(links.map((path) => disk.unlink(path)));
    throw error;
  }
}

async function fix(source: ExportSource, directory: string, links: string[]): Promise<Fixed> {
  const { group, disk, store, signal, checkpoint } = source;
  signal.throwIfAborted();
  const { index, groupState, files } = checkpoint();
  if (index === 0)
    throw new RingtideError("NO_CHECKPOINT", `group ${group} has closed no file yet, so it has no snapshot`);
  for (const file of files) {
    if (file.isDamaged)
      throw new RingtideError(
        "DISK_CORRUPT",
        `${file.path} is damaged: no snapshot can be taken before it is repaired`,
        {
          details: { file: file.name, path: file.path },
        },
      );
    const link = `${directory}/${file.name}`;
    await linkFile(disk, file, link);
    links.push(link);
  }
  const identities = files.map(({ identity }) => identity);
  return { index, groupState: hexText(groupState), files: identities, entries: store.entries() };
}

async function linkFile(disk: Disk, file: DataFile, link: string): Promise<void> {
  try {
    await disk.link(file.path, link);
  } catch (error) {
    if (!hasCode(error, "DISK_NOT_FOUND") || (await disk.stat(file.path)) !== undefined) throw error;
    const missing = new RingtideError("DISK_CORRUPT", `${file.path} is in the manifest but missing`, {
      details: { file: file.name, path: file.path },
      cause: error,
    });
    file.refuse(missing);
    throw missing;
  }
}
