import { crc32c } from "@node-rs/crc32";
import { assert, RingtideError } from "@ringtide/common";
import { rowsOf } from "../columns.ts";
import { Presence } from "../encoding/codes.ts";
import { encodeColumn } from "../encoding/columns.ts";
import { Sink } from "../encoding/sink.ts";
import { encodeTimes } from "../encoding/times.ts";
import { textBytesOf } from "../rows.ts";
import { computeStatistics } from "../statistics.ts";
import { type Column, type ColumnBatch, DataType } from "../types.ts";
import { BLOCK_MAGIC, BLOCK_VERSION, ENTRY_BYTES, FIXED_BYTES, HAS_TIMES } from "./header.ts";
import { MAX_BLOCK_COLUMNS, MAX_BLOCK_DECODED_BYTES, MAX_BLOCK_ROWS } from "./limits.ts";
import { decodedBytesOf } from "./size.ts";
import { writeStatistics } from "./statisticsCodec.ts";

const SCRATCH_BYTES = 256 * 1024;
const KEPT_SCRATCH_BYTES = 4 * 1024 * 1024;

// Reused from block to block: encoding is synchronous, and finished blocks are copied out.
let headScratch = new Sink(SCRATCH_BYTES);
let bodyScratch = new Sink(SCRATCH_BYTES);

/**
 * A batch as one block; the same batch gives the same bytes on every machine. Times must strictly ascend (TABLET_SHAPE otherwise).
 * TABLET_TOO_LARGE when it has more rows, columns or bytes than a block may have: cut it first.
 */
export function encodeBlock(batch: ColumnBatch): Uint8Array {
  checkShape(batch);
  const head = headScratch;
  const body = bodyScratch;
  head.length = 0;
  body.length = 0;
  head.reserve(FIXED_BYTES);
  writeFixed(head, body, batch);
  for (const column of batch.columns) writeColumn(head, body, column, batch);
  head.view.setUint32(12, head.length - FIXED_BYTES, true);
  head.i32(crc32c(head.bytes.subarray(0, head.length)));
  const block = new Uint8Array(head.length + body.length);
  block.set(head.bytes.subarray(0, head.length));
  block.set(body.bytes.subarray(0, body.length), head.length);
  if (head.bytes.length > KEPT_SCRATCH_BYTES) headScratch = new Sink(SCRATCH_BYTES);
  if (body.bytes.length > KEPT_SCRATCH_BYTES) bodyScratch = new Sink(SCRATCH_BYTES);
  return block;
}

function checkShape(batch: ColumnBatch): void {
  const { rows, columns, times } = batch;
  if (rows > MAX_BLOCK_ROWS) throw tooLarge(`${rows} rows, at most ${MAX_BLOCK_ROWS}`);
  if (columns.length > MAX_BLOCK_COLUMNS) throw tooLarge(`${columns.length} columns, at most ${MAX_BLOCK_COLUMNS}`);
  if (decodedBytesOf(batch) > MAX_BLOCK_DECODED_BYTES) throw tooLarge(`more than ${MAX_BLOCK_DECODED_BYTES} bytes`);
  for (const column of columns) assert(rowsOf(column) === rows, "columns have as many rows as their batch");
  if (times === undefined) return;
  const { offsets } = times;
  assert(offsets.length === rows, "as many times as rows");
  for (let i = 1; i < rows; i++)
    if (!((offsets[i] as number) > (offsets[i - 1] as number)))
      throw new RingtideError("TABLET_SHAPE", `times do not ascend at row ${i}: sort the batch first`);
}

function tooLarge(what: string): RingtideError {
  return new RingtideError("TABLET_TOO_LARGE", `a block has ${what}`);
}

function writeFixed(head: Sink, body: Sink, batch: ColumnBatch): void {
  const { rows, times } = batch;
  const { view } = head;
  const hasRows = times !== undefined && rows > 0;
  const timeEncoding = hasRows ? encodeTimes(body, times.offsets) : 0;
  view.setUint8(0, BLOCK_MAGIC);
  view.setUint8(1, BLOCK_VERSION);
  view.setUint8(2, times === undefined ? 0 : HAS_TIMES);
  view.setUint8(3, timeEncoding);
  view.setUint32(4, rows, true);
  view.setUint16(8, batch.columns.length, true);
  view.setUint16(10, 0, true);
  view.setBigInt64(16, hasRows ? times.base : 0n, true);
  view.setFloat64(24, hasRows ? (times.offsets[0] as number) : 0, true);
  view.setFloat64(32, hasRows ? (times.offsets[rows - 1] as number) : 0, true);
  view.setUint32(40, body.length, true);
  view.setUint32(44, crc32c(body.bytes.subarray(0, body.length)), true);
}

function writeColumn(head: Sink, body: Sink, column: Column, batch: ColumnBatch): void {
  const start = body.length;
  const { encoding, presence } = encodeColumn(body, column);
  const at = head.reserve(ENTRY_BYTES);
  head.view.setUint8(at, column.type);
  head.view.setUint8(at + 1, encoding);
  head.view.setUint8(at + 2, presence);
  head.view.setUint8(at + 3, 0);
  head.view.setUint32(at + 4, body.length - start, true);
  head.view.setUint32(at + 8, crc32c(body.bytes.subarray(start, body.length)), true);
  if (column.type === DataType.TEXT) head.i32(presence === Presence.NONE ? 0 : textBytesOf(column.values));
  if (presence !== Presence.NONE && batch.rows > 0)
    writeStatistics(head, column.type, presence === Presence.BITS, computeStatistics(column, batch.times));
}
