import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import { RingtideError } from "../errors.ts";
import { guarded, hasErrno } from "./disk-errors.ts";

// LevelDB's log: blocks of 32 KiB; a record in a block is masked CRC32C (4), length (2), type (1), payload. A batch is one record
// (full) or several (first, middle …, last); fewer than 7 bytes at the end of a block are padding.
const BLOCK_BYTES = 32768;
const HEADER_BYTES = 7;
const TYPE_FULL = 1;
const TYPE_FIRST = 2;
const TYPE_LAST = 4;

/**
 * When a store opens, LevelDB skips damaged records of its log and goes on with the next intact one, so that batches are missing
 * from the middle without a word (its binding cannot ask for the strict mode). This refuses such a log before: DISK_CORRUPT with file
 * and offset. A bad end without a batch behind it is what a crash leaves of writes that were not synced, and passes.
 */
export async function checkStoreLogs(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (!/^\d+\.log$/.test(name)) continue;
    const path = join(directory, name);
    const offset = damageIn(await guarded("read", path, () => readFile(path)));
    if (offset !== undefined)
      throw new RingtideError("DISK_CORRUPT", `${path} is damaged at byte ${offset}, before intact records`, {
        details: { path, offset },
      });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await guarded("list", directory, () => readdir(directory));
  } catch (error) {
    // A new store: its directory is made when it opens.
    if (error instanceof RingtideError && hasErrno(error.cause, "ENOENT")) return [];
    throw error;
  }
}

/** Where the first damage is that an intact batch follows. */
function damageIn(log: Uint8Array): number | undefined {
  let at = 0;
  while (at + HEADER_BYTES <= log.length) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) at += leftInBlock;
    else if (isRecord(log, at)) at += HEADER_BYTES + lengthAt(log, at);
    else return hasBatchFrom(log, at + 1) ? at : undefined;
  }
  return undefined;
}

/** Looks at every byte, for the damage may be in a length. */
function hasBatchFrom(log: Uint8Array, start: number): boolean {
  for (let at = start; at + HEADER_BYTES <= log.length; at++) {
    const type = log[at + 6];
    if ((type === TYPE_FULL || type === TYPE_FIRST) && isRecord(log, at)) return true;
  }
  return false;
}

function isRecord(log: Uint8Array, at: number): boolean {
  const type = log[at + 6] as number;
  const end = at + HEADER_BYTES + lengthAt(log, at);
  const endOfBlock = at - (at % BLOCK_BYTES) + BLOCK_BYTES;
  if (type < TYPE_FULL || type > TYPE_LAST || end > endOfBlock || end > log.length) return false;
  const stored = new DataView(log.buffer, log.byteOffset + at, 4).getUint32(0, true);
  return masked(crc32c(log.subarray(at + 6, end))) === stored;
}

function lengthAt(log: Uint8Array, at: number): number {
  return (log[at + 4] as number) | ((log[at + 5] as number) << 8);
}

/** The form in which LevelDB stores a checksum. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
