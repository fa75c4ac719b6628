import type { Clock, Timer } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";

/** Passes items on; NET_TIMEOUT when the next one takes longer than `timeoutMs` says, which is asked for each with its position. */
export async function* eachWithin<T>(
  items: AsyncIterable<T>,
  clock: Clock,
  timeoutMs: (position: number) => number,
  what: string,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (let position = 0; ; position++) {
      const next = await within(iterator.next(), clock, timeoutMs(position), what);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!isDone) await iterator.return?.();
  }
}

async function within<T>(promise: Promise<T>, clock: Clock, timeoutMs: number, what: string): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimer(timeoutMs, () =>
      reject(new RingtideError("NET_TIMEOUT", `${what} within ${Math.round(timeoutMs)} ms`)),
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
  }
}
