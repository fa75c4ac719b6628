import type { Consistency, Served } from "@ringtide/cluster";
import type { GroupNumber } from "@ringtide/common";
import { CLUSTER_SESSION, RingtideError, type Timer } from "@ringtide/common";
import type { DeviceBlock } from "@ringtide/engine";
import type { ResultSet } from "@ringtide/query";
import { parse, type Statement } from "@ringtide/sql";
import type { Numbering, Principal, SessionServiceOptions } from "./options.ts";
import { Queries } from "./queries.ts";
import { QueryGate } from "./query-gate.ts";
import { Session } from "./session.ts";
import { nowTicks } from "./times.ts";
import { Writes } from "./writes.ts";

export interface OpenRequest {
  readonly session: number;
  readonly principal: Principal;
  /** Empty: the node's. */
  readonly zone: string;
}

export interface StatementRequest {
  readonly sql: string;
  /** Names the statement for `cancel`, within the session. */
  readonly statementId: number;
  readonly numbering: Numbering | undefined;
  /** 0: the node's default. */
  readonly timeoutMs: number;
  /** Undefined: the node's default. */
  readonly consistency: Consistency | undefined;
  /** Aborts when the caller goes away: a query ends then. */
  readonly signal: AbortSignal;
}

export type StatementResult =
  /** `batches` has to be read to its end or returned; `served` is known then. */
  | { readonly kind: "rows"; readonly rows: ResultSet; readonly served: () => Served | "" }
  | { readonly kind: "done"; readonly affected: number; readonly group: GroupNumber | undefined };

const SWEEP_MS = 10_000;

/** Sessions, statements and inserts of a node. Every door only translates to this. */
export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #sessions = new Map<number, Session>();
  readonly #writes: Writes;
  readonly #queries: Queries;
  #sweep: Timer;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
    this.#writes = new Writes(options);
    this.#queries = new Queries(options, new QueryGate(options.maxQueryConcurrency));
    this.#sweep = options.clock.setTimer(SWEEP_MS, () => this.#closeIdle());
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Opens a session, or finds the one that the client opened here before under that id. */
  open(request: OpenRequest): Session {
    if (!Number.isSafeInteger(request.session) || request.session < 1 || request.session === CLUSTER_SESSION) {
      throw new RingtideError("SEQUENCE_INVALID", `${request.session} is no session id`);
    }
    const known = this.#sessions.get(request.session);
    if (known !== undefined) return known;
    if (this.#sessions.size >= this.#options.maxSessions) {
      throw new RingtideError("TOO_MANY_CONNECTIONS", `${this.#sessions.size} sessions are open on this node`);
    }
    const zone = request.zone === "" ? this.#options.defaultZone : checkZone(request.zone);
    const session = new Session(request.session, request.principal, zone, this.#options.clock.monotonicMs());
    this.#sessions.set(session.id, session);
    return session;
  }

  /** SESSION_UNKNOWN when it was not opened here, or was closed. */
  session(id: number): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new RingtideError("SESSION_UNKNOWN", `session ${id} is not open on this node`);
    session.lastUsedMs = this.#options.clock.monotonicMs();
    return session;
  }

  close(id: number): void {
    this.session(id).cancelAll();
    this.#sessions.delete(id);
  }

  async execute(session: Session, request: StatementRequest): Promise<StatementResult> {
    const { precision, clock } = this.#options;
    const statement = parse(request.sql, { precision, zone: session.zone });
    const now = nowTicks(clock, precision);
    switch (statement.kind) {
      case "select":
      case "showStorageGroup":
      case "showTimeseries":
      case "showDevices":
      case "showChildPaths":
      case "countTimeseries":
        return this.#queries.run(session, statement, request, now);
      default:
        return this.#write(session, statement, request.numbering, now);
    }
  }

  async #write(
    session: Session,
    statement: Exclude<Statement, { kind: "select" }>,
    numbering: Numbering | undefined,
    now: bigint,
  ): Promise<StatementResult> {
    const request = session.request(numbering);
    const writes = this.#writes;
    switch (statement.kind) {
      case "insert":
        return { kind: "done", ...(await writes.insertRows(request, statement, now)) };
      case "createTimeseries":
        return { kind: "done", ...(await writes.createTimeseries(request, statement)) };
      case "deleteTimeseries":
        return { kind: "done", ...(await writes.deleteTimeseries(request, statement.paths)) };
      case "deleteData":
        return { kind: "done", ...(await writes.deleteData(request, statement, now)) };
      case "createStorageGroup":
        return { kind: "done", affected: await writes.storageGroups.create(request, statement.path), group: undefined };
      case "deleteStorageGroup":
        return { kind: "done", ...(await writes.deleteStorageGroups(request, statement.paths)) };
      case "flush":
        await writes.flush(statement.storageGroups);
        return { kind: "done", affected: 0, group: undefined };
      default:
        throw new RingtideError("INTERNAL", `statement ${statement.kind} is no write`);
    }
  }

  insert(session: Session, numbering: Numbering | undefined, blocks: readonly DeviceBlock[]) {
    return this.#writes.insertBlocks(session.request(numbering), blocks);
  }

  #closeIdle(): void {
    const oldest = this.#options.clock.monotonicMs() - this.#options.sessionTimeoutMs;
    for (const session of this.#sessions.values()) {
      if (session.running === 0 && session.lastUsedMs < oldest) this.#sessions.delete(session.id);
    }
    this.#sweep = this.#options.clock.setTimer(SWEEP_MS, () => this.#closeIdle());
  }

  /** Cancels everything that runs. */
  shutdown(): void {
    this.#sweep.cancel();
    for (const session of this.#sessions.values()) session.cancelAll();
    this.#sessions.clear();
  }
}

function checkZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw new RingtideError(
      "CONFIG_INVALID_VALUE",
      `'${zone}' is no time zone: use an IANA name or an offset like +08:00`,
    );
  }
  return zone;
}
