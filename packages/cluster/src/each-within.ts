import { type Clock, RingtideError } from "@ringtide/common";
import { within } from "./within.ts";

export interface EachWithinOptions {
  readonly clock: Clock;
  /** Longest wait for an item, asked for each with its position. */
  readonly timeoutMs: (position: number) => number;
  /** What did not happen, for the error. */
  readonly what: string;
  /** Of the caller. */
  readonly signal: AbortSignal;
}

/**
 * Passes items on; NET_TIMEOUT when one takes too long. A source that is asked for an item can only be ended by its signal: until then it would keep
 * us waiting too.
 */
export async function* eachWithin<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { clock, timeoutMs, what, signal }: EachWithinOptions,
): AsyncGenerator<T> {
  const failed = new AbortController();
  const iterator = open(AbortSignal.any([signal, failed.signal]))[Symbol.asyncIterator]();
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
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    if (!isDone) await iterator.return?.();
  }
}
