import type { Disk, DiskFile } from "@ringtide/common";
import type { Segment } from "./segment.ts";

const COPY_BYTES = 1024 * 1024;

/**
 * Makes the end of the log durable before anything counts on it. What follows the last mark is written once more: had its
 * fdatasync failed before the restart, the system could hold pages that it calls clean and that are not on the disk.
 */
export async function secureTail(disk: Disk, directory: string, segment: Segment, durableUpTo: number): Promise<void> {
  const { file, base, end } = segment;
  const size = end - base;
  if ((await file.sizeBytes()) > size) await file.truncate(size);
  await rewrite(file, Math.max(durableUpTo - base, 0), size);
  await file.datasync();
  await disk.syncDir(directory);
}

async function rewrite(file: DiskFile, from: number, to: number): Promise<void> {
  const bytes = new Uint8Array(Math.min(COPY_BYTES, to - from));
  for (let offset = from; offset < to; ) {
    const part = bytes.subarray(0, Math.min(bytes.length, to - offset));
    const count = await file.read(part, offset);
    if (count === 0) return;
    await file.write([part.subarray(0, count)], offset);
    offset += count;
  }
}
