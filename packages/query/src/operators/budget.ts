import { RingtideError } from "@ringtide/common";

/** Bytes that one query may hold at one place. */
export class MemoryBudget {
  readonly maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** QUERY_TOO_LARGE when the query would hold more than it may. */
  reserve(bytes: number): void {
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.maxBytes) {
      throw new RingtideError(
        "QUERY_TOO_LARGE",
        `the query needs more than ${this.maxBytes} bytes of memory: narrow its paths or time range, or use LIMIT`,
      );
    }
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

/** Throws what the signal was aborted with: a RingtideError as it is, anything else as QUERY_CANCELLED. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const reason: unknown = signal.reason;
  throw reason instanceof RingtideError ? reason : new RingtideError("QUERY_CANCELLED", "the query was cancelled");
}
