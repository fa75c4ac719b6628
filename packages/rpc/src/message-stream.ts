import type { MessageStream } from "@ringtide/common";
import { asRingtideError, assert } from "@ringtide/common";
import { HIGH_WATER_BYTES } from "./settings.ts";

/** The library wants Buffers; this one shares the bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What is used of either side's call. */
interface DuplexCall {
  write(message: Buffer, sent: () => void): boolean;
  on(event: "data", handler: (message: Buffer) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** How one side of a call ends it. */
export interface CallEnd {
  /** After all that was written. */
  finish(): void;
  abort(error: Error): void;
}

/**
 * A MessageStream over one side of a gRPC duplex call. The side's file reports how the call ended through `ended`. Messages and
 * the end that arrive before a handler is there are kept for it.
 */
export class CallStream implements MessageStream {
  readonly #call: DuplexCall;
  readonly #end: CallEnd;
  #queuedBytes = 0;
  #finished = false;
  #aborted = false;
  #ended = false;
  #endError: Error | undefined;
  #onClose: ((error?: Error) => void) | undefined;
  #waiters: (() => void)[] = [];

  constructor(call: DuplexCall, end: CallEnd) {
    this.#call = call;
    this.#end = end;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(message: Uint8Array): boolean {
    // A write after the end is lost, as one just before it may be: `onClose` tells.
    if (this.#finished || this.#ended) return true;
    this.#queuedBytes += message.length;
    this.#call.write(asBuffer(message), () => this.#sent(message.length));
    return this.#queuedBytes < HIGH_WATER_BYTES;
  }

  #sent(sizeBytes: number): void {
    this.#queuedBytes -= sizeBytes;
    if (this.#queuedBytes <= HIGH_WATER_BYTES / 2) this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  drained(): Promise<void> {
    if (this.#ended || this.#queuedBytes < HIGH_WATER_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#call.on("data", (message) => {
      // What had arrived before the stream was closed for an error is not wanted any more.
      if (this.#aborted) return;
      try {
        handler(message);
      } catch (error) {
        this.close(asRingtideError(error));
      }
    });
  }

  onClose(handler: (error?: Error) => void): void {
    assert(this.#onClose === undefined, "a stream has one close handler");
    this.#onClose = handler;
    if (this.#ended) queueMicrotask(() => handler(this.#endError));
  }

  close(error?: Error): void {
    if (this.#finished || this.#ended) return;
    this.#finished = true;
    if (error === undefined) {
      this.#end.finish();
      return;
    }
    this.#aborted = true;
    this.#end.abort(error);
  }

  pause(paused: boolean): void {
    if (paused) this.#call.pause();
    else this.#call.resume();
  }

  /** The call is over; only the first report counts. */
  ended(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endError = error;
    this.#wake();
    this.#onClose?.(error);
  }
}
