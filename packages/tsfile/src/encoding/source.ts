import { malformed } from "../errors.ts";

/** What decoders read: a window of a buffer. Every read past its end is BLOCK_MALFORMED. */
export class Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the next read begins. */
  at: number;
  /** End of the window. */
  readonly end: number;
  /** Names the window in errors. */
  readonly what: string;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.length;
    this.what = what;
  }

  /** Passes over `count` bytes and returns where they begin. */
  take(count: number): number {
    const at = this.at;
    if (count > this.end - at) throw this.malformed(`${count} bytes expected, ${this.end - at} left`);
    this.at = at + count;
    return at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }
  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }
  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }
  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.subarray(at, at + count);
  }
  /** All has been read. */
  finish(): void {
    if (this.at !== this.end) throw this.malformed(`${this.end - this.at} bytes too many`);
  }
  malformed(problem: string): Error {
    return malformed(`${this.what}: ${problem} at its byte ${this.at}`);
  }
}
