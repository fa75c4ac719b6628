import { crc32c } from "@node-rs/crc32";
import { assert, concatBytes } from "@ringtide/common";
import { BlockHeader, FIXED_BYTES } from "./header.ts";

/** A block with only these columns, in this order: times and columns are copied as bytes, not decoded. */
export function selectColumns(bytes: Uint8Array, columns: readonly number[]): Uint8Array {
  const header = new BlockHeader(bytes, true);
  const body = bytes.subarray(header.sizeBytes);
  const pieces = columns.map((c) => {
    assert(c >= 0 && c < header.columnCount, "a column of the block");
    return body.subarray(header.columnStart(c), header.columnStart(c) + header.columnBytes(c));
  });
  return concatBytes([selectHeader(bytes, header, columns), body.subarray(0, header.timeBytes), ...pieces]);
}

/** The header of such a block; `bytes` begin with the old one. */
export function selectHeader(bytes: Uint8Array, header: BlockHeader, columns: readonly number[]): Uint8Array {
  const out = concatBytes([bytes.subarray(0, FIXED_BYTES), ...columns.map((c) => header.entry(c)), new Uint8Array(4)]);
  const view = new DataView(out.buffer);
  view.setUint16(8, columns.length, true);
  view.setUint32(12, out.length - FIXED_BYTES - 4, true);
  view.setUint32(out.length - 4, crc32c(out.subarray(0, out.length - 4)), true);
  return out;
}
