/** Where a server listens or a peer is reached. Host names are kept and resolved at each dial. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a caller is, as the transport knows it; every handler gets one. */
export interface Caller {
  /** Remote address for log lines, `host:port`. */
  readonly remote: string;
  /** Metadata that the caller sent with the call (lower-case keys): cluster and node UUID, secret, session. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * One direction pair of messages over a connection. Messages arrive whole, in order, at most once.
 * `close` ends our side after what was written; an `error` close names why the other side or the network ended it.
 */
export interface MessageStream {
  /** Queues one message. False when the peer does not keep up: then wait for `drained` before the next. */
  write(message: Uint8Array): boolean;
  drained(): Promise<void>;
  /** Bytes accepted by `write` that have not been handed to the transport. */
  readonly queuedBytes: number;
  /** A handler that throws closes the stream with its error, as `close(error)` does; no later message reaches it. */
  onMessage(handler: (message: Uint8Array) => void): void;
  /** Called once; without an error after an orderly end of both sides. */
  onClose(handler: (error?: Error) => void): void;
  close(error?: Error): void;
  /** Stops (true) or resumes (false) reading: what was not read pushes back on the sender. */
  pause(paused: boolean): void;
}

/** Handlers of one service by method name. An error that a handler throws reaches the caller with its code. */
export interface ServiceHandlers {
  readonly unary?: Readonly<Record<string, (request: Uint8Array, caller: Caller) => Promise<Uint8Array>>>;
  /** Server streaming: the iterable is returned (its `finally` runs) when the caller goes away. */
  readonly serverStream?: Readonly<
    Record<string, (request: Uint8Array, caller: Caller, signal: AbortSignal) => AsyncIterable<Uint8Array>>
  >;
  readonly duplex?: Readonly<Record<string, (stream: MessageStream, caller: Caller) => void>>;
}

export interface ListenOptions {
  /** gRPC service name, with its package: `ringtide.v1.Client`. */
  readonly service: string;
  readonly handlers: ServiceHandlers;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  /** Checked before any handler; throws to refuse the call. */
  readonly authorize?: (caller: Caller) => void;
}

export interface Listener {
  readonly address: Address;
  /** Refuses new calls, lets running unary calls finish up to `graceMs`, then ends everything. */
  close(graceMs: number): Promise<void>;
}

export interface ConnectOptions {
  readonly service: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly maxMessageBytes: number;
  readonly connectTimeoutMs: number;
}

/** A lazily opened, self-reconnecting channel to one peer. One HTTP/2 session: use one per purpose. */
export interface Connection {
  unary(
    method: string,
    request: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  serverStream(
    method: string,
    request: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  duplex(method: string): MessageStream;
  close(): void;
}

/** The network. Failures are RingtideError: NET_UNREACHABLE, NET_TIMEOUT, NET_CLOSED, ADDRESS_IN_USE, or the code that the handler threw. */
export interface Net {
  listen(address: Address, options: ListenOptions): Promise<Listener>;
  connect(address: Address, options: ConnectOptions): Connection;
  /** True when the name resolves to at least one address. */
  resolves(host: string): Promise<boolean>;
}
