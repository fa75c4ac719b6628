import type { DeviceBlock } from "@ringtide/proto";
import { columnFromValues, DataType, encodeBlock, timesFromNumbers, type Value } from "@ringtide/tsfile";

/** A block of one device with the column `s`. */
export function block(device: string, times: readonly number[], values: readonly Value[], type: DataType): DeviceBlock {
  const batch = { rows: times.length, times: timesFromNumbers(times), columns: [columnFromValues(type, values)] };
  return { device, measurements: ["s"], block: encodeBlock(batch) };
}

export function doubles(device: string, times: readonly number[]): DeviceBlock {
  return block(
    device,
    times,
    times.map((time) => time / 4),
    DataType.DOUBLE,
  );
}

/** Doubles that no encoding makes smaller: about 8 bytes a row. */
export function incompressible(device: string, rows: number): DeviceBlock {
  let state = 1;
  const values = Array.from({ length: rows }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.sqrt(state) * Math.PI;
  });
  const times = Array.from({ length: rows }, (_, i) => i + 1);
  return block(device, times, values, DataType.DOUBLE);
}

/** Places in a block of one DOUBLE column (docs/internals/file-format.md). */
const ROWS_AT = 4;
const DIRECTORY_BYTES_AT = 12;
const BASE_AT = 16;
const HEADER_BYTES = 48;
const STATISTICS_AT = HEADER_BYTES + 12;

type Lie = (view: DataView) => void;

/** The block with something false in it, and checksums that hold: what a malicious sender would do. */
export function lying(honest: DeviceBlock, lie: Lie): DeviceBlock {
  const bytes = honest.block.slice();
  const view = new DataView(bytes.buffer);
  lie(view);
  const end = HEADER_BYTES + view.getUint32(DIRECTORY_BYTES_AT, true);
  if (end + 4 <= bytes.length) view.setUint32(end, crc32c(bytes.subarray(0, end)), true);
  return { ...honest, block: bytes };
}

export const lies = {
  rows: (view) => view.setUint32(ROWS_AT, view.getUint32(ROWS_AT, true) + 1, true),
  manyRows: (view) => view.setUint32(ROWS_AT, 0xffff_fff0, true),
  columns: (view) => view.setUint16(8, 4000, true),
  directory: (view) => view.setUint32(DIRECTORY_BYTES_AT, 0xffff_ff00, true),
  base: (view) => view.setBigInt64(BASE_AT, 12345n, true),
  columnBytes: (view) => view.setUint32(HEADER_BYTES + 4, 0x7fff_ffff, true),
  statistics: (view) => view.setFloat64(STATISTICS_AT, 1e9, true),
} satisfies Record<string, Lie>;

/** CRC-32C, bit by bit: written apart from the product's. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
