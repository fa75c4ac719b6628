import { expect, it } from "vitest";
import { hasCode, RingtideError } from "../errors.ts";
import { type MessageStream, sleep } from "../ports/index.ts";
import { bytesOf, dial, listen, MAX_MESSAGE_BYTES, type NetFixture, serve, textOf } from "./net-support.ts";
import { eventually, pattern } from "./support.ts";

/** What one end of a duplex stream has seen. */
class End {
  readonly stream: MessageStream;
  readonly messages: string[] = [];
  closes = 0;
  error: Error | undefined;

  constructor(stream: MessageStream) {
    this.stream = stream;
    stream.onMessage((message) => this.messages.push(textOf(message)));
    stream.onClose((error) => {
      this.closes++;
      this.error = error;
    });
  }
}

/** Both ends of one stream; the serving end exists once a first message has come. */
async function open(given: NetFixture): Promise<{ near: End; far: End; endListener: () => Promise<void> }> {
  let far: End | undefined;
  const { listener, connection } = await serve(given, {
    duplex: {
      Talk(stream) {
        far = new End(stream);
      },
    },
  });
  const near = new End(connection.duplex("Talk"));
  near.stream.write(bytesOf("hello"));
  await eventually(given.clock, "the first message arrives", () => far?.messages.length === 1);
  if (far === undefined) throw new Error("unreachable: a message came");
  return { near, far, endListener: () => listener.close(0) };
}

export function duplexOrder(given: () => NetFixture): void {
  it("carries messages both ways, whole and in order", async () => {
    const { near, far } = await open(given());
    for (let i = 0; i < 1_000; i++) {
      near.stream.write(bytesOf(`n${i}`));
      far.stream.write(bytesOf(`f${i}`));
    }
    await eventually(
      given().clock,
      "all arrive",
      () => near.messages.length === 1_000 && far.messages.length === 1_001,
    );
    expect(near.messages).toEqual(Array.from({ length: 1_000 }, (_, i) => `f${i}`));
    expect(far.messages.slice(1)).toEqual(Array.from({ length: 1_000 }, (_, i) => `n${i}`));
  });

  it("keeps streams of one connection apart", async () => {
    const listener = await listen(given(), {
      duplex: { Echo: (stream) => stream.onMessage((message) => stream.write(message)) },
    });
    const connection = dial(given(), listener.address.port);
    const ends = [0, 1, 2].map(() => new End(connection.duplex("Echo")));
    for (const [i, end] of ends.entries()) end.stream.write(bytesOf(`to ${i}`));
    await eventually(given().clock, "echoes", () => ends.every((end) => end.messages.length === 1));
    expect(ends.map((end) => end.messages)).toEqual([["to 0"], ["to 1"], ["to 2"]]);
  });

  it("pushes back on a sender whose reader pauses, and loses nothing", async () => {
    const { near, far } = await open(given());
    far.stream.pause(true);
    const message = pattern(MAX_MESSAGE_BYTES / 4);
    for (const [i, byte] of message.entries()) message[i] = byte & 0x7f;
    let sent = 0;
    let accepted = true;
    while (accepted && sent < 2_000) {
      accepted = near.stream.write(message);
      sent++;
      if (sent % 8 === 0) await sleep(given().clock, 1);
    }
    expect(sent, "write has to answer false within some MiB").toBeLessThan(2_000);
    expect(near.stream.queuedBytes).toBeGreaterThan(0);
    await sleep(given().clock, 100);
    expect(far.messages.length).toBeLessThan(sent);
    far.stream.pause(false);
    await near.stream.drained();
    await eventually(given().clock, "all arrive", () => far.messages.length === sent + 1);
    expect(new Set(far.messages.slice(1)).size).toBe(1);
    await eventually(given().clock, "the queue empties", () => near.stream.queuedBytes === 0);
  });
}

export function duplexEnds(given: () => NetFixture): void {
  it("ends in order from the caller's side: what was written arrives first", async () => {
    const { near, far } = await open(given());
    near.stream.write(bytesOf("last"));
    near.stream.close();
    await eventually(given().clock, "the handler's end closes", () => far.closes === 1);
    expect(far.messages).toEqual(["hello", "last"]);
    expect(far.error).toBeUndefined();
    far.stream.close();
    await eventually(given().clock, "the caller's end closes", () => near.closes === 1);
    expect(near.error).toBeUndefined();
  });

  it("ends in order from the handler's side", async () => {
    const { near, far } = await open(given());
    far.stream.write(bytesOf("last"));
    far.stream.close();
    await eventually(given().clock, "the caller's end closes", () => near.closes === 1);
    expect(near.messages).toEqual(["last"]);
    expect(near.error).toBeUndefined();
  });

  it("tells the caller the error that the handler closed with", async () => {
    const { near, far } = await open(given());
    far.stream.close(new RingtideError("CLUSTER_MISMATCH", "another cluster"));
    await eventually(given().clock, "the caller's end closes", () => near.closes === 1);
    expect(near.error).toMatchObject({ code: "CLUSTER_MISMATCH" });
  });

  it("closes the stream with what a message handler throws, on either side", async () => {
    const listener = await listen(given(), {
      duplex: {
        Talk(stream) {
          stream.onMessage((message) => {
            if (textOf(message) !== "bad") stream.write(message);
            else throw new RingtideError("TABLET_SHAPE", "bad");
          });
        },
      },
    });
    const near = new End(dial(given(), listener.address.port).duplex("Talk"));
    for (const text of ["good", "bad", "late"]) near.stream.write(bytesOf(text));
    await eventually(given().clock, "the caller's end closes", () => near.closes === 1);
    expect(near.error).toMatchObject({ code: "TABLET_SHAPE" });
    expect(near.messages).not.toContain("late");

    const stream = dial(given(), listener.address.port).duplex("Talk");
    let error: Error | undefined;
    stream.onClose((reason) => {
      error = reason;
    });
    stream.onMessage(() => {
      throw new RingtideError("VALUE_OUT_OF_RANGE", "unexpected answer");
    });
    stream.write(bytesOf("good"));
    await eventually(given().clock, "this end closes", () => error !== undefined);
    expect(error).toMatchObject({ code: "VALUE_OUT_OF_RANGE" });
  });

  it("tells the handler that the caller gave up", async () => {
    const { near, far } = await open(given());
    near.stream.close(new Error("gave up"));
    await eventually(given().clock, "the handler's end closes", () => far.closes === 1);
    expect(far.error).toBeInstanceOf(Error);
  });

  it("ends with NET_CLOSED when the server goes away", async () => {
    const { near, endListener } = await open(given());
    await endListener();
    await eventually(given().clock, "the caller's end closes", () => near.closes === 1);
    expect(hasCode(near.error, "NET_CLOSED", "NET_UNREACHABLE")).toBe(true);
  });

  it("ends with an error when nobody listens", async () => {
    const listener = await listen(given(), {});
    await listener.close(0);
    const end = new End(dial(given(), listener.address.port).duplex("Talk"));
    await eventually(given().clock, "the stream closes", () => end.closes === 1);
    expect(hasCode(end.error, "NET_UNREACHABLE")).toBe(true);
  });

  it("asks authorize before the handler of a stream", async () => {
    let handled = 0;
    const { connection } = await serve(
      given(),
      {
        duplex: {
          Talk() {
            handled++;
          },
        },
      },
      {
        authorize() {
          throw new RingtideError("UNAUTHENTICATED", "nobody may");
        },
      },
    );
    const end = new End(connection.duplex("Talk"));
    await eventually(given().clock, "the stream is refused", () => end.closes === 1);
    expect(end.error).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(handled).toBe(0);
  });
}
