import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { GOODBYE_MS } from "./settings.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Where in a gRPC message a byte stream is: knows whether it ends between two messages or inside of one. */
class MessageCursor {
  #header = 0;
  #length = 0;
  #remaining = 0;

  get insideMessage(): boolean {
    return this.#header > 0 || this.#remaining > 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const step = Math.min(this.#remaining, chunk.length - at);
        this.#remaining -= step;
        at += step;
        continue;
      }
      // One byte of flags, then the length, big-endian.
      if (this.#header > 0) this.#length = this.#length * 256 + (chunk[at] as number);
      at++;
      if (++this.#header < 5) continue;
      this.#remaining = this.#length;
      this.#header = 0;
      this.#length = 0;
    }
  }
}

/** Counts open calls of some paths. */
export interface OpenCalls {
  readonly paths: ReadonlySet<string>;
  count: number;
}

/** How a connection ended that was no HTTP/2 connection, or broke off in the middle of something. */
export type Malformed = (problem: string) => void;

/** One accepted connection, from its first byte to its end. */
export class ConnectionWatch {
  readonly remote: string;
  /** Above the limit: its calls are refused. */
  readonly refused: boolean;
  readonly #socket: Socket;
  readonly #malformed: Malformed;
  #session: ServerHttp2Session | undefined;
  #calls = 0;
  #open = new Set<MessageCursor>();
  /** The end is explained already: by us, by an orderly goodbye, or by a report. */
  #settled = false;

  constructor(socket: Socket, refused: boolean, malformed: Malformed) {
    this.#socket = socket;
    this.remote = `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
    this.refused = refused;
    this.#malformed = malformed;
    // The reason shows in the session's error or in the check at the end.
    socket.on("error", () => undefined);
  }

  /** Waits for the HTTP/2 preface, leaves it in the socket for the session, and calls `ready`. */
  awaitPreface(ready: () => void): void {
    const socket = this.#socket;
    let seen: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      const chunk: unknown = socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      seen = Buffer.concat([seen, chunk]);
      const compared = Math.min(seen.length, PREFACE.length);
      if (seen.compare(PREFACE, 0, compared, 0, compared) !== 0) {
        this.report("bytes that are no HTTP/2 preface");
        socket.destroy();
      } else if (compared === PREFACE.length) {
        stop();
        socket.unshift(seen);
        ready();
      }
    };
    const onEnd = (): void => {
      if (seen.length > 0) this.report("the connection ended inside of the HTTP/2 preface");
      // Nothing sent at all is what health checks of load balancers do.
      this.#settled = true;
      socket.destroy();
    };
    const stop = (): void => {
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      socket.off("close", onEnd);
    };
    socket.on("readable", onReadable);
    socket.on("end", onEnd);
    socket.on("close", onEnd);
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  /** `watched` counts the calls by path that are open on the wire: until their last byte was handed to the socket. */
  attach(session: ServerHttp2Session, watched: OpenCalls): void {
    this.#session = session;
    session.on("goaway", () => {
      this.#settled = true;
    });
    session.on("stream", (stream, headers) => {
      this.#watchCall(stream);
      const path = headers[":path"];
      if (path === undefined || !watched.paths.has(path)) return;
      watched.count++;
      stream.on("close", () => watched.count--);
    });
    this.#socket.on("close", () => this.#atEnd());
  }

  /** Reads along with the call; the library's own listener came first and controls the flow. */
  #watchCall(stream: ServerHttp2Stream): void {
    this.#calls++;
    const cursor = new MessageCursor();
    this.#open.add(cursor);
    stream.on("data", (chunk: Uint8Array) => cursor.push(chunk));
    stream.on("close", () => {
      if (this.#socket.destroyed) this.#atEnd();
      this.#open.delete(cursor);
    });
  }

  #atEnd(): void {
    for (const cursor of this.#open)
      if (cursor.insideMessage) this.report("the connection ended in the middle of a message");
    if (this.#calls === 0) this.report("the connection ended before its first call");
    this.#settled = true;
  }

  /** Reports what is wrong with the connection, once. */
  report(problem: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#malformed(problem);
  }

  /** Ends the connection: running calls may finish within a moment. */
  sayGoodbye(): void {
    this.#settled = true;
    this.#session?.close();
    setTimeout(() => this.destroy(), GOODBYE_MS).unref();
  }

  destroy(): void {
    this.#settled = true;
    this.#session?.destroy();
    this.#socket.destroy();
  }
}
