/**
 * What a message on a duplex stream costs. `node bench/rpc.ts` prints one line a case: a second process echoes or swallows.
 * Rates are for this machine with both ends on it; compare within one run.
 */
import { fork } from "node:child_process";
import { type Address, type MessageStream, nullLogger, type ServiceHandlers } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { createNet } from "@ringtide/rpc";
import { printHeader } from "./support/header.ts";

const SERVICE = "bench.Stream";
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const DURATION_MS = 2000;

const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });

const handlers: ServiceHandlers = {
  duplex: {
    Echo: (stream) => stream.onMessage((message) => stream.write(message)),
    Swallow: (stream) => {
      let bytes = 0;
      stream.onMessage((message) => {
        bytes += message.length;
        if (message.length === 1) stream.write(new TextEncoder().encode(String(bytes)));
      });
    },
  },
};

async function serve(): Promise<void> {
  const options = { service: SERVICE, handlers, maxConnections: 1000, maxMessageBytes: MAX_MESSAGE_BYTES };
  const listener = await net.listen({ host: "127.0.0.1", port: 0 }, options);
  process.send?.(listener.address);
}

function dial(address: Address) {
  return net.connect(address, {
    service: SERVICE,
    metadata: {},
    maxMessageBytes: MAX_MESSAGE_BYTES,
    connectTimeoutMs: 2000,
  });
}

/** One way, as fast as back-pressure lets: the sender waits for the byte count at the end. */
async function oneWay(address: Address, messageBytes: number): Promise<void> {
  const connection = dial(address);
  const stream = connection.duplex("Swallow");
  const counted = new Promise((resolve) => stream.onMessage(resolve));
  const message = new Uint8Array(messageBytes).fill(7);
  const start = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  while (performance.now() - start < DURATION_MS) {
    for (let i = 0; i < 16; i++, sent++) if (!stream.write(message)) await stream.drained();
    if (sent % 256 === 0) await new Promise(setImmediate);
  }
  stream.write(new Uint8Array(1));
  await counted;
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const rate = ((sent * messageBytes) / seconds / 1e6).toFixed(0);
  const cost = ((used.user + used.system) / sent).toFixed(1);
  console.log(
    `one way   ${messageBytes} B: ${rate} MB/s, ${(sent / seconds).toFixed(0)} messages/s, ${cost} µs CPU each here`,
  );
  connection.close();
}

/** `streams` streams with one message each on the way, spread over connections of at most 16. */
async function pingPong(address: Address, streams: number, messageBytes: number): Promise<void> {
  const connections = Array.from({ length: Math.ceil(streams / 16) }, () => dial(address));
  const message = new Uint8Array(messageBytes).fill(7);
  const times: number[] = [];
  const start = performance.now();
  let running = streams;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < streams; i++) {
      const connection = connections[i % connections.length];
      if (connection === undefined) continue;
      const stream: MessageStream = connection.duplex("Echo");
      let sentAt = performance.now();
      stream.onMessage(() => {
        const now = performance.now();
        times.push(now - sentAt);
        if (now - start > DURATION_MS) {
          stream.close();
          if (--running === 0) resolve();
          return;
        }
        sentAt = now;
        stream.write(message);
      });
      stream.write(message);
    }
  });
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (q: number): string => (times[Math.floor(times.length * q)] ?? 0).toFixed(2);
  console.log(
    `ping-pong ${messageBytes} B × ${streams}: ${(times.length / seconds).toFixed(0)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
  );
  for (const connection of connections) connection.close();
}

async function main(): Promise<void> {
  printHeader();
  const child = fork(import.meta.filename, ["serve"]);
  const address = await new Promise<Address>((resolve) => child.once("message", (m) => resolve(m as Address)));
  for (const messageBytes of [80_000, 11_000, 1000]) await oneWay(address, messageBytes);
  for (const streams of [1, 16, 256]) await pingPong(address, streams, 1000);
  child.kill();
}

await (process.argv[2] === "serve" ? serve() : main());
