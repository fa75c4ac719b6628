import { assert } from "@ringtide/common";
import type { Operation } from "../operation.ts";
import type { Interval } from "./event-list.ts";

/** Number of the value "nothing": what a register holds at first and after a delete. */
export const NOTHING = 0;

/** A read of a value, or a write of it; a delete writes NOTHING. */
export interface RegisterOperation extends Interval {
  readonly isRead: boolean;
  readonly value: number;
}

/** What the search needs of the operations on one key. */
export interface RegisterHistory {
  /** All that have to be linearized, in the order of their calls. */
  readonly operations: readonly RegisterOperation[];
  /** Calls of the deletes that may never have taken effect, ascending. */
  readonly optionalDeletes: readonly number[];
  /** Values are numbered from 0 to here. */
  readonly valueCount: number;
}

/**
 * Leaves out what says nothing, without changing the verdict:
 * - Reads of unknown outcome, and all that certainly had no effect.
 * - Writes of unknown outcome that nobody has read: taken out of a linearization, they leave one.
 * What was read, did take effect, and before the first of its readers returned: that bounds each write, and leaves only deletes optional.
 * Every value that is read is written (see contradictions.ts).
 */
export function registerHistory(history: readonly Operation[]): RegisterHistory {
  const readBy = firstReaderReturns(history);
  const numbers = new Map<number | null, number>([[null, NOTHING]]);
  const operations: RegisterOperation[] = [];
  const optionalDeletes: number[] = [];
  for (const { op, value, call, return: returned, ok } of history) {
    if (ok === false || (op === "read" && returned === null)) continue;
    const until =
      op === "write"
        ? Math.min(returned ?? Number.POSITIVE_INFINITY, readBy.get(value) ?? Number.POSITIVE_INFINITY)
        : returned;
    if (op === "delete" && returned === null) optionalDeletes.push(call);
    if (until === null || until === Number.POSITIVE_INFINITY) continue;
    assert(until >= call, "nothing is read before it is written");
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    operations.push({ isRead: op === "read", value: number, call, return: until });
  }
  operations.sort((a, b) => a.call - b.call);
  optionalDeletes.sort((a, b) => a - b);
  return { operations, optionalDeletes, valueCount: numbers.size };
}

function firstReaderReturns(history: readonly Operation[]): ReadonlyMap<number | null, number> {
  const first = new Map<number | null, number>();
  for (const { op, value, return: returned, ok } of history)
    if (op === "read" && returned !== null && ok !== false)
      first.set(value, Math.min(first.get(value) ?? Number.POSITIVE_INFINITY, returned));
  return first;
}
