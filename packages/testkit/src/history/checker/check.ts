import { type Operation, requireUniqueWrites } from "../operation.ts";
import { type Decision, decide } from "./decide.ts";
import { explain } from "./explain.ts";
import { smallestBadPrefix } from "./prefix.ts";

/** A search takes some µs a step, and remembers each. */
const DEFAULT_MAX_STEPS = 2_000_000;

export interface CheckOptions {
  /** Steps of the search, a key; beyond them the verdict is "undecided". */
  readonly maxSteps?: number;
}

export type CheckResult =
  | { readonly ok: true; readonly keys: number; readonly operations: number }
  | {
      readonly ok: false;
      /** "undecided": the search ended at its limit of steps. That is no pass. */
      readonly verdict: "violated" | "undecided";
      readonly key: string;
      /** For people; several lines. */
      readonly reason: string;
      /** Of the key. For a violation, the smallest prefix that violates (see prefix.ts). */
      readonly operations: readonly Operation[];
    };

/**
 * Whether the history could be one of registers, one a key, that take each operation at one moment between its call and its return. Keys
 * are checked apart: a history is linearizable exactly if those of its objects are (Herlihy and Wing's locality). Throws FRAME_MALFORMED when a
 * value was written to a key twice.
 */
export function checkLinearizable(operations: readonly Operation[], options: CheckOptions = {}): CheckResult {
  const { maxSteps = DEFAULT_MAX_STEPS } = options;
  requireUniqueWrites(operations, (i) => `operation ${i}`);
  const byKey = new Map<string, Operation[]>();
  for (const operation of operations) {
    const ofKey = byKey.get(operation.key);
    if (ofKey === undefined) byKey.set(operation.key, [operation]);
    else ofKey.push(operation);
  }
  let undecided: CheckResult | undefined;
  for (const [key, history] of byKey) {
    const decision = decide(history, maxSteps);
    if (decision.verdict === "violated") return violation(key, history, decision, maxSteps);
    if (decision.verdict === "undecided") undecided ??= notDecided(key, history, maxSteps);
  }
  return undecided ?? { ok: true, keys: byKey.size, operations: operations.length };
}

function violation(key: string, history: readonly Operation[], decision: Decision, maxSteps: number): CheckResult {
  const prefix = smallestBadPrefix(history, decision, maxSteps);
  const reason = `${key} is not linearizable: ${explain(prefix)}`;
  return { ok: false, verdict: "violated", key, reason, operations: prefix.operations };
}

function notDecided(key: string, history: readonly Operation[], maxSteps: number): CheckResult {
  const reason = `${key} is undecided: a search of ${maxSteps} steps over ${history.length} operations found neither an order nor that there is none; allow more steps, or check a shorter history`;
  return { ok: false, verdict: "undecided", key, reason, operations: history };
}
