import type { Clock, RingtideError, Timer } from "@ringtide/common";

/** What `promise` becomes, or `late()` as the reason when that takes longer than `timeoutMs`; what it becomes later is ignored. */
export async function within<T>(
  promise: Promise<T>,
  clock: Clock,
  timeoutMs: number,
  late: () => RingtideError,
): Promise<T> {
  let timer: Timer | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = clock.setTimer(timeoutMs, () => reject(late()));
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    timer?.cancel();
  }
}
