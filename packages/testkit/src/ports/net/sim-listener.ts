import {
  type Address,
  type Caller,
  type Clock,
  hasCode,
  type Listener,
  type ListenOptions,
  RingtideError,
  sleep,
} from "@ringtide/common";
import type { Owner } from "../owner.ts";
import { crossing } from "./crossing.ts";
import type { Network } from "./network.ts";
import type { SessionEnd } from "./session-end.ts";
import { StreamEnd } from "./stream-end.ts";

/** As the real transport: how long a connection may take that was told to go. */
const GOODBYE_MS = 1000;
/** A closing listener looks this often whether calls still run. */
const CLOSE_POLL_MS = 5;

/** How the answer of a unary call gets back. */
export interface Reply {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: RingtideError) => void;
}

/** An open port of one process. */
export class SimListener implements Listener {
  readonly address: Address;
  readonly owner: Owner;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #options: ListenOptions;
  readonly #opened: (session: SessionEnd) => void;
  readonly #sessions = new Set<SessionEnd>();
  readonly #refused = new Set<SessionEnd>();
  #unaryCalls = 0;
  #isClosing = false;

  constructor(
    network: Network,
    owner: Owner,
    clock: Clock,
    bound: { readonly address: Address; readonly host: string },
    options: ListenOptions,
    opened: (session: SessionEnd) => void,
  ) {
    this.#network = network;
    this.owner = owner;
    this.#clock = clock;
    this.address = bound.address;
    this.#host = bound.host;
    this.#options = options;
    this.#opened = opened;
  }

  get service(): string {
    return this.#options.service;
  }

  /** Takes a new connection; above the limit, one whose calls are refused. */
  accept(session: SessionEnd): void {
    const set = this.#sessions.size < this.#options.maxConnections ? this.#sessions : this.#refused;
    set.add(session);
    this.#opened(session);
    session.whenBroken(() => set.delete(session));
  }

  #admit(session: SessionEnd, caller: Caller): void {
    const name = `${this.address.host}:${this.address.port}`;
    if (this.#isClosing) throw new RingtideError("SHUTTING_DOWN", `the node at ${name} is stopping`);
    if (this.#refused.has(session)) {
      this.owner.after(0, "goodbye", () => session.break("too many connections"));
      throw new RingtideError("TOO_MANY_CONNECTIONS", `${name} has its ${this.#options.maxConnections} connections`);
    }
    this.#options.authorize?.(caller);
  }

  #checkSize(request: Uint8Array): void {
    const { maxMessageBytes } = this.#options;
    if (request.length > maxMessageBytes)
      throw new RingtideError(
        "TABLET_TOO_LARGE",
        `a message of ${request.length} bytes, ${maxMessageBytes} are allowed`,
      );
  }

  #failed(session: SessionEnd, error: unknown): void {
    if (hasCode(error, "FRAME_MALFORMED"))
      this.owner.after(GOODBYE_MS, "goodbye", () => session.break("malformed input"));
  }

  #unknown(method: string): RingtideError {
    return new RingtideError("UNSUPPORTED", `${this.#options.service} has no method ${method}`);
  }

  /** Serves one call; the answer goes back over the session. */
  async unary(session: SessionEnd, method: string, request: Uint8Array, caller: Caller, reply: Reply): Promise<void> {
    this.#unaryCalls++;
    this.#network.scheduler.trace.bytes(request);
    try {
      this.#checkSize(request);
      this.#admit(session, caller);
      const handler = this.#options.handlers.unary?.[method];
      if (handler === undefined) throw this.#unknown(method);
      const answer = new Uint8Array(await handler(request, caller));
      session.send(answer.length, "answer", () => reply.resolve(answer));
    } catch (error) {
      this.#failed(session, error);
      const carried = crossing(error);
      session.send(0, "answer", () => reply.reject(carried));
    } finally {
      this.#unaryCalls--;
    }
  }

  #stream(session: SessionEnd, method: string, calling: StreamEnd): StreamEnd {
    const { maxMessageBytes } = this.#options;
    const onFailure = (error: Error) => this.#failed(session, error);
    const stream = new StreamEnd({ network: this.#network, method, maxMessageBytes, onFailure }, "handler");
    stream.pair(calling);
    stream.attach(session);
    return stream;
  }

  duplex(session: SessionEnd, method: string, calling: StreamEnd, caller: Caller): void {
    const stream = this.#stream(session, method, calling);
    try {
      this.#admit(session, caller);
      const handler = this.#options.handlers.duplex?.[method];
      if (handler === undefined) throw this.#unknown(method);
      handler(stream, caller);
    } catch (error) {
      stream.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Sends what the handler yields at the caller's pace; leaving the loop returns the iterator. */
  async serverStream(
    session: SessionEnd,
    method: string,
    request: Uint8Array,
    calling: StreamEnd,
    caller: Caller,
  ): Promise<void> {
    const stream = this.#stream(session, method, calling);
    const gone = new AbortController();
    let isOver = false;
    stream.onMessage(() => undefined);
    stream.onClose((error) => {
      if (!isOver) gone.abort(error ?? new RingtideError("NET_CLOSED", `${caller.remote} went away`));
    });
    try {
      this.#checkSize(request);
      this.#admit(session, caller);
      const handler = this.#options.handlers.serverStream?.[method];
      if (handler === undefined) throw this.#unknown(method);
      for await (const message of handler(request, caller, gone.signal)) {
        if (gone.signal.aborted) return;
        if (!stream.write(message)) await stream.drained();
      }
      isOver = true;
      stream.close();
    } catch (error) {
      isOver = true;
      if (!gone.signal.aborted) stream.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.unbind();
    const untilMs = this.#clock.monotonicMs() + graceMs;
    while (this.#unaryCalls > 0 && this.#clock.monotonicMs() < untilMs) await sleep(this.#clock, CLOSE_POLL_MS);
    for (const session of [...this.#sessions, ...this.#refused]) session.break("the listener was closed");
  }

  /** Others may listen on the port. */
  unbind(): void {
    const { listeners } = this.#network.host(this.#host);
    if (listeners.get(this.address.port) === this) listeners.delete(this.address.port);
  }
}
