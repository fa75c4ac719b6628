import {
  type Address,
  type Clock,
  type Connection,
  type ConnectOptions,
  type MessageStream,
  RingtideError,
} from "@ringtide/common";
import type { Owner } from "../owner.ts";
import type { Network } from "./network.ts";
import { Pipe } from "./pipe.ts";
import { messagesOf } from "./pulled-messages.ts";
import { SessionEnd } from "./session-end.ts";
import type { SimListener } from "./sim-listener.ts";
import { CALLER_GONE, StreamEnd } from "./stream-end.ts";
import { type CallOptions, reasonOf, timedOut, UnaryCall } from "./unary-call.ts";

/** The process that connects. */
export interface Local {
  readonly network: Network;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly host: string;
  /** Told of each connection, so that it ends with the process. */
  readonly opened: (session: SessionEnd) => void;
}

/** What waits for a connection: exactly one of the two is called. */
interface Waiter {
  readonly opened: (session: OpenSession) => void;
  readonly failed: (error: RingtideError) => void;
}

interface OpenSession {
  readonly near: SessionEnd;
  readonly listener: SimListener;
  /** This side as the other one knows it. */
  readonly remote: string;
}

/** A channel to one peer: it connects at the first call, and again after a loss. */
export class SimConnection implements Connection {
  readonly #local: Local;
  readonly #address: Address;
  readonly #options: ConnectOptions;
  #session: OpenSession | undefined;
  #connecting: Set<Waiter> | undefined;
  #isClosed = false;

  constructor(local: Local, address: Address, options: ConnectOptions) {
    this.#local = local;
    this.#address = address;
    this.#options = options;
  }

  get #peer(): string {
    return `${this.#address.host}:${this.#address.port}`;
  }

  #checkOpen(): void {
    if (this.#isClosed)
      throw new RingtideError("NET_CLOSED", `the connection to ${this.#peer} was closed on this side`);
  }

  /** Calls one of the waiter's functions, at once when the connection is there. Returns what takes the waiter out. */
  #whenOpen(waiter: Waiter): () => void {
    if (this.#session !== undefined) {
      waiter.opened(this.#session);
      return () => undefined;
    }
    const waiting = this.#connecting ?? this.#dial();
    waiting.add(waiter);
    return () => waiting.delete(waiter);
  }

  /** One attempt. Those who wait for it share its outcome. */
  #dial(): Set<Waiter> {
    const { network, owner, clock, host } = this.#local;
    const { port } = this.#address;
    const to = resolveHost(this.#address.host, host);
    const waiting = new Set<Waiter>();
    this.#connecting = waiting;
    let isOver = false;
    const settle = (each: (waiter: Waiter) => void) => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      if (this.#connecting === waiting) this.#connecting = undefined;
      for (const waiter of waiting) each(waiter);
    };
    const fail = (why: string) =>
      settle((waiter) => waiter.failed(new RingtideError("NET_UNREACHABLE", `${this.#peer} ${why}`)));
    const timer = clock.setTimer(this.#options.connectTimeoutMs, () =>
      fail(`did not accept a connection within ${this.#options.connectTimeoutMs} ms`),
    );
    if (!network.hasHost(to)) {
      owner.after(0, "refused", () => fail("does not resolve"));
      return waiting;
    }
    const there = new Pipe(network, host, to);
    const back = new Pipe(network, to, host);
    const remote = `${host}:${network.freePort(host)}`;
    there.send(0, network.owner, "connect", () => {
      if (!network.isUp(to)) return;
      const listener = network.host(to).listeners.get(port);
      if (listener?.service !== this.#options.service) {
        back.send(0, owner, "refused", () => fail("refused the connection"));
        return;
      }
      listener.owner.after(0, "accept", () => {
        const far = new SessionEnd(network, listener.owner, back, remote);
        back.send(0, owner, "accepted", () => {
          const near = new SessionEnd(network, owner, there, this.#peer);
          near.peer = far;
          far.peer = near;
          if (isOver || this.#isClosed) near.break("nobody waits for it any more");
          else settle((waiter) => waiter.opened(this.#opened({ near, listener, remote })));
        });
        listener.accept(far);
      });
    });
    return waiting;
  }

  #opened(session: OpenSession): OpenSession {
    if (this.#session === session) return session;
    this.#session = session;
    this.#local.opened(session.near);
    session.near.whenBroken(() => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      this.#checkOpen();
      const call = new UnaryCall(this.#local.clock, this.#peer, options, { resolve, reject });
      const stopWaiting = this.#whenOpen({
        opened: (session) => this.#send(session, method, new Uint8Array(request), call),
        failed: (error) => call.broken(error),
      });
      call.onEnd(stopWaiting);
    });
  }

  #send({ near, listener, remote }: OpenSession, method: string, request: Uint8Array, call: UnaryCall): void {
    const { metadata, maxMessageBytes } = this.#options;
    near.carry(call);
    call.onEnd(() => near.done(call));
    const reply = {
      resolve: (answer: Uint8Array) => {
        this.#local.network.scheduler.trace.bytes(answer);
        if (answer.length <= maxMessageBytes) call.answer(answer);
        else call.broken(new RingtideError("TABLET_TOO_LARGE", `${this.#peer}: an answer of ${answer.length} bytes`));
      },
      reject: (error: RingtideError) => call.broken(error),
    };
    near.send(request.length, "call", (far) => {
      void listener.unary(far, method, request, { remote, metadata }, reply);
    });
  }

  #stream(method: string, open: (session: OpenSession, stream: StreamEnd) => void): StreamEnd {
    this.#checkOpen();
    const { maxMessageBytes } = this.#options;
    const stream = new StreamEnd({ network: this.#local.network, method, maxMessageBytes }, "caller");
    this.#whenOpen({
      opened: (session) => {
        if (stream.isEnded) return;
        open(session, stream);
        stream.attach(session.near);
      },
      failed: (error) => stream.broken(error),
    });
    return stream;
  }

  duplex(method: string): MessageStream {
    const { metadata } = this.#options;
    return this.#stream(method, ({ near, listener, remote }, stream) =>
      near.send(0, "call", (far) => listener.duplex(far, method, stream, { remote, metadata })),
    );
  }

  async *serverStream(method: string, request: Uint8Array, options: CallOptions): AsyncIterable<Uint8Array> {
    options.signal?.throwIfAborted();
    const { metadata } = this.#options;
    const bytes = new Uint8Array(request);
    const stream = this.#stream(method, ({ near, listener, remote }, calling) =>
      near.send(bytes.length, "call", (far) => {
        void listener.serverStream(far, method, bytes, calling, { remote, metadata });
      }),
    );
    const timer = this.#local.clock.setTimer(options.timeoutMs, () => stream.close(timedOut(this.#peer)));
    const onAbort = () => stream.close(reasonOf(options.signal));
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      yield* messagesOf(stream);
    } finally {
      timer.cancel();
      options.signal?.removeEventListener("abort", onAbort);
      stream.close(CALLER_GONE);
    }
  }

  close(): void {
    this.#isClosed = true;
    const closed = new RingtideError("NET_CLOSED", `the connection to ${this.#peer} was closed on this side`);
    const waiting = this.#connecting;
    this.#connecting = undefined;
    for (const waiter of waiting ?? []) waiter.failed(closed);
    this.#session?.near.break("closed on this side");
  }
}

/** The names that every machine has for itself mean the one that asks. */
export function resolveHost(name: string, self: string): string {
  return name === "localhost" || name === "127.0.0.1" ? self : name;
}
