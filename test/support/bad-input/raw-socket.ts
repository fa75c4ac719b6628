import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** The client's first bytes of any HTTP/2 connection, and an empty SETTINGS frame. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A DATA frame that announces 200 bytes on stream 1 and brings 3. */
const HALF_FRAME = Buffer.from([0, 0, 200, 0, 0, 0, 0, 0, 1, 1, 2, 3]);

/** Sends the bytes, ends this side if asked, and resolves once the node has closed the connection. */
export function sendRaw(port: number, bytes: Uint8Array, end: boolean, limitMs = 20_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      if (end) socket.end();
    });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`port ${port} kept the connection open for ${limitMs} ms`));
    }, limitMs);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
  });
}

/** What comes to a port and is no call: name, bytes, and whether the sender then ends its side. */
export const RAW_GARBAGE: readonly (readonly [name: string, bytes: Uint8Array, end: boolean])[] = [
  ["random bytes", Buffer.from("deadbeef00010203ffffffff", "hex"), false],
  ["an HTTP/1.1 request", Buffer.from("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), false],
  ["half of the HTTP/2 preface", PREFACE.subarray(0, 11), true],
  ["frames of garbage after the preface", Buffer.concat([PREFACE, Buffer.alloc(3000, 0xa5)]), false],
  ["a frame cut in the middle", Buffer.concat([PREFACE, EMPTY_SETTINGS, HALF_FRAME]), true],
];

/** A frame cut in the middle by a sender that stays connected and says nothing more. */
export const HALF_FRAME_KEPT_OPEN = Buffer.concat([PREFACE, EMPTY_SETTINGS, HALF_FRAME.subarray(0, 5)]);

/** Opens connections that say hello and stay; returns what closes them. */
export async function occupy(port: number, count: number): Promise<() => void> {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          socket.on("error", reject);
          socket.on("close", () => resolve());
          socket.write(Buffer.concat([PREFACE, EMPTY_SETTINGS]));
          // The node's own SETTINGS: it has taken the connection.
          socket.once("data", () => resolve());
          socket.resume();
        }),
    ),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** gRPC messages that no gRPC library sends: flags and length, then less or other bytes than they announce. */
export const RAW_MESSAGES: readonly (readonly [name: string, bytes: Uint8Array, isCut: boolean])[] = [
  ["a message cut in the middle", Buffer.from("000000100001020304", "hex"), true],
  ["a message said to be compressed", Buffer.from("0100000004ffffffff", "hex"), false],
  ["a message with unknown flags", Buffer.from("7f00000002ffff", "hex"), false],
  ["a message of 4 GiB", Buffer.from("00ffffffff00", "hex"), false],
];

/**
 * Calls a method over HTTP/2 with a body of these bytes; resolves when the call has ended. With `isCut`, the connection breaks off
 * right behind them.
 */
export function sendMessage(port: number, path: string, bytes: Uint8Array, isCut: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const request = session.request(headers);
    const timer = setTimeout(() => reject(new Error(`port ${port} did not answer`)), 10_000);
    // The node may end the call before the whole body was sent.
    session.on("error", () => undefined);
    request.on("error", () => undefined);
    request.resume();
    request.on("close", () => {
      clearTimeout(timer);
      session.destroy();
      resolve();
    });
    if (!isCut) request.end(bytes);
    else request.write(bytes, () => setTimeout(() => socket.destroy(), 50));
  });
}
