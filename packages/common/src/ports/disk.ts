/** How a file is opened. `create` fails with DISK_EXISTS when the file is there already. */
export type OpenMode = "read" | "readWrite" | "create";

/** An open file. Positions and lengths are bytes. No call may be made after `close`. */
export interface DiskFile {
  /** Reads up to `into.length` bytes at `position`; returns how many were read (less only at the end of the file). */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of `parts`, one after the other, from `position` on. Not durable before `datasync`. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** fdatasync: on return, everything written before the call survives power loss. Never retried after an error. */
  datasync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface DiskStat {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
}

/**
 * The file system. Errors are RingtideError with code DISK_NOT_FOUND, DISK_EXISTS, DISK_FULL or DISK_IO,
 * and name the path. A created, renamed, linked or removed name is durable only after `syncDir` of its directory.
 */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** The whole file; for small ones. */
  readFile(path: string): Promise<Uint8Array>;
  /** Replaces or creates `path` with `content` so that a crash leaves the old or the new content, durably, never a mix. */
  replaceFile(path: string, content: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A hard link; both names must be on one file system. */
  link(existing: string, added: string): Promise<void>;
  /** Removes a file; one that is missing is no error. */
  unlink(path: string): Promise<void>;
  /** Makes the directory and its missing parents. */
  mkdir(path: string): Promise<void>;
  /** Removes a directory with everything in it; one that is missing is no error. */
  removeDir(path: string): Promise<void>;
  /** Names (not paths) in the directory, sorted by code unit. */
  list(path: string): Promise<string[]>;
  /** Undefined when there is nothing of that name. */
  stat(path: string): Promise<DiskStat | undefined>;
  syncDir(path: string): Promise<void>;
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

/** Makes a directory and its missing parents, durably. The direct parent is synced in any case: a run that died in between may have made it. */
export async function makeDirectory(disk: Disk, path: string): Promise<void> {
  const parents = [parentOf(path)];
  for (let at = parentOf(path); !isTop(at) && (await disk.stat(at)) === undefined; at = parentOf(at))
    parents.push(parentOf(at));
  await disk.mkdir(path);
  for (const parent of parents.reverse()) await disk.syncDir(parent);
}

/** The directory that a name is in, by the text alone. */
function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}

function isTop(path: string): boolean {
  return path === "/" || path === ".";
}
