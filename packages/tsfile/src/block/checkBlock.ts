import { equalBytes } from "@ringtide/common";
import { Sink } from "../encoding/sink.ts";
import { malformed } from "../errors.ts";
import { computeStatistics } from "../statistics.ts";
import { type ColumnStatistics, DataType, type TextVector, type TimeVector } from "../types.ts";
import { type BlockView, type OpenBlock, openHeader } from "./openBlock.ts";
import { writeStatistics } from "./statisticsCodec.ts";

const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const scratch = new Sink(1024);

/**
 * The full check of a block from outside, before it may enter the log: decodes every column once. It must have rows, columns and
 * strictly ascending times of one era, valid UTF-8, and statistics that equal the recomputed ones. BLOCK_MALFORMED says what and where.
 */
export function checkBlock(bytes: Uint8Array): BlockView {
  const block = openHeader(bytes);
  if (!block.hasTimes || block.rows === 0 || block.columnCount === 0) throw malformed("no times, rows or columns");
  const times = block.times();
  checkTimes(times, block);
  for (let i = 0; i < block.columnCount; i++) checkColumn(block, i, times);
  return block;
}

function checkTimes(times: TimeVector, block: BlockView): void {
  const { offsets } = times;
  if (offsets[0] !== block.firstTime || offsets[offsets.length - 1] !== block.lastTime)
    throw malformed("first and last time are not those of its header");
  // Between two offsets of the era, ascending means within the era; what is left is that they are whole.
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (!(offset > (offsets[i - 1] as number))) throw malformed(`times do not ascend at row ${i}`);
    if (Math.floor(offset) !== offset) throw malformed(`time of row ${i} is no whole number`);
  }
}

function checkColumn(block: OpenBlock, i: number, times: TimeVector): void {
  const column = block.column(i);
  if (column.type === DataType.TEXT) checkTexts(column.values, i);
  const expected = computeStatistics(column, times);
  scratch.length = 0;
  if (expected.count > 0) writeStatistics(scratch, column.type, column.present !== undefined, expected);
  if (equalBytes(scratch.bytes.subarray(0, scratch.length), block.header.statisticsBytes(i))) return;
  const claimed = block.statistics(i);
  for (const field of FIELDS)
    if (!Object.is(claimed[field], expected[field]))
      throw malformed(`${field} of column ${i} is ${expected[field]}, its statistics say ${claimed[field]}`);
  throw malformed(`statistics of column ${i} are not written as they have to be`);
}

const FIELDS = [
  "count",
  "firstTime",
  "lastTime",
  "first",
  "last",
  "min",
  "max",
  "sum",
] as const satisfies readonly (keyof ColumnStatistics)[];

/** All bytes are UTF-8, and no text begins within a character: so each text is. */
function checkTexts(values: TextVector, i: number): void {
  const { offsets, bytes } = values;
  let isAscii = true;
  for (let k = 0; k < bytes.length; k++) if ((bytes[k] as number) > 0x7f) isAscii = false;
  if (isAscii) return;
  try {
    textDecoder.decode(bytes);
  } catch {
    throw malformed(`texts of column ${i} are not valid UTF-8`);
  }
  for (let row = 0; row + 1 < offsets.length; row++) {
    const at = offsets[row] as number;
    if (at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80)
      throw malformed(`text of column ${i}, row ${row} begins within a character`);
  }
}
