import { RingtideError } from "./errors.ts";

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 bytes of a string. */
export function utf8Bytes(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** The string of UTF-8 bytes; FRAME_MALFORMED when they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    throw new RingtideError("FRAME_MALFORMED", "bytes are not valid UTF-8");
  }
}

/** One buffer with all parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Two hexadecimal digits a byte. */
export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads what `hexText` wrote. */
export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

/** Builds a binary message: little-endian fixed-width integers, length-prefixed bytes and strings. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** Grows the buffer where needed: take `#bytes` and `#view` only after it. */
  #reserve(extra: number): number {
    const at = this.#length;
    const needed = at + extra;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }
  /** A safe integer ≥ 0, as 8 bytes. */
  u53(value: number): this {
    const at = this.#reserve(8);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(value / 4294967296), true);
    return this;
  }
  i64(value: bigint): this {
    const at = this.#reserve(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }
  f64(value: number): this {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** u32 length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }
  /** u32 length, then UTF-8. */
  text(text: string): this {
    return this.bytes(utf8Bytes(text));
  }
  /** Overwrites a u32 written before, for lengths known late. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
  /** What was written; a view, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
  /** What was written, in a buffer of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what ByteWriter wrote. Every read past the end, and every count that cannot be true, is FRAME_MALFORMED with the offset. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** `what` names the message in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#at;
  }
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  fail(problem: string): never {
    throw new RingtideError(
      "FRAME_MALFORMED",
      `${this.#what}: ${problem} at byte ${this.#at} of ${this.#bytes.length}`,
    );
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.fail(`${count} bytes expected`);
    this.#at = at + count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  u53(): number {
    const at = this.#take(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high > 0x1fffff) this.fail("integer above 2^53");
    return high * 4294967296 + this.#view.getUint32(at, true);
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }
  bytes(): Uint8Array {
    return this.raw(this.u32());
  }
  text(): string {
    return utf8Text(this.bytes());
  }
  /** A u32 count of items of at least `minBytesEach` bytes: refused before anything is allocated when they cannot be there. */
  count(minBytesEach: number): number {
    const count = this.u32();
    if (count * minBytesEach > this.remaining) this.fail(`a count of ${count} items`);
    return count;
  }
  end(): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes too many`);
  }
}
