import { type Clock, RingtideError } from "@ringtide/common";
import { within } from "./within.ts";

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
      const limitMs = timeoutMs(position);
      const late = () => new RingtideError("NET_TIMEOUT", `${what} within ${Math.round(limitMs)} ms`);
      const next = await within(iterator.next(), clock, limitMs, late);
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
