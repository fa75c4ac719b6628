import { type Clock, type Disk, sleep } from "@ringtide/common";
import type { DataFile } from "./data-file.ts";
import { findFault } from "./data-files.ts";
import { Pacer } from "./pacer.ts";

export interface VerifyRequest {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly files: readonly DataFile[];
  readonly signal: AbortSignal;
  /** Undefined: as fast as the disk and the other work allow. */
  readonly bytesPerSecond: number | undefined;
}

/** Reads every file whole, and marks those that are not what the manifest says. */
export async function verifyFiles({ disk, clock, files, signal, bytesPerSecond }: VerifyRequest): Promise<void> {
  const pacer = new Pacer(clock);
  const startMs = clock.monotonicMs();
  let done = 0;
  const pause = async (bytes: number) => {
    signal.throwIfAborted();
    done += bytes;
    const aheadMs = bytesPerSecond === undefined ? 0 : (done / bytesPerSecond) * 1000 - (clock.monotonicMs() - startMs);
    if (aheadMs > 0) await sleep(clock, aheadMs, signal);
    else await pacer.pace();
  };
  signal.throwIfAborted();
  for (const file of files) {
    const fault = await findFault(disk, file.path, file.identity, pause);
    if (fault !== undefined) file.refuse(fault);
  }
}
