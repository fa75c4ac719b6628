import { type Clock, hasCode, sleep } from "@ringtide/common";

const PAUSE_MS = 1000;

/** Does the work, again and again while it fails for a full disk, until there is room or `ended` names a reason to give up. */
export async function whenRoom<T>(clock: Clock, work: () => Promise<T>, ended: () => Error | undefined): Promise<T> {
  for (;;) {
    const reason = ended();
    if (reason !== undefined) throw reason;
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, "DISK_FULL")) throw error;
    }
    await sleep(clock, PAUSE_MS);
  }
}
