import type { Operation } from "../operation.ts";
import { type Decision, decide } from "./decide.ts";

export interface BadPrefix {
  readonly operations: readonly Operation[];
  readonly decision: Decision;
  /** The operation that returned last: with its answer it went wrong. */
  readonly last: Operation | undefined;
}

/**
 * The shortest beginning of a violating history that violates, as it was known when its last operation returned: what runs on then is of
 * unknown outcome. Every beginning of a linearizable history is linearizable, so halving finds it. `decision` is the whole history's.
 */
export function smallestBadPrefix(history: readonly Operation[], decision: Decision, maxSteps: number): BadPrefix {
  const ends = history.flatMap((each) => (each.return === null ? [] : [each.return])).sort((a, b) => a - b);
  let smallest = { operations: history, decision };
  let endNs = ends.at(-1);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const operations = until(history, ends[middle] as number);
    const shorter = decide(operations, maxSteps);
    if (shorter.verdict === "violated") {
      smallest = { operations, decision: shorter };
      endNs = ends[middle];
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return { ...smallest, last: smallest.operations.find((each) => each.return === endNs) };
}

/** What was known at `endNs`. */
function until(history: readonly Operation[], endNs: number): readonly Operation[] {
  const known: Operation[] = [];
  for (const operation of history) {
    if (operation.call > endNs) continue;
    if (operation.ok === false || operation.return === null || operation.return <= endNs) known.push(operation);
    else if (operation.op !== "read") known.push({ ...operation, return: null });
  }
  return known;
}
