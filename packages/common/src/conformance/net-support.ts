import { utf8Bytes, utf8Text } from "../bytes.ts";
import type { Clock, Connection, Listener, ListenOptions, Net, ServiceHandlers } from "../ports/index.ts";
import type { Disposable } from "./support.ts";

/** A network under test. Time has to move by itself while a test waits. */
export interface NetFixture extends Disposable {
  readonly net: Net;
  readonly clock: Clock;
  /** A host of this machine to listen on; port 0 must give a free port. */
  readonly host: string;
}

const SERVICE = "ringtide.conformance.v1.Echo";
export const MAX_MESSAGE_BYTES = 256 * 1024;
export const TIMEOUT = { timeoutMs: 10_000 };

/** A listener with these handlers, and a connection to it. */
export async function serve(
  fixture: NetFixture,
  handlers: ServiceHandlers,
  options: Partial<ListenOptions> = {},
): Promise<{ readonly listener: Listener; readonly connection: Connection }> {
  const listener = await listen(fixture, handlers, options);
  return { listener, connection: dial(fixture, listener.address.port) };
}

export function listen(
  { net, host }: NetFixture,
  handlers: ServiceHandlers,
  options: Partial<ListenOptions> = {},
  port = 0,
): Promise<Listener> {
  return net.listen(
    { host, port },
    { service: SERVICE, handlers, maxConnections: 100, maxMessageBytes: MAX_MESSAGE_BYTES, ...options },
  );
}

export function dial(
  { net, host }: NetFixture,
  port: number,
  metadata: Readonly<Record<string, string>> = {},
): Connection {
  return net.connect(
    { host, port },
    { service: SERVICE, metadata, maxMessageBytes: MAX_MESSAGE_BYTES, connectTimeoutMs: 5_000 },
  );
}

export const echo: ServiceHandlers = { unary: { Echo: async (request) => request } };

export const bytesOf = utf8Bytes;
export const textOf = utf8Text;

/** All messages of a server stream as text. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<string[]> {
  const out: string[] = [];
  for await (const message of stream) out.push(utf8Text(message));
  return out;
}
