import { type Column, type ColumnBatch, columnFromValues, type DataType, type Value, valueAt } from "@ringtide/tsfile";
import type { GroupReply } from "./reply.ts";

/** A row of a small result: a key (a path) and what belongs to it. */
export type KeyedRow = readonly [key: string, ...values: (Value | null)[]];

const ROWS_PER_BATCH = 4096;

/** Rows of all groups in order of their keys; each group has its own in order. */
export async function* mergeByKey(replies: readonly GroupReply[]): AsyncGenerator<KeyedRow> {
  const cursors = replies.map((reply) => rowsOf(reply));
  const heads = await Promise.all(cursors.map((cursor) => cursor.next()));
  for (;;) {
    let least = -1;
    let leastKey = "";
    heads.forEach((head, at) => {
      if (head.done === true || (least >= 0 && head.value[0] >= leastKey)) return;
      least = at;
      leastKey = head.value[0];
    });
    const head = heads[least];
    const cursor = cursors[least];
    if (head === undefined || head.done === true || cursor === undefined) return;
    yield head.value;
    heads[least] = await cursor.next();
  }
}

async function* rowsOf(reply: GroupReply): AsyncGenerator<KeyedRow> {
  for await (const batch of reply.batches()) {
    for (let row = 0; row < batch.rows; row++) {
      const [key, ...values] = batch.columns.map((column) => valueAt(column, row));
      yield [String(key), ...values];
    }
  }
}

/** Rows [offset, offset + limit), one for each key when `unique`. */
export async function* limitKeys(
  rows: AsyncIterable<KeyedRow>,
  options: { readonly offset: number; readonly limit: number | undefined; readonly unique: boolean },
): AsyncGenerator<KeyedRow> {
  let at = 0;
  let last: string | undefined;
  const end = options.limit === undefined ? Number.POSITIVE_INFINITY : options.offset + options.limit;
  if (end === options.offset) return;
  for await (const row of rows) {
    if (options.unique && row[0] === last) continue;
    [last] = row;
    if (at >= options.offset) yield row;
    at++;
    if (at >= end) return;
  }
}

/** Batches without time of rows of these types. */
export async function* batchRows(
  rows: AsyncIterable<readonly (Value | null)[]>,
  types: readonly DataType[],
): AsyncGenerator<ColumnBatch> {
  let held: (readonly (Value | null)[])[] = [];
  for await (const row of rows) {
    held.push(row);
    if (held.length < ROWS_PER_BATCH) continue;
    yield batchOf(held, types);
    held = [];
  }
  if (held.length > 0) yield batchOf(held, types);
}

function batchOf(rows: readonly (readonly (Value | null)[])[], types: readonly DataType[]): ColumnBatch {
  const columns: Column[] = types.map((type, at) =>
    columnFromValues(
      type,
      rows.map((row) => row[at]),
    ),
  );
  return { rows: rows.length, times: undefined, columns };
}
