import { ByteReader, ByteWriter, isErrorCode, type RequestId } from "@ringtide/common";
import type { ApplyOutcome } from "./api.ts";

export interface RequestTableLimits {
  /** Sessions remembered; beyond it the least recently used one expires. */
  readonly maxSessions: number;
  /** Outcomes remembered a session; beyond it its oldest is dropped. */
  readonly maxOutcomes: number;
  /** Outcomes remembered over all sessions; beyond it the least recently used session expires. */
  readonly maxOutcomesInAll: number;
}

const REQUEST_TABLE_LIMITS: RequestTableLimits = {
  maxSessions: 10_000,
  maxOutcomes: 1024,
  maxOutcomesInAll: 262_144,
};

interface SessionRecord {
  /** Nothing at or below it is new: it was answered, or its outcome was dropped. */
  floor: number;
  /** A retry below it may have been applied before the session expired here. */
  doubtBelow: number;
  /** By sequence, oldest in the log first. */
  readonly outcomes: Map<number, ApplyOutcome>;
}

const TABLE_VERSION = 1;

/**
 * What repeats of requests need to take effect once: part of a replicated state, so it changes only by log entries, in their
 * order, the same on every replica. Sessions are kept in the order of their last use in the log.
 */
export class RequestTable {
  readonly #limits: RequestTableLimits;
  readonly #sessions = new Map<number, SessionRecord>();
  #outcomeCount = 0;
  #hasExpired = false;

  constructor(limits: RequestTableLimits = REQUEST_TABLE_LIMITS) {
    this.#limits = limits;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /**
   * The outcome of `request`: the remembered one for a repeat, OUTCOME_UNKNOWN for one whose outcome is no longer known, else that
   * of `perform`, which is called at most once and is remembered. Call it once for each log entry, in log order.
   */
  once(request: RequestId | undefined, perform: () => ApplyOutcome): ApplyOutcome {
    if (request === undefined) return perform();
    const session = this.#use(request);
    if (session === undefined) return unknown(request);
    this.#forgetAcknowledged(session, request.acknowledged);
    const known = session.outcomes.get(request.sequence);
    if (known !== undefined) return known;
    const mayBeApplied = request.retry && request.sequence < session.doubtBelow;
    if (request.sequence <= session.floor || mayBeApplied) return unknown(request);
    const outcome = perform();
    session.outcomes.set(request.sequence, outcome);
    this.#outcomeCount++;
    this.#shrink(session);
    return outcome;
  }

  /** The session's record, now the last used one; undefined for a retry of a session that may have expired. */
  #use(request: RequestId): SessionRecord | undefined {
    const known = this.#sessions.get(request.session);
    if (known !== undefined) {
      this.#sessions.delete(request.session);
      this.#sessions.set(request.session, known);
      return known;
    }
    if (this.#hasExpired && request.retry) return undefined;
    const session = { floor: 0, doubtBelow: this.#hasExpired ? request.sequence : 0, outcomes: new Map() };
    this.#sessions.set(request.session, session);
    if (this.#sessions.size > this.#limits.maxSessions) this.#expireOldest();
    return session;
  }

  #forgetAcknowledged(session: SessionRecord, acknowledged: number): void {
    if (acknowledged <= session.floor) return;
    session.floor = acknowledged;
    for (const sequence of session.outcomes.keys())
      if (sequence <= acknowledged && session.outcomes.delete(sequence)) this.#outcomeCount--;
  }

  #shrink(session: SessionRecord): void {
    if (session.outcomes.size > this.#limits.maxOutcomes) {
      const [oldest] = session.outcomes.keys();
      if (oldest !== undefined && session.outcomes.delete(oldest)) {
        this.#outcomeCount--;
        session.floor = Math.max(session.floor, oldest);
      }
    }
    while (this.#outcomeCount > this.#limits.maxOutcomesInAll && this.#sessions.size > 1) this.#expireOldest();
  }

  #expireOldest(): void {
    for (const [id, session] of this.#sessions) {
      this.#sessions.delete(id);
      this.#outcomeCount -= session.outcomes.size;
      this.#hasExpired = true;
      return;
    }
  }

  /** The whole table; the same bytes on every replica that applied the same entries. */
  encode(): Uint8Array {
    const writer = new ByteWriter(64 + this.#sessions.size * 32 + this.#outcomeCount * 20);
    writer
      .u8(TABLE_VERSION)
      .u8(this.#hasExpired ? 1 : 0)
      .u32(this.#sessions.size);
    for (const [id, { floor, doubtBelow, outcomes }] of this.#sessions) {
      writer.u53(id).u53(floor).u53(doubtBelow).u32(outcomes.size);
      for (const [sequence, outcome] of outcomes) {
        writer.u53(sequence).u8(outcome.ok ? 1 : 0);
        if (outcome.ok) writer.u53(outcome.affected);
        else writer.text(outcome.code).text(outcome.message);
      }
    }
    return writer.finish();
  }

  /** Reads what `encode` wrote; FRAME_MALFORMED for anything else. */
  static decode(bytes: Uint8Array, limits: RequestTableLimits = REQUEST_TABLE_LIMITS): RequestTable {
    const reader = new ByteReader(bytes, "request table");
    if (reader.u8() !== TABLE_VERSION) reader.fail("unknown version");
    const table = new RequestTable(limits);
    table.#hasExpired = reader.u8() === 1;
    const sessionCount = reader.count(28);
    for (let i = 0; i < sessionCount; i++) {
      const id = reader.u53();
      const session: SessionRecord = { floor: reader.u53(), doubtBelow: reader.u53(), outcomes: new Map() };
      const outcomeCount = reader.count(17);
      for (let j = 0; j < outcomeCount; j++) session.outcomes.set(reader.u53(), readOutcome(reader));
      table.#outcomeCount += session.outcomes.size;
      table.#sessions.set(id, session);
    }
    reader.end();
    return table;
  }
}

function readOutcome(reader: ByteReader): ApplyOutcome {
  if (reader.u8() === 1) return { ok: true, affected: reader.u53() };
  const code = reader.text();
  if (!isErrorCode(code)) reader.fail(`unknown error code '${code}'`);
  return { ok: false, code, message: reader.text() };
}

function unknown(request: RequestId): ApplyOutcome {
  return {
    ok: false,
    code: "OUTCOME_UNKNOWN",
    message: `request ${request.sequence} of session ${request.session} came too late: its outcome is no longer remembered`,
  };
}
