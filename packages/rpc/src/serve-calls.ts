import { once } from "node:events";
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from "@grpc/grpc-js";
import { assert, type Caller, RingtideError, type ServiceHandlers } from "@ringtide/common";
import { asBuffer, CallStream } from "./message-stream.ts";
import { END_GRACE_MS } from "./settings.ts";
import { toStatus } from "./status.ts";

/** What the listener lends to its calls. */
export interface CallHost {
  /** Throws to refuse the call. */
  admit(caller: Caller): void;
  /** Every error that ends a call passes here. */
  failed(caller: Caller, error: unknown): void;
}

type UnaryHandler = NonNullable<ServiceHandlers["unary"]>[string];
type StreamHandler = NonNullable<ServiceHandlers["serverStream"]>[string];
type DuplexHandler = NonNullable<ServiceHandlers["duplex"]>[string];

const identity = (message: Buffer): Buffer => message;

/** Registers all handlers of a service: messages stay the bytes that they are. */
export function serveCalls(server: Server, service: string, handlers: ServiceHandlers, host: CallHost): void {
  const register = (method: string, handler: HandleCall<Buffer, Buffer>, type: string): void => {
    const added = server.register<Buffer, Buffer>(`/${service}/${method}`, handler, asBuffer, identity, type);
    assert(added, `${service} has the method ${method} once`);
  };
  for (const [method, handler] of Object.entries(handlers.unary ?? {}))
    register(
      method,
      (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        void serveUnary(host, handler, call, done);
      },
      "unary",
    );
  for (const [method, handler] of Object.entries(handlers.serverStream ?? {}))
    register(
      method,
      (call: ServerWritableStream<Buffer, Buffer>) => {
        void serveStream(host, handler, call);
      },
      "serverStream",
    );
  for (const [method, handler] of Object.entries(handlers.duplex ?? {}))
    register(method, (call: ServerDuplexStream<Buffer, Buffer>) => serveDuplex(host, handler, call), "bidi");
}

type HandleCall<Request, Response> =
  | handleUnaryCall<Request, Response>
  | handleServerStreamingCall<Request, Response>
  | handleBidiStreamingCall<Request, Response>;

function callerOf(call: { getPeer(): string; readonly metadata: Metadata }): Caller {
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(call.metadata.getMap()))
    if (typeof value === "string") metadata[key] = value;
  return { remote: call.getPeer(), metadata };
}

async function serveUnary(
  host: CallHost,
  handler: UnaryHandler,
  call: ServerUnaryCall<Buffer, Buffer>,
  done: sendUnaryData<Buffer>,
): Promise<void> {
  const caller = callerOf(call);
  try {
    host.admit(caller);
    done(null, asBuffer(await handler(call.request, caller)));
  } catch (error) {
    host.failed(caller, error);
    done(toStatus(error));
  }
}

async function serveStream(
  host: CallHost,
  handler: StreamHandler,
  call: ServerWritableStream<Buffer, Buffer>,
): Promise<void> {
  const caller = callerOf(call);
  const gone = new AbortController();
  let over = false;
  // Emitted at the end of every call, however it ended.
  call.on("cancelled", () => {
    if (!over) gone.abort(new RingtideError("NET_CLOSED", `${caller.remote} went away`));
  });
  try {
    host.admit(caller);
    await sendAll(handler(call.request, caller, gone.signal), call, gone.signal);
    over = true;
    call.end();
  } catch (error) {
    over = true;
    // The caller went away: nobody to tell.
    if (gone.signal.aborted) return;
    host.failed(caller, error);
    call.emit("error", toStatus(error));
  }
}

/** Sends what the handler yields at the caller's pace; leaving the loop returns the iterator. */
async function sendAll(
  messages: AsyncIterable<Uint8Array>,
  call: ServerWritableStream<Buffer, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) return;
    if (!call.write(asBuffer(message))) await once(call, "drain", { signal });
  }
}

function serveDuplex(host: CallHost, handler: DuplexHandler, call: ServerDuplexStream<Buffer, Buffer>): void {
  const caller = callerOf(call);
  let aborted: Error | undefined;
  const stream = new CallStream(call, {
    finish: () => call.end(),
    abort: (error) => {
      aborted = error;
      host.failed(caller, error);
      call.emit("error", toStatus(error));
      stream.ended(error);
    },
  });
  call.on("cancelled", () => stream.ended(new RingtideError("NET_CLOSED", `${caller.remote} went away`)));
  // The caller's end ends the call: what was written before goes out first. A caller that breaks off sends an end as well, right
  // before it cancels.
  call.on("end", () => {
    setTimeout(() => stream.close(), END_GRACE_MS).unref();
  });
  call.on("finish", () => {
    if (aborted === undefined) stream.ended();
  });
  try {
    host.admit(caller);
    handler(stream, caller);
  } catch (error) {
    call.resume();
    stream.close(error instanceof Error ? error : new Error(String(error)));
  }
}
