import { nullLogger } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { encodeMessage, RaftBatch } from "@ringtide/proto";
import type { Message } from "@ringtide/raft";
import { createNet } from "@ringtide/rpc";
import { expect, it } from "vitest";
import { Transport } from "../src/transport.ts";
import { toWire } from "../src/wire.ts";
import { netOnLoopback } from "./support/net.ts";
import { eventually } from "./support/nodes.ts";

const GROUP = 16;
const PEER = 2;

function acknowledgement(index: number): Uint8Array {
  const answer = { type: "appendResponse", group: GROUP, from: PEER, to: 1, term: 3, reject: false } as const;
  const message: Message = { ...answer, index, hintTerm: 0, rejectedPrevIndex: 0 };
  return encodeMessage(RaftBatch, { messages: [toWire(message)] });
}

it("hears no acknowledgement of a process of which another has taken the place", async () => {
  const heard: number[] = [];
  const metrics = createMetrics();
  const transport = new Transport({
    self: 1,
    members: [],
    metadata: {},
    net: createNet({ logger: nullLogger, metrics, clock: systemClock }),
    clock: systemClock,
    logger: nullLogger,
    metrics,
    connectTimeoutMs: 1000,
    maxMessageBytes: 100_000,
    maxQueuedBytesPerPeer: 100_000,
    proofOfLife: () => ({ oldestPendingSyncMs: 0, longestTurnMs: 0, diskLevel: 0 }),
    onMessage: (message) => {
      if (message.type === "appendResponse") heard.push(message.index);
    },
    onLoss: () => undefined,
  });
  const net = netOnLoopback();
  const listener = await net.listen({
    duplex: { Raft: (stream, caller) => transport.acceptRaft(stream, PEER, caller, false) },
  });
  const connections = [net.connect(listener), net.connect(listener)] as const;
  try {
    const [earlier, later] = connections.map((connection) => connection.duplex("Raft"));
    const closed = new Promise<Error | undefined>((resolve) => earlier?.onClose(resolve));
    later?.onClose(() => undefined);
    earlier?.write(acknowledgement(5));
    await eventually("the first process is heard", () => heard.includes(5));
    later?.write(acknowledgement(3));
    await eventually("the second process is heard", () => heard.includes(3));
    earlier?.write(acknowledgement(7));
    expect(await closed).toMatchObject({ code: "NET_CLOSED" });
    later?.write(acknowledgement(4));
    await eventually("the second process is heard on", () => heard.includes(4));
    expect(heard).toEqual([5, 3, 4]);
  } finally {
    for (const connection of connections) connection.close();
    await listener.close(0);
    transport.close();
  }
});
