import { crc32c } from "@node-rs/crc32";

/** A copy of a block whose checksums hold, whatever was done to it: what a malicious sender would do. Gives up silently where lengths lie. */
export function sealed(block: Uint8Array): Uint8Array {
  const out = Uint8Array.from(block);
  const view = new DataView(out.buffer);
  const end = 48 + view.getUint32(12, true);
  if (end + 4 > out.length) return out;
  sealColumns(out, view, end);
  view.setUint32(end, crc32c(out.subarray(0, end)), true);
  return out;
}

const STATISTICS_BYTES = [2, 24, 40, 24, 40, 0];

function sealColumns(out: Uint8Array, view: DataView, end: number): void {
  let body = end + 4;
  const timeBytes = view.getUint32(40, true);
  view.setUint32(44, crc32c(out.subarray(body, body + timeBytes)), true);
  body += timeBytes;
  let at = 48;
  for (let c = 0; c < view.getUint16(8, true) && at + 12 <= end; c++) {
    const type = view.getUint8(at);
    const length = view.getUint32(at + 4, true);
    view.setUint32(at + 8, crc32c(out.subarray(body, body + length)), true);
    body += length;
    const presence = view.getUint8(at + 2);
    at += type === 5 ? 16 : 12;
    if (presence === 1) at += 20;
    if (presence !== 2 && view.getUint32(4, true) > 0) at += STATISTICS_BYTES[type] ?? 0;
    for (let t = 0; type === 5 && presence !== 2 && t < 2 && at + 4 <= end; t++) at += 4 + view.getUint32(at, true);
  }
}
