import {
  type Column,
  type ColumnBatch,
  type DataType,
  emptyColumn,
  sliceBatch,
  type TimeVector,
} from "@ringtide/tsfile";
import { batchBytes } from "../columns/build.ts";
import { spreadColumn } from "../columns/copy.ts";
import { earlier, later } from "../plan/times.ts";
import type { MemoryBudget } from "./budget.ts";

/** Batches of rows in time order, all with columns of these types. */
export interface TypedStream {
  readonly types: readonly DataType[];
  readonly batches: AsyncIterator<ColumnBatch, unknown, undefined>;
}

export interface MergeOptions {
  readonly descending: boolean;
  readonly budget: MemoryBudget;
}

/** Cells (rows × columns) of one batch at most, as far as 64 rows do not have more. */
const MAX_CELLS = 131072;
const MAX_ROWS = 16384;

/** Rows of a batch with this many columns. */
function rowsPerBatch(columns: number): number {
  return Math.max(64, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / Math.max(1, columns))));
}

/**
 * Aligns streams by time: one row for each time that any of them has, with the columns of all, one stream after the other.
 * Holds one batch of each stream.
 */
export async function* mergeByTime(
  streams: readonly TypedStream[],
  options: MergeOptions,
): AsyncGenerator<ColumnBatch> {
  const cursors = streams.map((stream) => new Cursor(stream, options));
  const share = Math.max(64, Math.ceil(rowsPerBatch(cursors.reduce((n, c) => n + c.types.length, 0)) / cursors.length));
  try {
    for (;;) {
      await Promise.all(cursors.filter((cursor) => cursor.wantsBatch).map((cursor) => cursor.refill()));
      const open = cursors.filter((cursor) => cursor.batch !== undefined);
      if (open.length === 0) return;
      const base = open.map((cursor) => cursor.base).reduce(options.descending ? later : earlier);
      takeUpToHorizon(
        open.filter((cursor) => cursor.base === base),
        share,
      );
      yield joinTaken(cursors, base, options.descending);
    }
  } finally {
    await Promise.all(streams.map(async (stream) => await stream.batches.return?.()));
  }
}

/** A stream's current batch and how far it has been read. Times are compared as keys that always ascend. */
class Cursor {
  readonly types: readonly DataType[];
  readonly #stream: TypedStream;
  readonly #sign: number;
  readonly #budget: MemoryBudget;
  #done = false;
  #heldBytes = 0;
  batch: ColumnBatch | undefined;
  base = 0n;
  #offsets: Float64Array = new Float64Array(0);
  #at = 0;
  taken: ColumnBatch | undefined;

  constructor(stream: TypedStream, options: MergeOptions) {
    this.types = stream.types;
    this.#stream = stream;
    this.#sign = options.descending ? -1 : 1;
    this.#budget = options.budget;
  }

  get wantsBatch(): boolean {
    return this.batch === undefined && !this.#done;
  }

  async refill(): Promise<void> {
    for (;;) {
      const next = await this.#stream.batches.next();
      if (next.done === true) {
        this.#done = true;
        return;
      }
      if (next.value.rows === 0 || next.value.times === undefined) continue;
      this.#hold(next.value, next.value.times);
      return;
    }
  }

  #hold(batch: ColumnBatch, times: TimeVector): void {
    this.#heldBytes = batchBytes(batch);
    this.#budget.reserve(this.#heldBytes);
    this.batch = batch;
    this.base = times.base;
    this.#offsets = times.offsets;
    this.#at = 0;
  }

  /** Key of the last row that could be taken when at most `share` rows are. */
  lastKey(share: number): number {
    return (this.#offsets[Math.min(this.#at + share, this.#offsets.length) - 1] as number) * this.#sign;
  }

  /** Takes the rows up to the key. */
  take(key: number): void {
    const { batch } = this;
    if (batch === undefined) return;
    let low = this.#at;
    let high = batch.rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) * this.#sign <= key) low = middle + 1;
      else high = middle;
    }
    if (low === this.#at) return;
    this.taken = sliceBatch(batch, this.#at, low);
    this.#at = low;
    if (low < batch.rows) return;
    this.batch = undefined;
    this.#budget.release(this.#heldBytes);
  }
}

/** All rows up to the horizon are known: no stream has more of them in batches to come. */
function takeUpToHorizon(cursors: readonly Cursor[], share: number): void {
  let horizon = Number.POSITIVE_INFINITY;
  for (const cursor of cursors) horizon = Math.min(horizon, cursor.lastKey(cursors.length === 1 ? MAX_ROWS : share));
  for (const cursor of cursors) cursor.take(horizon);
}

function joinTaken(cursors: readonly Cursor[], base: bigint, descending: boolean): ColumnBatch {
  const parts = cursors.flatMap((cursor) => (cursor.taken === undefined ? [] : [cursor.taken]));
  const offsets = unionOfTimes(parts, descending);
  const blanks = new Map<DataType, Column>();
  const blank = (type: DataType): Column => {
    const made = blanks.get(type) ?? emptyColumn(type, offsets.length);
    blanks.set(type, made);
    return made;
  };
  const columns: Column[] = [];
  for (const cursor of cursors) {
    const part = cursor.taken;
    cursor.taken = undefined;
    if (part === undefined) for (const type of cursor.types) columns.push(blank(type));
    else if (part.rows === offsets.length) for (const column of part.columns) columns.push(column);
    else {
      const targets = positions(timesOf(part), offsets);
      for (const column of part.columns) columns.push(spreadColumn(column, targets, offsets.length));
    }
  }
  return { rows: offsets.length, times: { base, offsets }, columns };
}

function timesOf(batch: ColumnBatch): Float64Array {
  return batch.times?.offsets ?? new Float64Array(0);
}

/** All times of the parts, each once, in the order of the streams. */
function unionOfTimes(parts: readonly ColumnBatch[], descending: boolean): Float64Array {
  const first = parts[0] === undefined ? new Float64Array(0) : timesOf(parts[0]);
  if (parts.every((part) => equalTimes(timesOf(part), first))) return first;
  const all = new Float64Array(parts.reduce((rows, part) => rows + part.rows, 0));
  let at = 0;
  for (const part of parts) {
    all.set(timesOf(part), at);
    at += part.rows;
  }
  all.sort();
  let unique = 1;
  for (let i = 1; i < all.length; i++) {
    if (all[i] !== all[unique - 1]) all[unique++] = all[i] as number;
  }
  const union = all.slice(0, unique);
  return descending ? union.reverse() : union;
}

function equalTimes(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Where each of the times stands in the union, which has all of them in the same order. */
function positions(times: Float64Array, union: Float64Array): Int32Array {
  const targets = new Int32Array(times.length);
  let at = 0;
  for (let i = 0; i < times.length; i++) {
    while (union[at] !== times[i]) at++;
    targets[i] = at++;
  }
  return targets;
}
