import type { RequestId } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";
import type { Numbering, Principal } from "./options.ts";

/** Statements of one session that may run at once. */
const MAX_STATEMENTS = 256;

/** What a door opened for one client. The id is the client's, and the same on every node that the client talks to. */
export class Session {
  readonly id: number;
  readonly principal: Principal;
  readonly zone: string;
  lastUsedMs: number;
  readonly #statements = new Map<number, AbortController>();

  constructor(id: number, principal: Principal, zone: string, nowMs: number) {
    this.id = id;
    this.principal = principal;
    this.zone = zone;
    this.lastUsedMs = nowMs;
  }

  get running(): number {
    return this.#statements.size;
  }

  request(numbering: Numbering | undefined): RequestId | undefined {
    if (numbering === undefined || numbering.sequence === 0) return undefined;
    const { sequence, acknowledged, retry } = numbering;
    if (acknowledged >= sequence) {
      throw new RingtideError(
        "SEQUENCE_INVALID",
        `request ${sequence} says that ${acknowledged} were answered already`,
      );
    }
    return { session: this.id, sequence, acknowledged, retry };
  }

  /** Registers a statement so that it can be cancelled. */
  begin(statementId: number, abort: AbortController): void {
    if (this.#statements.size >= MAX_STATEMENTS) {
      throw new RingtideError("OVERLOADED", `${MAX_STATEMENTS} statements of this session run already`);
    }
    if (this.#statements.has(statementId)) {
      throw new RingtideError("SEQUENCE_INVALID", `statement ${statementId} of this session runs already`);
    }
    this.#statements.set(statementId, abort);
  }

  end(statementId: number): void {
    this.#statements.delete(statementId);
  }

  /** Throws STATEMENT_UNKNOWN when it does not run (any more). */
  cancel(statementId: number): void {
    const abort = this.#statements.get(statementId);
    if (abort === undefined)
      throw new RingtideError("STATEMENT_UNKNOWN", `no statement ${statementId} runs in this session`);
    abort.abort(new RingtideError("QUERY_CANCELLED", `statement ${statementId} was cancelled`));
  }

  cancelAll(): void {
    for (const abort of this.#statements.values())
      abort.abort(new RingtideError("QUERY_CANCELLED", "the session was closed"));
    this.#statements.clear();
  }
}
