import type { ColumnBatch } from "@ringtide/tsfile";
import { DataType, encodeBlock, MAX_BLOCK_ROWS, sliceBatch } from "@ringtide/tsfile";

/**
 * The blocks of a result batch. Times that ascend are the block's times; others (ORDER BY TIME DESC, SELECT LAST) travel as an
 * INT64 column in front, in a block without times.
 */
export function* encodeResultBatch(batch: ColumnBatch): Generator<Uint8Array> {
  for (let from = 0; from < batch.rows; from += MAX_BLOCK_ROWS) {
    const part =
      batch.rows <= MAX_BLOCK_ROWS ? batch : sliceBatch(batch, from, Math.min(batch.rows, from + MAX_BLOCK_ROWS));
    yield encodeBlock(part.times === undefined || ascends(part.times.offsets) ? part : timesInFront(part));
  }
}

function ascends(offsets: Float64Array): boolean {
  for (let i = 1; i < offsets.length; i++) if (!((offsets[i] as number) > (offsets[i - 1] as number))) return false;
  return true;
}

function timesInFront(batch: ColumnBatch): ColumnBatch {
  const { times, rows, columns } = batch;
  if (times === undefined) return batch;
  const values = new BigInt64Array(rows);
  for (let i = 0; i < rows; i++) values[i] = times.base + BigInt(times.offsets[i] as number);
  return { rows, times: undefined, columns: [{ type: DataType.INT64, values, present: undefined }, ...columns] };
}
