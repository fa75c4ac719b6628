import type { Address, Clock, Connection, MessageStream, Net, ServiceHandlers } from "@ringtide/common";
import { BeatBatch, decodeMessage, RaftBatch, RaftMessageType } from "@ringtide/proto";
import type { Failpoints } from "./failpoints.ts";

/** Real address to the one that is dialled instead, both `host:port`. */
export type DialMap = Readonly<Record<string, string>>;

/** What a message is called in failpoints' names. */
const MESSAGE_PLACES: Readonly<Record<number, string>> = {
  [RaftMessageType.APPEND]: "send.append",
  [RaftMessageType.APPEND_RESPONSE]: "send.appendResponse",
  [RaftMessageType.VOTE]: "send.vote",
  [RaftMessageType.VOTE_RESPONSE]: "send.voteResponse",
  [RaftMessageType.HEARTBEAT]: "send.heartbeat",
  [RaftMessageType.HEARTBEAT_RESPONSE]: "send.heartbeatResponse",
  [RaftMessageType.TIMEOUT_NOW]: "send.timeoutNow",
  [RaftMessageType.SNAPSHOT]: "send.snapshot",
};

/** What a stream that this node serves answers, by method. */
const ANSWER_PLACES: Readonly<Record<string, string>> = { Insert: "answer.insert", Forward: "answer.forward" };

/** Places that a message on a stream that this node opened passes. */
function placesSent(method: string, message: Uint8Array): readonly string[] {
  if (method === "Forward") return ["send.forward"];
  if (method !== "Raft" && method !== "Beats") return [];
  const batch = method === "Raft" ? RaftBatch : BeatBatch;
  const places = new Set<string>();
  for (const { type } of decodeMessage(batch, message, method).messages) {
    const place = MESSAGE_PLACES[type];
    if (place !== undefined) places.add(place);
  }
  return [...places];
}

/** A net with a failpoint before and after each message of a stream; other nodes are dialled through `dial`. */
export function failpointNet(inner: Net, clock: Clock, failpoints: Failpoints, dial: DialMap): Net {
  const wrapStream = (stream: MessageStream, placesOf: (message: Uint8Array) => readonly string[]): MessageStream =>
    new FailpointStream(stream, clock, failpoints, placesOf);
  return {
    resolves: (host) => inner.resolves(host),
    connect: (address, options) => {
      const connection = inner.connect(dialled(address, dial), options);
      return wrapConnection(connection, (stream, method) =>
        wrapStream(stream, (message) => placesSent(method, message)),
      );
    },
    listen: (address, options) =>
      inner.listen(address, {
        ...options,
        handlers: wrapHandlers(options.handlers, (stream, place) => wrapStream(stream, () => [place])),
      }),
  };
}

function dialled(address: Address, dial: DialMap): Address {
  const target = dial[`${address.host}:${address.port}`];
  if (target === undefined) return address;
  const colon = target.lastIndexOf(":");
  return { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
}

function wrapConnection(
  inner: Connection,
  wrapStream: (stream: MessageStream, method: string) => MessageStream,
): Connection {
  return {
    unary: (method, request, options) => inner.unary(method, request, options),
    serverStream: (method, request, options) => inner.serverStream(method, request, options),
    duplex: (method) => wrapStream(inner.duplex(method), method),
    close: () => inner.close(),
  };
}

function wrapHandlers(
  handlers: ServiceHandlers,
  wrapStream: (stream: MessageStream, place: string) => MessageStream,
): ServiceHandlers {
  const duplex = Object.entries(handlers.duplex ?? {}).map(([method, handle]): [string, typeof handle] => {
    const place = ANSWER_PLACES[method];
    if (place === undefined) return [method, handle];
    return [method, (stream, caller) => handle(wrapStream(stream, place), caller)];
  });
  return { ...handlers, duplex: Object.fromEntries(duplex) };
}

class FailpointStream implements MessageStream {
  readonly #inner: MessageStream;
  readonly #clock: Clock;
  readonly #failpoints: Failpoints;
  readonly #placesOf: (message: Uint8Array) => readonly string[];

  constructor(
    inner: MessageStream,
    clock: Clock,
    failpoints: Failpoints,
    placesOf: (message: Uint8Array) => readonly string[],
  ) {
    this.#inner = inner;
    this.#clock = clock;
    this.#failpoints = failpoints;
    this.#placesOf = placesOf;
  }

  write(message: Uint8Array): boolean {
    const places = this.#placesOf(message);
    for (const place of places) this.#failpoints.reach(`${place}.before`);
    const goesOn = this.#inner.write(message);
    for (const place of places) if (this.#failpoints.isDue(`${place}.after`)) this.#dieOnceSent(`${place}.after`);
    return goesOn;
  }

  /** Two turns of the main loop later the kernel has the bytes: the other side gets them from a process that is dead. */
  #dieOnceSent(name: string): void {
    this.#clock.nextTurn(() => this.#clock.nextTurn(() => this.#failpoints.die(name)));
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }
  drained(): Promise<void> {
    return this.#inner.drained();
  }
  onMessage(handler: (message: Uint8Array) => void): void {
    this.#inner.onMessage(handler);
  }
  onClose(handler: (error?: Error) => void): void {
    this.#inner.onClose(handler);
  }
  close(error?: Error): void {
    this.#inner.close(error);
  }
  pause(paused: boolean): void {
    this.#inner.pause(paused);
  }
}
