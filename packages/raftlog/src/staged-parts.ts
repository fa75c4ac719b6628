import { assert } from "@ringtide/common";

/** Payloads up to here are copied beside their header: cheaper than one more part of a gathered write. */
const COPY_UP_TO_BYTES = 4096;
const BUFFER_BYTES = 256 * 1024;
/** Empty buffers that are kept for the next batch. */
const KEPT_BUFFERS = 16;

const spare: Buffer[] = [];

interface Buffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** The bytes of one batch, in order: small things copied together, large payloads as views. */
export class StagedParts {
  readonly #buffers: Buffer[] = [];
  readonly #parts: Uint8Array[] = [];
  /** [sealed, used) of the last buffer is not in `#parts` yet. */
  #sealed = 0;
  #used = BUFFER_BYTES;

  /** Room for `length` bytes, which must be filled at once: the buffer, a view of it and where in it. */
  reserve(length: number): { readonly bytes: Uint8Array; readonly view: DataView; readonly at: number } {
    assert(length <= BUFFER_BYTES, `${length} bytes at once`);
    if (this.#used + length > BUFFER_BYTES) {
      this.#seal();
      this.#buffers.push(spare.pop() ?? newBuffer());
      this.#sealed = 0;
      this.#used = 0;
    }
    const { bytes, view } = this.#buffers.at(-1) as Buffer;
    const at = this.#used;
    this.#used = at + length;
    return { bytes, view, at };
  }

  /** Adds bytes that do not change any more. */
  add(payload: Uint8Array): void {
    if (payload.length <= COPY_UP_TO_BYTES) {
      const { bytes, at } = this.reserve(payload.length);
      bytes.set(payload, at);
      return;
    }
    this.#seal();
    this.#parts.push(payload);
  }

  #seal(): void {
    const last = this.#buffers.at(-1);
    if (last !== undefined && this.#used > this.#sealed)
      this.#parts.push(last.bytes.subarray(this.#sealed, this.#used));
    this.#sealed = this.#used;
  }

  parts(): readonly Uint8Array[] {
    this.#seal();
    return this.#parts;
  }

  /** The parts were written and nobody reads them any more. */
  release(): void {
    for (const buffer of this.#buffers) if (spare.length < KEPT_BUFFERS) spare.push(buffer);
    this.#buffers.length = 0;
    this.#parts.length = 0;
  }
}

function newBuffer(): Buffer {
  const bytes = new Uint8Array(BUFFER_BYTES);
  return { bytes, view: new DataView(bytes.buffer) };
}
