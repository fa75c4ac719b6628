import { asRingtideError, assert, type MessageStream, RingtideError } from "@ringtide/common";
import { crossing } from "./crossing.ts";
import type { Network } from "./network.ts";
import type { Carried, SessionEnd } from "./session-end.ts";

/** Bytes that may be on the way to a handler that does not take them. */
const WINDOW_BYTES = 1024 * 1024;
/** As the real transport: from here on `write` answers false, and `drained` waits for half of it. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** As the real transport: after a caller's end the handler may answer for this long. */
const END_GRACE_MS = 50;

/** Made once: an error for each stream that is left costs more than all else about it. */
export const CALLER_GONE = new RingtideError("NET_CLOSED", "the caller went away");

type Incoming =
  | { readonly kind: "message"; readonly bytes: Uint8Array; readonly creditBytes: number }
  | { readonly kind: "end"; readonly error?: RingtideError };

export interface StreamSettings {
  readonly network: Network;
  readonly method: string;
  readonly maxMessageBytes: number;
  /** An error ends the call at the serving side. */
  readonly onFailure?: (error: Error) => void;
}

/** One side of a stream of messages. The calling side exists before its connection does. */
export class StreamEnd implements MessageStream, Carried {
  readonly #settings: StreamSettings;
  readonly #role: "caller" | "handler";
  #session: SessionEnd | undefined;
  #peer: StreamEnd | undefined;
  /** Accepted by `write` and not sent: the window is full, or there is no connection yet. */
  #waiting: Uint8Array[] = [];
  #queuedBytes = 0;
  #unacknowledgedBytes = 0;
  #owedBytes = 0;
  #incoming: Incoming[] = [];
  #isPaused = false;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #waiters: (() => void)[] = [];
  /** Nothing more is written; what ends this direction, once it is sent. */
  #finish: { readonly error?: RingtideError } | undefined;
  #finishSent = false;
  #isEnded = false;
  #endError: Error | undefined;

  constructor(settings: StreamSettings, role: "caller" | "handler") {
    this.#settings = settings;
    this.#role = role;
  }

  /** The connection is there: what waited for it is sent. */
  attach(session: SessionEnd): void {
    this.#session = session;
    session.carry(this);
    this.#flush();
  }

  /** Joins the two sides of one stream. */
  pair(peer: StreamEnd): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(message: Uint8Array): boolean {
    if (this.#finish !== undefined || this.#isEnded) return true;
    // The receiver gets bytes of its own, as from a wire.
    this.#waiting.push(new Uint8Array(message));
    this.#queuedBytes += message.length;
    this.#flush();
    return this.#queuedBytes < HIGH_WATER_BYTES;
  }

  #flush(): void {
    if (this.#session === undefined) return;
    let sent = 0;
    for (const message of this.#waiting) {
      if (this.#unacknowledgedBytes >= WINDOW_BYTES) break;
      this.#queuedBytes -= message.length;
      this.#transmit(message);
      sent++;
    }
    this.#waiting.splice(0, sent);
    if (this.#queuedBytes <= HIGH_WATER_BYTES / 2) this.#wake();
    if (this.#waiting.length === 0) this.#sendFinish();
  }

  #transmit(bytes: Uint8Array): void {
    const { messageFaults, random, owner, nowMs } = this.#settings.network;
    const deliver = (creditBytes: number) => this.#peer?.receive({ kind: "message", bytes, creditBytes });
    if (messageFaults?.methods.includes(this.#settings.method)) {
      if (random.chance(messageFaults.dropChance)) return;
      const copies = random.chance(messageFaults.duplicateChance) ? 2 : 1;
      for (let i = 1; i < copies; i++) this.#session?.send(bytes.length, "message", () => deliver(0));
      if (random.chance(messageFaults.reorderChance)) {
        const lateMs = random.unit() * messageFaults.reorderMs;
        owner.at(nowMs + lateMs, "held back", () => this.#session?.send(bytes.length, "message", () => deliver(0)));
        return;
      }
    }
    this.#unacknowledgedBytes += bytes.length;
    this.#session?.send(bytes.length, "message", () => deliver(bytes.length));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  drained(): Promise<void> {
    if (this.#isEnded || this.#queuedBytes < HIGH_WATER_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Called where this side is. */
  receive(incoming: Incoming): void {
    if (incoming.kind === "end" && incoming.error !== undefined && this.#role === "handler") {
      // A caller that gives up is noticed at once, whatever of it has not been read.
      this.broken(incoming.error);
    } else if (!this.#isEnded) {
      this.#incoming.push(incoming);
      this.#take();
    }
  }

  #take(): void {
    while (!this.#isPaused && !this.#isEnded && this.#onMessage !== undefined) {
      const incoming = this.#incoming.shift();
      if (incoming === undefined) return;
      if (incoming.kind === "end") this.#peerFinished(incoming.error);
      else this.#hand(incoming.bytes, incoming.creditBytes, this.#onMessage);
    }
  }

  #hand(bytes: Uint8Array, creditBytes: number, handler: (message: Uint8Array) => void): void {
    const { maxMessageBytes, network } = this.#settings;
    network.scheduler.trace.bytes(bytes);
    try {
      if (bytes.length > maxMessageBytes)
        throw new RingtideError(
          "TABLET_TOO_LARGE",
          `a message of ${bytes.length} bytes, ${maxMessageBytes} are allowed`,
        );
      handler(bytes);
    } catch (error) {
      this.close(asRingtideError(error));
      return;
    }
    this.#owedBytes += creditBytes;
    if (this.#owedBytes < WINDOW_BYTES / 4) return;
    const owed = this.#owedBytes;
    this.#owedBytes = 0;
    this.#session?.send(0, "credit", () => this.#peer?.acknowledged(owed));
  }

  /** Called where this side is: the other one took so much. */
  acknowledged(bytes: number): void {
    this.#unacknowledgedBytes -= bytes;
    this.#flush();
  }

  #peerFinished(error: RingtideError | undefined): void {
    if (this.#role === "caller") this.#ended(error);
    else if (error !== undefined) this.#ended(error);
    else this.#session?.owner.after(END_GRACE_MS, "end of caller", () => this.close());
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
    // As from the main loop: never inside of the call that sets the handler.
    if (this.#incoming.length > 0) queueMicrotask(() => this.#take());
  }

  onClose(handler: (error?: Error) => void): void {
    assert(this.#onClose === undefined, "a stream has one close handler");
    this.#onClose = handler;
    if (this.#isEnded) queueMicrotask(() => handler(this.#endError));
  }

  pause(paused: boolean): void {
    this.#isPaused = paused;
    if (!paused && this.#incoming.length > 0) queueMicrotask(() => this.#take());
  }

  close(error?: Error): void {
    if (this.#finish !== undefined || this.#isEnded) return;
    if (error === undefined) {
      this.#finish = {};
      if (this.#waiting.length === 0) this.#sendFinish();
      return;
    }
    this.#settings.onFailure?.(error);
    if (this.#role === "caller") {
      this.#drop();
      this.#finish = { error: CALLER_GONE };
    } else {
      this.#finish = { error: crossing(error) };
    }
    if (this.#waiting.length === 0) this.#sendFinish();
    this.#ended(error);
  }

  /** Ends this direction, behind all that was written. A handler's end is the end of the call. */
  #sendFinish(): void {
    if (this.#finish === undefined || this.#finishSent || this.#session === undefined) return;
    this.#finishSent = true;
    const { error } = this.#finish;
    this.#session.send(0, "end", () => this.#peer?.receive(error ? { kind: "end", error } : { kind: "end" }));
    if (this.#role === "handler" && error === undefined) this.#ended();
    else if (this.#isEnded) this.#session.done(this);
  }

  #drop(): void {
    this.#waiting = [];
    this.#queuedBytes = 0;
  }

  broken(error: RingtideError): void {
    this.#drop();
    this.#session?.done(this);
    this.#ended(error);
  }

  #ended(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endError = error;
    this.#incoming = [];
    if (this.#waiting.length === 0) this.#session?.done(this);
    this.#wake();
    this.#onClose?.(error);
  }
}
