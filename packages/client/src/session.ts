import {
  asRingtideError,
  assert,
  type Clock,
  isErrorCode,
  parseDetails,
  type Random,
  RingtideError,
} from "@ringtide/common";
import {
  CancelRequest,
  ExecuteRequest,
  encodeMessage,
  InsertRequest,
  type InsertResponse,
  type NodeAddress,
  type OpenSessionResponse,
  type WireError,
} from "@ringtide/proto";
import { LeaderHints } from "./hints.ts";
import type { LinkSettings, NodeLink } from "./node-link.ts";
import { NodePool } from "./node-pool.ts";
import { Result, ResultReader } from "./result.ts";
import { withRetries } from "./retry.ts";
import { Sequences } from "./sequences.ts";
import type { Tablet } from "./tablet.ts";
import { Window } from "./window.ts";

const MAX_HINTS = 100_000;
/** Without a time-out of the caller the node's own counts; the call itself may then take this long. */
const LONGEST_CALL_MS = 24 * 60 * 60 * 1000;
/** The node's own time-out comes first: its error says more. */
const TIMEOUT_MARGIN_MS = 1000;

/** What a statement that only reads begins with; anything else is sent with a sequence, so that it takes effect at most once. */
const READS = /^[\s(]*(select|show|count|describe|explain)\b/i;

export interface SessionSettings extends LinkSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly retryTimeoutMs: number;
}

export interface ExecuteOptions {
  /** The node's query_timeout_ms when left out. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** "strong", "mid" or "weak"; the node's default when left out. */
  readonly consistency?: "strong" | "mid" | "weak";
}

export interface InsertOptions {
  /** Stops waiting; the insert may take effect nevertheless. */
  readonly signal?: AbortSignal;
}

/** What the cluster told when the session opened. */
export type ClusterInfo = Pick<
  OpenSessionResponse,
  "clusterUuid" | "clusterName" | "nodeId" | "precision" | "maxWriteBytes" | "serverVersion"
>;

/** A session with the cluster; make it with `connect`. */
export class Session {
  readonly #settings: SessionSettings;
  readonly #pool: NodePool;
  readonly #hints = new LeaderHints(MAX_HINTS);
  readonly #sequences = new Sequences();
  #opened: OpenSessionResponse | undefined;
  #window = new Window(1, 1);
  #lastStatement = 0;
  #closed = false;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#pool = new NodePool(settings, settings.clock);
  }

  /** Opens the session at the first of the nodes that answers; fails with the last one's error when none does. */
  async open(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) this.#pool.add(address);
    let last = new RingtideError("CONFIG_INVALID_VALUE", "no address to connect to");
    for (const link of this.#pool.links) {
      try {
        this.#welcome(await link.open());
        return;
      } catch (error) {
        last = asRingtideError(error);
        if (!last.spec.retryable) throw last;
        this.#pool.down(link);
      }
    }
    throw last;
  }

  #welcome(opened: OpenSessionResponse): void {
    this.#opened = opened;
    this.#window = new Window(opened.insertWindowRequests, opened.insertWindowBytes);
    for (const node of opened.nodes) this.#pool.add(node.address);
  }

  get cluster(): ClusterInfo {
    assert(this.#opened !== undefined, "a session is open before it is used");
    return this.#opened;
  }

  #policy(signal: AbortSignal | undefined) {
    if (this.#closed) throw new RingtideError("SESSION_UNKNOWN", "this session was closed");
    const { clock, random, retryTimeoutMs } = this.#settings;
    return { pool: this.#pool, clock, random, retryTimeoutMs, signal, closed: () => this.#closed };
  }

  /**
   * Runs one statement. A write is repeated until it is answered, and takes effect at most once (OUTCOME_UNKNOWN when that
   * cannot be known); it is complete when this resolves. A query is tried on other nodes until its first rows are here.
   */
  async execute(sql: string, options: ExecuteOptions = {}): Promise<Result> {
    const policy = this.#policy(options.signal);
    const isRead = READS.test(sql);
    const sequence = isRead ? 0 : this.#sequences.next();
    try {
      return await withRetries(policy, {
        preferred: () => undefined,
        attempt: (link, retry) => this.#statement(link, sql, options, sequence, retry),
        hasEffect: !isRead,
      });
    } finally {
      if (!isRead) this.#sequences.answered(sequence);
    }
  }

  async #statement(
    link: NodeLink,
    sql: string,
    options: ExecuteOptions,
    sequence: number,
    retry: boolean,
  ): Promise<Result> {
    const statementId = ++this.#lastStatement;
    const timeoutMs = options.timeoutMs ?? 0;
    const { session } = this.#settings;
    const request = encodeMessage(ExecuteRequest, {
      session,
      sequence,
      acknowledged: this.#sequences.acknowledged,
      retry: retry && sequence > 0,
      statementId,
      sql,
      timeoutMs,
      consistency: options.consistency ?? "",
    });
    const callMs = timeoutMs === 0 ? LONGEST_CALL_MS : timeoutMs + TIMEOUT_MARGIN_MS;
    const call = { timeoutMs: callMs, ...(options.signal && { signal: options.signal }) };
    const reader = new ResultReader(link.calls.serverStream("Execute", request, call));
    const { header, first } = await reader.begin();
    return new Result(header, first, reader, async () => {
      const cancel = encodeMessage(CancelRequest, { session, statementId });
      await link.calls.unary("Cancel", cancel, { timeoutMs: this.#settings.requestTimeoutMs });
    });
  }

  /**
   * Writes a tablet; resolves once it is on the disks of a quorum. Many may be on the way at once: this waits for a place in the
   * window first. Inserts for one device that are sent one after the other go through one stream in that order while its leader
   * stays; two that overlap in time and are on the way at once have no defined order.
   */
  async insert(tablet: Tablet, options: InsertOptions = {}): Promise<{ readonly affected: number }> {
    const policy = this.#policy(options.signal);
    if (tablet.sizeBytes > this.cluster.maxWriteBytes)
      throw new RingtideError(
        "TABLET_TOO_LARGE",
        `the tablet of ${tablet.device} has ${tablet.sizeBytes} bytes, one write may have ${this.cluster.maxWriteBytes}: send fewer rows at once`,
      );
    const window = this.#window;
    await window.enter(tablet.sizeBytes);
    const sequence = this.#sequences.next();
    try {
      return await withRetries(policy, {
        preferred: () => this.#hints.get(tablet.device),
        attempt: (link, retry) => this.#insert(link, tablet, sequence, retry, options.signal),
        failed: (link) => {
          if (this.#hints.get(tablet.device) === link.address) this.#hints.forget(tablet.device);
        },
        hasEffect: true,
      });
    } finally {
      this.#sequences.answered(sequence);
      window.leave(tablet.sizeBytes);
    }
  }

  async #insert(
    link: NodeLink,
    tablet: Tablet,
    sequence: number,
    retry: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly affected: number }> {
    const { device, measurements, blocks } = tablet;
    const request = encodeMessage(InsertRequest, {
      session: this.#settings.session,
      sequence,
      acknowledged: this.#sequences.acknowledged,
      retry,
      blocks: blocks.map((block) => ({ device, measurements, block })),
    });
    const response = await this.#answered(link, sequence, request, signal);
    this.#follow(device, response.redirect, link);
    if (response.error !== null) throw errorOf(response.error);
    return { affected: response.affected };
  }

  /** Sends and waits for the answer, at most `requestTimeoutMs`. */
  async #answered(
    link: NodeLink,
    sequence: number,
    request: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<InsertResponse> {
    const stream = link.insertStream();
    const { clock, requestTimeoutMs } = this.#settings;
    const { promise: given, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal?.reason);
    const timer = clock.setTimer(requestTimeoutMs, () =>
      reject(new RingtideError("NET_TIMEOUT", `${link.address} did not answer an insert in ${requestTimeoutMs} ms`)),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([stream.send(sequence, request), given]);
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      stream.forget(sequence);
    }
  }

  #follow(device: string, redirect: NodeAddress | null, link: NodeLink): void {
    if (redirect !== null && redirect.address !== link.address) this.#hints.set(device, redirect.address);
  }

  /** Ends the session at all nodes. What is on the way fails. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#pool.links.map((link) => link.close()));
  }
}

function errorOf({ code, message, detailsJson }: WireError): RingtideError {
  // A code of a newer version: the caller cannot act on it, so it is shown.
  if (!isErrorCode(code)) return new RingtideError("INTERNAL", `${code}: ${message}`);
  return new RingtideError(code, message, { details: parseDetails(detailsJson) });
}
