import type { Clock, ErrorCode, NodeId, Timer } from "@ringtide/common";
import { isErrorCode, RingtideError } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import type { Entry } from "@ringtide/raft";
import type { Applied } from "./forwarder.ts";

interface Settle {
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: Error) => void;
}

/** Proposals that were appended and wait to be applied, by log index. */
export class ProposalTable {
  readonly #clock: Clock;
  readonly #groupName: string;
  readonly #waiting = new Map<number, Settle & { readonly term: number }>();

  constructor(clock: Clock, groupName: string) {
    this.#clock = clock;
    this.#groupName = groupName;
  }

  /** Wraps the ends of a promise so that it settles once, at the latest after `timeoutMs` (WRITE_TIMEOUT). */
  withTimeout(timeoutMs: number, resolve: (applied: Applied) => void, reject: (error: Error) => void): Settle {
    let timer: Timer | undefined = this.#clock.setTimer(timeoutMs, () => {
      timer = undefined;
      reject(
        new RingtideError(
          "WRITE_TIMEOUT",
          `${this.#groupName} did not commit a write within ${Math.round(timeoutMs)} ms`,
        ),
      );
    });
    return {
      resolve: (applied) => {
        timer?.cancel();
        resolve(applied);
      },
      reject: (error) => {
        timer?.cancel();
        reject(error);
      },
    };
  }

  add(index: number, term: number, settle: Settle): void {
    this.#waiting.set(index, { term, resolve: settle.resolve, reject: settle.reject });
  }

  /** The entry at an index is decided: answers who waited for it. Another term there means that the proposal was lost, without effect. */
  applied(entry: Entry, outcome: ApplyOutcome): void {
    const waiting = this.#waiting.get(entry.index);
    if (waiting === undefined) return;
    this.#waiting.delete(entry.index);
    if (waiting.term !== entry.term) {
      waiting.reject(
        new RingtideError("NOT_LEADER", `${this.#groupName}: another leader's entry took the place of this write`),
      );
    } else if (outcome.ok) {
      waiting.resolve({ index: entry.index, affected: outcome.affected });
    } else {
      const code: ErrorCode = isErrorCode(outcome.code) ? outcome.code : "INTERNAL";
      waiting.reject(new RingtideError(code, outcome.message));
    }
  }

  /** What was appended may still be committed by the next leader: the outcome is unknown, and callers with a session may repeat. */
  leadershipLost(leader: NodeId): void {
    this.failAll(
      new RingtideError("LEADERSHIP_LOST", `${this.#groupName}: leadership was lost while the write was under way`, {
        details: { leader },
      }),
    );
  }

  failAll(error: RingtideError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle.reject(error);
  }
}
