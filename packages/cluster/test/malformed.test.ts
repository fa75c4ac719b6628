import { hasCode, type Listener, type ServiceHandlers, utf8Bytes } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { EntryKind } from "@ringtide/raft";
import { afterEach, describe, expect, it } from "vitest";
import { type Applied, Forwarder, serveForward } from "../src/forwarder.ts";
import { decodeMetaCommand, encodeMetaCommand } from "../src/meta-command.ts";
import { netOnLoopback } from "./support/net.ts";

const GARBAGE = new Uint8Array(16).fill(0xff);
const PROPOSAL = { group: 16, kind: EntryKind.PHYSICAL_PLAN, session: 0, sequence: 0, payload: utf8Bytes("x") };

describe("a command of the meta group", () => {
  const request = { session: 7, sequence: 3, acknowledged: 2, retry: true };

  it("is read back as it was written", () => {
    const command = { kind: "deleteStorageGroups", paths: ["root.a", "root.b"] } as const;
    expect(decodeMetaCommand(encodeMetaCommand(request, command))).toEqual({ request, command });
  });

  it.each([
    ["FRAME_MALFORMED", GARBAGE],
    ["FRAME_MALFORMED", new Uint8Array(0)],
    ["FRAME_MALFORMED", encodeMetaCommand(request, null as never)],
    ["FRAME_MALFORMED", encodeMetaCommand(request, { kind: "explode", path: "root.a" } as never)],
    ["FRAME_MALFORMED", encodeMetaCommand(request, { kind: "dropDone" } as never)],
    ["FRAME_MALFORMED", encodeMetaCommand(request, { kind: "deleteStorageGroups", paths: ["root.a", 1] } as never)],
    ["PATH_INVALID", encodeMetaCommand(request, { kind: "createStorageGroup", path: "root" })],
    ["PATH_INVALID", encodeMetaCommand(request, { kind: "deleteStorageGroups", paths: ["root.a", "b"] })],
  ])("is refused with %s when it is malformed (%#)", (code, payload) => {
    expect(() => decodeMetaCommand(payload)).toThrow(expect.objectContaining({ code }));
  });
});

describe("forwarding over a stream that carries garbage", () => {
  let listener: Listener | undefined;
  const closes: (() => void)[] = [];
  afterEach(async () => {
    for (const close of closes.splice(0)) close();
    await listener?.close(0);
  });

  async function forwarderTo(handlers: ServiceHandlers) {
    const net = netOnLoopback();
    listener = await net.listen(handlers);
    const connection = net.connect(listener);
    const forwarder = new Forwarder(() => connection.duplex("Forward"), systemClock);
    closes.push(() => {
      forwarder.close();
      connection.close();
    });
    return { connection, forwarder };
  }

  it("leaves the outcome of what waits unknown, and goes on with a new stream", async () => {
    let streams = 0;
    const { forwarder } = await forwarderTo({
      duplex: {
        Forward: (stream) => {
          if (++streams === 1) stream.onMessage(() => stream.write(GARBAGE));
          else serveForward(stream, () => Promise.resolve({ index: 5, affected: 1 }));
        },
      },
    });
    const error: unknown = await forwarder.send(PROPOSAL, 5000).catch((thrown: unknown) => thrown);
    expect(hasCode(error, "NET_CLOSED") && error.spec.outcomeKnown).toBe(false);
    expect(error).toMatchObject({ code: "NET_CLOSED" });
    expect(await forwarder.send(PROPOSAL, 5000)).toEqual({ index: 5, affected: 1 });
  });

  it("ends the stream of a sender of garbage, and proposes nothing", async () => {
    let proposed = 0;
    const propose = (): Promise<Applied> => {
      proposed++;
      return Promise.resolve({ index: 1, affected: 0 });
    };
    const { connection } = await forwarderTo({ duplex: { Forward: (stream) => serveForward(stream, propose) } });
    const stream = connection.duplex("Forward");
    const closed = new Promise<Error | undefined>((resolve) => stream.onClose(resolve));
    stream.onMessage(() => undefined);
    stream.write(GARBAGE);
    expect(await closed).toMatchObject({ code: "FRAME_MALFORMED" });
    expect(proposed).toBe(0);
  });
});
