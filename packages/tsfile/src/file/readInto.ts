import { type DiskFile, hasCode } from "@ringtide/common";
import { corrupt } from "./format.ts";

/**
 * Fills `into` from `offset` on. Bytes that are not there, or that the disk fails to give, are DISK_CORRUPT with file and offset: of an
 * immutable file, a sector that cannot be read is lost like one whose checksum fails.
 */
export async function readInto(file: DiskFile, path: string, offset: number, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const count = await readOnce(file, path, offset + at, into.subarray(at));
    if (count === 0) throw corrupt(path, offset + at, `the file ends, ${into.length - at} bytes are missing`);
    at += count;
  }
}

async function readOnce(file: DiskFile, path: string, offset: number, into: Uint8Array): Promise<number> {
  try {
    return await file.read(into, offset);
  } catch (error) {
    if (!hasCode(error, "DISK_IO")) throw error;
    throw corrupt(path, offset, `the disk cannot read ${into.length} bytes`, error);
  }
}
