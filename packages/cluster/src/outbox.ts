import type { Clock, Logger, MessageStream, Timer } from "@ringtide/common";
import { asRingtideError } from "@ringtide/common";

export interface OutboxOptions<T> {
  /** Opens the stream; called again after each break, with a growing pause. */
  readonly open: () => MessageStream;
  readonly encode: (items: readonly T[]) => Uint8Array;
  readonly sizeOf: (item: T) => number;
  /** One message on the stream holds items up to this size (at least one). */
  readonly maxBatchBytes: number;
  readonly maxQueuedBytes: number;
  /** Items were lost: the stream broke, or the queue overflowed. */
  readonly onLoss: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const REOPEN_MIN_MS = 50;
const REOPEN_MAX_MS = 1000;
/** A stream that lived for this long was a good one: the next pause is short again. The peer sends nothing on it that would tell. */
const PROVEN_MS = 5000;

/**
 * The sending half of a link to one peer: a bounded queue and one stream. What has queued up in one turn of the main loop, or
 * while the peer did not keep up, leaves as one batch. Losing items is legal: the consensus core repeats what matters.
 */
export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  #stream: MessageStream | undefined;
  #queue: T[] = [];
  #queuedBytes = 0;
  #flushing = false;
  #closed = false;
  #reopenMs = REOPEN_MIN_MS;
  #openedMs = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #pause: Timer | undefined;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
  }

  /** When the last message was written to the stream. */
  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  /** Sends a message without items when none is on its way: the bare sign of life. */
  sendEmpty(): void {
    if (this.#closed || this.#pause !== undefined || this.#flushing) return;
    this.#write(this.#ensureStream(), []);
  }

  #write(stream: MessageStream, batch: readonly T[]): boolean {
    this.#lastSentMs = this.#options.clock.monotonicMs();
    return stream.write(this.#options.encode(batch));
  }

  send(item: T): void {
    if (this.#closed) return;
    if (this.#pause !== undefined) return; // the peer is down: its answer to a later beat makes the core send again
    const size = this.#options.sizeOf(item);
    if (this.#queue.length > 0 && this.#queuedBytes + size > this.#options.maxQueuedBytes) {
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#options.onLoss();
      return;
    }
    this.#queue.push(item);
    this.#queuedBytes += size;
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
  }

  #flush(): void {
    while (this.#queue.length > 0 && !this.#closed && this.#pause === undefined) {
      const stream = this.#ensureStream();
      if (!this.#write(stream, this.#takeBatch())) {
        stream.drained().then(
          () => this.#flush(),
          () => this.#broken(stream, undefined),
        );
        return;
      }
    }
    this.#flushing = false;
  }

  #takeBatch(): T[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#queue) {
      const size = this.#options.sizeOf(item);
      if (count > 0 && bytes + size > this.#options.maxBatchBytes) break;
      bytes += size;
      count++;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #ensureStream(): MessageStream {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#options.open();
    this.#stream = stream;
    this.#openedMs = this.#options.clock.monotonicMs();
    stream.onMessage(() => undefined);
    stream.onClose((error) => this.#broken(stream, error));
    return stream;
  }

  #broken(stream: MessageStream, error: Error | undefined): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#flushing = false;
    if (this.#closed) return;
    this.#options.onLoss();
    if (error !== undefined) {
      const { code, message } = asRingtideError(error);
      this.#options.logger.debug("link broke", { code, reason: message });
    }
    if (this.#options.clock.monotonicMs() - this.#openedMs > PROVEN_MS) this.#reopenMs = REOPEN_MIN_MS;
    this.#pause = this.#options.clock.setTimer(this.#reopenMs, () => {
      this.#pause = undefined;
    });
    this.#reopenMs = Math.min(this.#reopenMs * 2, REOPEN_MAX_MS);
  }

  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
    this.#stream?.close();
  }
}
