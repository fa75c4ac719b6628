import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  connectivityState,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import {
  type Address,
  type Connection,
  type ConnectOptions,
  type MessageStream,
  RingtideError,
} from "@ringtide/common";
import { asBuffer, CallStream } from "./message-stream.ts";
import {
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  RECONNECT_FIRST_MS,
  RECONNECT_MAX_MS,
  WINDOW_BYTES,
} from "./settings.ts";
import { fromStatus } from "./status.ts";
import { clientCredentials, type TlsOptions } from "./tls.ts";

const identity = (message: Buffer): Buffer => message;

function channelOptions(maxMessageBytes: number): ClientOptions {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": KEEPALIVE_INTERVAL_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_FIRST_MS,
    "grpc.max_reconnect_backoff_ms": RECONNECT_MAX_MS,
    "grpc.dns_min_time_between_resolutions_ms": RECONNECT_MAX_MS,
    "grpc.service_config_disable_resolution": 1,
    // Otherwise channels to one address share one HTTP/2 session, and a big stream blocks the beats.
    "grpc.use_local_subchannel_pool": 1,
    // Whoever calls decides about repeats: it knows what is safe to repeat.
    "grpc.enable_retries": 0,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc-node.flow_control_window": WINDOW_BYTES,
  };
}

/** A channel to one peer. It connects at the first call, and again after a loss. */
export class GrpcConnection implements Connection {
  readonly #peer: string;
  readonly #options: ConnectOptions;
  readonly #tls: TlsOptions | undefined;
  readonly #metadata: Metadata;
  #client: Client | undefined;
  #closed = false;

  constructor(address: Address, options: ConnectOptions, tls: TlsOptions | undefined) {
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    this.#peer = `${host}:${address.port}`;
    this.#options = options;
    this.#tls = tls;
    this.#metadata = new Metadata();
    for (const [key, value] of Object.entries(options.metadata)) this.#metadata.set(key, value);
  }

  #open(): Client {
    if (this.#closed) throw new RingtideError("NET_CLOSED", `the connection to ${this.#peer} was closed on this side`);
    this.#client ??= new Client(
      `dns:///${this.#peer}`,
      clientCredentials(this.#tls),
      channelOptions(this.#options.maxMessageBytes),
    );
    return this.#client;
  }

  #path(method: string): string {
    return `/${this.#options.service}/${method}`;
  }

  /**
   * Calls wait for a channel that is connecting; this gives up on one that takes too long, with its half-open sockets, so that
   * the next call starts from scratch. Returns what stops the watch.
   */
  #limitConnecting(client: Client, giveUp: () => void): () => void {
    const channel = client.getChannel();
    if (channel.getConnectivityState(false) === connectivityState.READY) return () => undefined;
    const timer = setTimeout(() => {
      if (channel.getConnectivityState(false) === connectivityState.READY) return;
      if (this.#client === client) this.#client = undefined;
      giveUp();
      client.close();
    }, this.#options.connectTimeoutMs);
    timer.unref();
    return () => clearTimeout(timer);
  }

  #unreachable(): RingtideError {
    return new RingtideError(
      "NET_UNREACHABLE",
      `${this.#peer} did not accept a connection within ${this.#options.connectTimeoutMs} ms`,
    );
  }

  async unary(
    method: string,
    request: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const client = this.#open();
    return await new Promise((resolve, reject) => {
      let gaveUp = false;
      const onDone = (error: ServiceError | null, response?: Buffer): void => {
        stopWatch();
        options.signal?.removeEventListener("abort", onAbort);
        if (error === null && response !== undefined) resolve(response);
        else if (gaveUp) reject(this.#unreachable());
        else if (options.signal?.aborted) reject(options.signal.reason);
        else reject(fromStatus(error ?? noAnswer, this.#peer));
      };
      const call = client.makeUnaryRequest(
        this.#path(method),
        asBuffer,
        identity,
        asBuffer(request),
        this.#metadata,
        deadline(options.timeoutMs),
        onDone,
      );
      const onAbort = (): void => call.cancel();
      options.signal?.addEventListener("abort", onAbort, { once: true });
      const stopWatch = this.#limitConnecting(client, () => {
        gaveUp = true;
        call.cancel();
      });
    });
  }

  async *serverStream(
    method: string,
    request: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    options.signal?.throwIfAborted();
    const client = this.#open();
    const call = client.makeServerStreamRequest(
      this.#path(method),
      asBuffer,
      identity,
      asBuffer(request),
      this.#metadata,
      deadline(options.timeoutMs),
    );
    let gaveUp = false;
    const onAbort = (): void => call.cancel();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const stopWatch = this.#limitConnecting(client, () => {
      gaveUp = true;
      call.cancel();
    });
    try {
      for await (const message of call) yield message as Buffer;
    } catch (error) {
      if (gaveUp) throw this.#unreachable();
      if (options.signal?.aborted) throw options.signal.reason;
      throw fromStatus(error as ServiceError, this.#peer);
    } finally {
      stopWatch();
      options.signal?.removeEventListener("abort", onAbort);
      call.cancel();
    }
  }

  duplex(method: string): MessageStream {
    const client = this.#open();
    const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
      this.#path(method),
      asBuffer,
      identity,
      this.#metadata,
    );
    const stream = new CallStream(call, {
      finish: () => call.end(),
      abort: (error) => {
        call.cancel();
        stream.ended(error);
      },
    });
    const stopWatch = this.#limitConnecting(client, () => {
      stream.ended(this.#unreachable());
      call.cancel();
    });
    // Every status but OK comes as an error too; `status` tells of both.
    call.on("error", () => undefined);
    let open = 2;
    const partEnded = (): void => {
      if (--open === 0) stream.ended();
    };
    call.on("end", partEnded);
    call.on("status", (ended: StatusObject) => {
      stopWatch();
      if (ended.code === status.OK) partEnded();
      else stream.ended(fromStatus(ended, this.#peer));
    });
    return stream;
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
  }
}

const noAnswer: StatusObject = { code: status.INTERNAL, details: "no answer and no error", metadata: new Metadata() };

function deadline(timeoutMs: number): CallOptions {
  return { deadline: new Date(Date.now() + timeoutMs) };
}
