import { RingtideError } from "@ringtide/common";
import protobuf from "protobufjs/minimal.js";

/**
 * Reads 64-bit fields as JavaScript numbers: a varint above 2^53 − 1 is refused, so no integer ever changes silently. Unknown
 * fields (of a newer version) are dropped.
 */
export class WireReader extends protobuf.Reader {
  constructor(bytes: Uint8Array) {
    super(bytes);
    this.discardUnknown = true;
  }

  // The base class declares Long; without Long in `util` (below) it returns a number too, but loses the bits above 2^53.
  override uint64(): never {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      if (this.pos >= this.len) throw new RangeError(`integer cut off at byte ${this.pos}`);
      const byte = this.buf[this.pos++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value as never;
      }
      scale *= 128;
    }
    throw new RangeError(`integer above 2^53 before byte ${this.pos}`);
  }
}

/** Writes 64-bit fields from JavaScript numbers; anything but a safe integer ≥ 0 is VALUE_OUT_OF_RANGE. */
export class WireWriter extends protobuf.BufferWriter {
  override uint64(value: unknown): this {
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw new RingtideError("VALUE_OUT_OF_RANGE", `${String(value)} is no integer in [0, 2^53)`);
    super.uint64(value as number);
    return this;
  }
}

/**
 * What the generated code imports in place of protobufjs itself: our reader and writer, and no Long (so that defaults are numbers).
 * @public
 */
export default { Reader: WireReader, Writer: WireWriter, util: { ...protobuf.util, Long: undefined }, roots: {} };
