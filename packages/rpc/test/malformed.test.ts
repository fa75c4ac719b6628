import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { type Listener, type LogFields, type Logger, nullLogger, type ServiceHandlers, sleep } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { afterEach, describe, expect, it } from "vitest";
import { createNet } from "../src/index.ts";

const SERVICE = "test.Echo";
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

const handlers: ServiceHandlers = {
  unary: { Echo: async (request) => request },
  duplex: { Talk: (stream) => stream.onMessage((message) => stream.write(message)) },
};

/** A listener whose metrics and log lines the test reads, and which must still answer afterwards. */
class Door {
  readonly lines: LogFields[] = [];
  readonly metrics = createMetrics();
  readonly net;
  listener: Listener | undefined;

  constructor(prefaceTimeoutMs = 10_000) {
    const logger: Logger = {
      ...nullLogger,
      warn: (_, fields) => this.lines.push(fields ?? {}),
    };
    this.net = createNet({ logger, metrics: this.metrics, clock: systemClock, prefaceTimeoutMs });
  }

  async open(maxConnections = 10): Promise<number> {
    this.listener = await this.net.listen(
      { host: "127.0.0.1", port: 0 },
      { service: SERVICE, handlers, maxConnections, maxMessageBytes: 100_000 },
    );
    return this.listener.address.port;
  }

  async garbage(): Promise<number> {
    const line = /^ringtide_net_garbage_total\{.*\} (\d+)$/m.exec(await this.metrics.render());
    return Number(line?.[1] ?? 0);
  }

  dial() {
    const port = this.listener?.address.port ?? 0;
    return this.net.connect(
      { host: "127.0.0.1", port },
      { service: SERVICE, metadata: {}, maxMessageBytes: 100_000, connectTimeoutMs: 1000 },
    );
  }

  async stillAnswers(): Promise<void> {
    const connection = this.dial();
    expect(await connection.unary("Echo", Uint8Array.of(1), { timeoutMs: 3000 })).toHaveLength(1);
    connection.close();
  }
}

let door = new Door();
afterEach(async () => {
  await door.listener?.close(0);
  door = new Door();
});

/** Sends the bytes, ends this side if asked, and resolves when the node has closed the connection. */
function send(port: number, bytes: Uint8Array, end: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      if (end) socket.end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(socket));
    socket.resume();
  });
}

async function reported(count: number): Promise<void> {
  for (let i = 0; i < 400 && (await door.garbage()) < count; i++) await sleep(systemClock, 5);
  expect(await door.garbage()).toBe(count);
}

describe("malformed input on a port", () => {
  it.each([
    ["random bytes", Buffer.from([0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3]), false],
    ["an HTTP/1.1 request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), false],
    ["a long run of zeros", Buffer.alloc(100_000), false],
    ["half of the preface", PREFACE.subarray(0, 9), true],
    ["frames of garbage after the preface", Buffer.concat([PREFACE, Buffer.alloc(4000, 0xa5)]), false],
    ["a cut frame after the preface", Buffer.concat([PREFACE, EMPTY_SETTINGS, Buffer.from([0, 1, 0, 1])]), true],
  ])("closes, counts and logs %s", async (_, bytes, end) => {
    const port = await door.open();
    await send(port, bytes, end);
    await reported(1);
    expect(door.lines).toHaveLength(1);
    expect(door.lines[0]).toMatchObject({ code: "FRAME_MALFORMED", port });
    expect(String(door.lines[0]?.["remote"])).toMatch(/^127\.0\.0\.1:\d+$/);
    await door.stillAnswers();
    expect(await door.garbage()).toBe(1);
  });

  it("counts and logs a message that is cut in the middle", async () => {
    const port = await door.open();
    const socket = connect(port, "127.0.0.1");
    const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    const call = session.request({
      ":method": "POST",
      ":path": `/${SERVICE}/Talk`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    call.on("error", () => undefined);
    session.on("error", () => undefined);
    // 1000 bytes announced, 12 sent.
    call.write(Buffer.concat([Buffer.from([0, 0, 0, 3, 232]), Buffer.alloc(12)]));
    await sleep(systemClock, 50);
    expect(await door.garbage()).toBe(0);
    socket.destroy();
    await reported(1);
    expect(door.lines[0]).toMatchObject({ code: "FRAME_MALFORMED" });
    await door.stillAnswers();
  });

  it("does not count what ends in order, nor a visitor who says nothing", async () => {
    const port = await door.open();
    await door.stillAnswers();
    const connection = door.dial();
    const stream = connection.duplex("Talk");
    const answered = new Promise<void>((resolve) => stream.onMessage(() => resolve()));
    stream.write(new Uint8Array(5000));
    await answered;
    stream.close();
    connection.close();
    await send(port, new Uint8Array(0), true);
    await sleep(systemClock, 50);
    expect(await door.garbage()).toBe(0);
    expect(door.lines).toEqual([]);
  });

  it("closes a connection that stays silent", async () => {
    door = new Door(50);
    const port = await door.open();
    await send(port, new Uint8Array(0), false);
    await door.stillAnswers();
  });

  it("refuses calls above the limit of connections, and closes without a word far above it", async () => {
    const port = await door.open(2);
    const connections = Array.from({ length: 3 }, () => door.dial());
    const calls = connections.map((connection) => connection.unary("Echo", Uint8Array.of(1), { timeoutMs: 3000 }));
    const codes = (await Promise.allSettled(calls)).map((call) =>
      call.status === "fulfilled" ? "ok" : (call.reason as { code: string }).code,
    );
    expect(codes.sort()).toEqual(["TOO_MANY_CONNECTIONS", "ok", "ok"]);
    const sockets = Array.from({ length: 40 }, () => connect(port, "127.0.0.1"));
    let closed = 0;
    for (const socket of sockets) socket.on("error", () => undefined).on("close", () => closed++);
    await sleep(systemClock, 200);
    expect(closed).toBeGreaterThanOrEqual(20);
    for (const socket of sockets) socket.destroy();
    for (const connection of connections) connection.close();
    await sleep(systemClock, 50);
    await door.stillAnswers();
  });
});
