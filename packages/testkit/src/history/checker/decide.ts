import type { Operation } from "../operation.ts";
import { type Contradiction, findContradiction } from "./contradictions.ts";
import { registerHistory } from "./register-history.ts";
import { RegisterSearch, type Verdict } from "./search.ts";

export interface Decision {
  readonly verdict: Verdict;
  /** Of a violation that can be told without a search. */
  readonly contradiction: Contradiction | undefined;
}

/** Whether the operations on one key are linearizable. */
export function decide(history: readonly Operation[], maxSteps: number): Decision {
  const contradiction = findContradiction(history);
  if (contradiction !== undefined) return { verdict: "violated", contradiction };
  return { verdict: new RegisterSearch(registerHistory(history)).run(maxSteps), contradiction: undefined };
}
