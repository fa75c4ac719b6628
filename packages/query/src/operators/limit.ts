import { type ColumnBatch, sliceBatch } from "@ringtide/tsfile";

/** Rows [offset, offset + limit) of a stream; ends its source as soon as they are there. */
export async function* limitRows(
  batches: AsyncIterable<ColumnBatch>,
  offset: number,
  limit: number | undefined,
): AsyncGenerator<ColumnBatch> {
  let skip = offset;
  let left = limit ?? Number.POSITIVE_INFINITY;
  if (left === 0) return;
  for await (const batch of batches) {
    if (skip >= batch.rows) {
      skip -= batch.rows;
      continue;
    }
    const part = sliceBatch(batch, skip, Math.min(batch.rows, skip + left));
    skip = 0;
    left -= part.rows;
    yield part;
    if (left === 0) return;
  }
}
