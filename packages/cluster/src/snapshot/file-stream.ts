import { type Clock, type Disk, type DiskFile, RingtideError, sleep } from "@ringtide/common";

const CHUNK_BYTES = 256 * 1024;

/** Bytes of a file from `offset` to its end, in chunks, not faster than `bytesPerSecond`. The file may be unlinked meanwhile. */
export async function* readChunks(
  disk: Disk,
  clock: Clock,
  path: string,
  offset: number,
  bytesPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const file = await disk.open(path, "read");
  const startedMs = clock.monotonicMs();
  let sent = 0;
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await file.read(chunk, offset + sent);
      if (count === 0) return;
      yield chunk.subarray(0, count);
      sent += count;
      const aheadMs = (sent / bytesPerSecond) * 1000 - (clock.monotonicMs() - startedMs);
      if (aheadMs > 1) await sleep(clock, aheadMs, signal);
    }
  } finally {
    await file.close();
  }
}

async function openForAppend(disk: Disk, path: string): Promise<DiskFile> {
  return disk.open(path, (await disk.stat(path)) === undefined ? "create" : "readWrite");
}

/**
 * Appends what a peer sends to `path`, which may hold a beginning of it already, until it has `sizeBytes`; durable on return.
 * `partFrom` asks for the bytes from an offset on. FRAME_MALFORMED when more or fewer bytes come.
 */
export async function receiveFile(
  disk: Disk,
  path: string,
  sizeBytes: number,
  partFrom: (offset: number) => AsyncIterable<Uint8Array>,
): Promise<{ readonly receivedBytes: number }> {
  const file = await openForAppend(disk, path);
  try {
    let at = await file.sizeBytes();
    if (at > sizeBytes) {
      await file.truncate(0);
      at = 0;
    }
    const resumedAt = at;
    if (at < sizeBytes) {
      for await (const chunk of partFrom(at)) {
        if (at + chunk.length > sizeBytes)
          throw new RingtideError("FRAME_MALFORMED", `${path}: more than the ${sizeBytes} bytes that it should have`);
        await file.write([chunk], at);
        at += chunk.length;
      }
    }
    if (at < sizeBytes)
      throw new RingtideError("NET_CLOSED", `${path}: ${at} of ${sizeBytes} bytes came; the rest is asked for again`);
    await file.datasync();
    return { receivedBytes: at - resumedAt };
  } finally {
    await file.close();
  }
}
