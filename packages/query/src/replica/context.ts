import type { EngineReader } from "@ringtide/engine";
import { type MemoryBudget, throwIfAborted } from "../operators/budget.ts";
import type { Fragment } from "../wire/fragment.ts";

/** What a fragment runs with. */
export interface ReplicaContext {
  readonly fragment: Fragment;
  readonly reader: EngineReader;
  readonly budget: MemoryBudget;
  readonly signal: AbortSignal;
  /** Gives the main loop a turn, in loops over many series. */
  readonly pause: () => Promise<void>;
}

/** Series that a loop handles between two pauses: about a millisecond of work. */
const SERIES_PER_PAUSE = 1024;

/** To be awaited for each series of a loop: mostly at once, now and then after a pause. Throws when the query was aborted. */
export function seriesPacer(context: ReplicaContext): () => Promise<void> | undefined {
  let seen = 0;
  return () => {
    seen++;
    if (seen % SERIES_PER_PAUSE !== 0) return undefined;
    throwIfAborted(context.signal);
    return context.pause();
  };
}
