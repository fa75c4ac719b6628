import type { Disk, Logger } from "@ringtide/common";
import type { FileIdentity } from "./api.ts";

/*
 * The directory of a group's data files. Files that come from elsewhere are first linked in under an incoming name, which has the digest in
 * it, and renamed once the manifest names them. So a manifest finds its own files among the incoming ones whenever a crash came, and those of
 * a manifest that was never written are told apart from them.
 */

/** Ending of the names of data files. */
const FILE_SUFFIX = ".tsfile";
const INCOMING_SUFFIX = ".incoming";
const LEFTOVERS = [`${FILE_SUFFIX}.tmp`, INCOMING_SUFFIX];

/** Name of the file that CLOSE_FILE at `index` of a group's log makes; the same on every replica, and sorts by index. */
export function fileName(group: number, index: number): string {
  return `${group}-${String(index).padStart(16, "0")}${FILE_SUFFIX}`;
}

function incomingName({ name, digest }: FileIdentity): string {
  return `${name}.${digest}${INCOMING_SUFFIX}`;
}

/** Makes a directory and its missing parents, durably. */
export async function makeDirectory(disk: Disk, path: string): Promise<void> {
  const parents: string[] = [];
  for (let at = path; at !== parentOf(at) && (await disk.stat(at)) === undefined; at = parentOf(at))
    parents.push(parentOf(at));
  await disk.mkdir(path);
  for (const parent of parents.reverse()) await disk.syncDir(parent);
}

function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}

/** Links a file whose bytes have been found to be those of `file` in under its incoming name. Bytes are durable then, the name is not yet. */
export async function linkIncoming(disk: Disk, directory: string, from: string, file: FileIdentity): Promise<void> {
  const source = await disk.open(from, "readWrite");
  try {
    await source.datasync();
  } finally {
    await source.close();
  }
  const incoming = `${directory}/${incomingName(file)}`;
  await disk.unlink(incoming);
  await disk.link(from, incoming);
}

/** Gives an incoming file its name, in place of what has it. Not durable before the directory is synced. */
export async function takeIncoming(disk: Disk, directory: string, file: FileIdentity): Promise<void> {
  const incoming = `${directory}/${incomingName(file)}`;
  await disk.rename(incoming, `${directory}/${file.name}`);
  // Where both names were of one file already, renaming has left both.
  await disk.unlink(incoming);
}

/** Makes the directory hold the files of the manifest and no other: takes what is incoming for it, and removes what a crash or an older state left. */
export async function tidyDirectory(
  disk: Disk,
  directory: string,
  manifest: readonly FileIdentity[],
  logger: Logger,
): Promise<void> {
  const names = new Set(await disk.list(directory));
  const incoming = manifest.filter((file) => names.has(incomingName(file)));
  for (const file of incoming) {
    logger.info("taking a file in that a crash kept from its place", { name: file.name });
    await takeIncoming(disk, directory, file);
    names.delete(incomingName(file));
  }
  if (incoming.length > 0) await disk.syncDir(directory);
  const listed = new Set(manifest.map(({ name }) => name));
  const leftovers = Array.from(names).filter(
    (name) => LEFTOVERS.some((suffix) => name.endsWith(suffix)) || (name.endsWith(FILE_SUFFIX) && !listed.has(name)),
  );
  for (const name of leftovers) {
    logger.info("removing a file that is not in the manifest", { name });
    await disk.unlink(`${directory}/${name}`);
  }
  if (leftovers.length > 0) await disk.syncDir(directory);
}
