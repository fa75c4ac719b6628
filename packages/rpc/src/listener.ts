import type { ServerHttp2Session } from "node:http2";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type ConnectionInjector, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  type Address,
  type Caller,
  type Clock,
  hasCode,
  type Listener,
  type ListenOptions,
  type Logger,
  type Metrics,
  RingtideError,
} from "@ringtide/common";
import { ConnectionWatch, type OpenCalls } from "./connection-watch.ts";
import { type CallHost, serveCalls } from "./serve-calls.ts";
import {
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  MAX_CALLS_PER_CONNECTION,
  MAX_REFUSED_CONNECTIONS,
  WINDOW_BYTES,
} from "./settings.ts";
import { serverTls, type TlsOptions } from "./tls.ts";

export interface ListenerEnvironment {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly tls: TlsOptions | undefined;
  readonly prefaceTimeoutMs: number;
}

/** Lines about malformed input that one listener writes in `LOG_WINDOW_MS`; the metric counts all. */
const LOG_LINES = 20;
const LOG_WINDOW_MS = 10_000;

/** Opens the port. ADDRESS_IN_USE, HOST_UNRESOLVED or CONFIG_INVALID_VALUE name the address when that fails. */
export async function startListener(
  address: Address,
  options: ListenOptions,
  environment: ListenerEnvironment,
): Promise<Listener> {
  const listener = new GrpcListener(options, environment);
  await listener.open(address);
  return listener;
}

/**
 * A port: our own socket server counts and checks connections and hands the good ones to the gRPC library, which knows nothing
 * of the port. Connections above the limit get their calls refused with TOO_MANY_CONNECTIONS, a few at a time.
 */
class GrpcListener implements Listener, CallHost {
  /** A closing listener waits for these. */
  readonly #unaryCalls: OpenCalls;
  readonly #options: ListenOptions;
  readonly #environment: ListenerEnvironment;
  readonly #grpc: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets: NetServer;
  readonly #connections = new Map<string, ConnectionWatch>();
  #address: Address = { host: "", port: 0 };
  #accepted = 0;
  #closing = false;
  #attaching: ConnectionWatch | undefined;
  #logWindowStart = Number.NEGATIVE_INFINITY;
  #logLines = 0;

  constructor(options: ListenOptions, environment: ListenerEnvironment) {
    this.#options = options;
    this.#environment = environment;
    const unary = Object.keys(options.handlers.unary ?? {});
    this.#unaryCalls = { paths: new Set(unary.map((method) => `/${options.service}/${method}`)), count: 0 };
    this.#grpc = new Server({
      "grpc.max_receive_message_length": options.maxMessageBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": MAX_CALLS_PER_CONNECTION,
      "grpc.keepalive_time_ms": KEEPALIVE_INTERVAL_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.enable_channelz": 0,
    });
    serveCalls(this.#grpc, options.service, options.handlers, this);
    // TLS ends at our own sockets, so that the library sees one kind of connection.
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#hookSessions();
    const tls = environment.tls;
    const onSocket = (socket: Socket): void => this.#accept(socket);
    this.#sockets =
      tls === undefined
        ? createServer({ noDelay: true }, onSocket)
        : createTlsServer(serverTls(tls, environment.prefaceTimeoutMs), onSocket);
    this.#sockets.on("tlsClientError", (error: Error, socket: Socket) =>
      this.#malformed(`${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`, `no TLS: ${error.message}`),
    );
  }

  get address(): Address {
    return this.#address;
  }

  open(address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sockets.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      this.#sockets.listen(address.port, address.host, () => {
        this.#sockets.removeAllListeners("error");
        this.#sockets.on("error", (error) =>
          this.#environment.logger.error("a listener failed", { ...address, error: error.message }),
        );
        const bound = this.#sockets.address();
        this.#address = { host: address.host, port: typeof bound === "object" && bound ? bound.port : address.port };
        resolve();
      });
    });
  }

  /**
   * The library hides its HTTP/2 server, whose sessions tell of malformed frames and of flow-control windows (which it sets
   * on the client's side only). It is the one key of this map; the library's version is pinned.
   */
  #hookSessions(): void {
    for (const http2Server of this.#grpc["http2Servers"].keys()) {
      http2Server.on("session", (session: ServerHttp2Session) => {
        session.setLocalWindowSize(WINDOW_BYTES);
        session.settings({ initialWindowSize: WINDOW_BYTES });
        const connection = this.#attaching;
        connection?.attach(session, this.#unaryCalls);
        session.on("error", (error: NodeJS.ErrnoException) => {
          if (error.code?.startsWith("ERR_HTTP2")) connection?.report(error.message);
        });
      });
      http2Server.on("unknownProtocol", (socket: Socket) => socket.destroy());
    }
  }

  #accept(socket: Socket): void {
    const refused = this.#accepted >= this.#options.maxConnections;
    if (refused && this.#connections.size - this.#accepted >= MAX_REFUSED_CONNECTIONS) {
      this.#count("refused");
      socket.destroy();
      return;
    }
    const connection = new ConnectionWatch(socket, refused, (problem) => this.#malformed(connection.remote, problem));
    this.#connections.set(connection.remote, connection);
    if (refused) this.#count("refused");
    else this.#accepted++;
    const silence = setTimeout(() => {
      this.#environment.logger.info("closed a connection that sent nothing", { remote: connection.remote });
      connection.destroy();
    }, this.#environment.prefaceTimeoutMs);
    silence.unref();
    socket.on("close", () => {
      clearTimeout(silence);
      this.#connections.delete(connection.remote);
      if (!refused) this.#accepted--;
      this.#gauge();
    });
    this.#gauge();
    connection.awaitPreface(() => {
      clearTimeout(silence);
      this.#attaching = connection;
      this.#injector.injectConnection(socket);
      this.#attaching = undefined;
    });
  }

  admit(caller: Caller): void {
    if (this.#closing) throw new RingtideError("SHUTTING_DOWN", `the node at ${this.#name} is stopping`);
    const connection = this.#connections.get(caller.remote);
    if (connection?.refused) {
      connection.sayGoodbye();
      throw new RingtideError(
        "TOO_MANY_CONNECTIONS",
        `${this.#name} has its ${this.#options.maxConnections} connections; close some or raise the limit`,
      );
    }
    this.#options.authorize?.(caller);
  }

  failed(caller: Caller, error: unknown): void {
    if (hasCode(error, "FRAME_MALFORMED")) {
      const connection = this.#connections.get(caller.remote);
      connection?.report(error.message);
      connection?.sayGoodbye();
    }
    if (error instanceof RingtideError && error.code !== "INTERNAL") return;
    this.#environment.logger.error("a handler failed", { remote: caller.remote, error });
  }

  get #name(): string {
    return `${this.#address.host}:${this.#address.port}`;
  }

  #malformed(remote: string, problem: string): void {
    const { clock, logger, metrics } = this.#environment;
    metrics
      .counter({
        name: "ringtide_net_garbage_total",
        help: "Connections closed because of bytes that are no message",
        labels: ["port"],
      })
      .add(1, { port: String(this.#address.port) });
    const now = clock.monotonicMs();
    if (now - this.#logWindowStart > LOG_WINDOW_MS) {
      this.#logWindowStart = now;
      this.#logLines = 0;
    }
    if (++this.#logLines <= LOG_LINES)
      logger.warn("closed a connection: malformed input", {
        code: "FRAME_MALFORMED",
        remote,
        port: this.#address.port,
        problem,
      });
  }

  #count(what: "refused"): void {
    this.#environment.metrics
      .counter({
        name: `ringtide_net_${what}_total`,
        help: "Connections above the limit of their port",
        labels: ["port"],
      })
      .add(1, { port: String(this.#address.port) });
  }

  #gauge(): void {
    this.#environment.metrics
      .gauge({ name: "ringtide_net_connections", help: "Connections accepted on a port", labels: ["port"] })
      .set(this.#accepted, { port: String(this.#address.port) });
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    const { clock } = this.#environment;
    const until = clock.monotonicMs() + graceMs;
    while (this.#unaryCalls.count > 0 && clock.monotonicMs() < until)
      await new Promise((resolve) => setTimeout(resolve, 5));
    this.#grpc.forceShutdown();
    for (const connection of this.#connections.values()) connection.destroy();
    await closed;
  }
}

function listenError(address: Address, error: NodeJS.ErrnoException): RingtideError {
  const name = `${address.host}:${address.port}`;
  if (error.code === "EADDRINUSE")
    return new RingtideError("ADDRESS_IN_USE", `${name} is in use by another program: stop it or choose another port`);
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN")
    return new RingtideError("HOST_UNRESOLVED", `cannot listen on ${name}: the host name does not resolve`);
  return new RingtideError("CONFIG_INVALID_VALUE", `cannot listen on ${name}: ${error.message}`);
}
