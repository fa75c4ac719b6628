import { hasCode, RingtideError } from "@ringtide/common";
import { decodeMessage, type ExecuteDone, type ExecuteHeader, ExecuteResponse } from "@ringtide/proto";
import {
  type ColumnBatch,
  DataType,
  eraOf,
  openBlock,
  sliceBatch,
  timeAt,
  timesFromBigints,
  type Value,
  valueAt,
} from "@ringtide/tsfile";

export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

export interface Row {
  /** A number where that is exact, else a bigint; undefined for results without time. */
  readonly time: number | bigint | undefined;
  /** In the order of the columns; INT64 as bigint, null where there is no value. */
  readonly values: readonly (Value | null)[];
}

/** The messages of one running statement: the header, batches, and done. */
export class ResultReader {
  readonly #messages: AsyncIterator<Uint8Array>;
  done: ExecuteDone | undefined;

  constructor(messages: AsyncIterable<Uint8Array>) {
    this.#messages = messages[Symbol.asyncIterator]();
  }

  async #next(): Promise<ExecuteResponse> {
    const next = await this.#messages.next();
    if (next.done) throw new RingtideError("NET_CLOSED", "the result ended before it was complete");
    return decodeMessage(ExecuteResponse, next.value, "part of a result");
  }

  /** The header and the first rows: until these are here another node can be asked instead. */
  async begin(): Promise<{ readonly header: ExecuteHeader; readonly first: Uint8Array | undefined }> {
    try {
      const { header } = await this.#next();
      if (header === null) throw new RingtideError("FRAME_MALFORMED", "a result has to begin with its header");
      return { header, first: await this.block() };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The next block; undefined once the result is complete. */
  async block(): Promise<Uint8Array | undefined> {
    if (this.done !== undefined) return undefined;
    const message = await this.#next();
    if (message.batch !== null) return message.batch;
    if (message.done === null)
      throw new RingtideError("FRAME_MALFORMED", "a part of a result is neither rows nor its end");
    this.done = message.done;
    await this.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#messages.return?.();
  }
}

/**
 * The answer to a statement. Rows are fetched as they are read, and can be read once: iterate over it for rows, over `batches()`
 * for columns. A result that is not read to its end is to be cancelled.
 */
export class Result implements AsyncIterable<Row> {
  readonly columns: readonly ResultColumn[];
  readonly hasTime: boolean;
  readonly descending: boolean;
  /** What the statement was: "select", "insert", ... */
  readonly operation: string;
  readonly notes: readonly string[];
  readonly #reader: ResultReader;
  readonly #cancel: () => Promise<void>;
  #first: Uint8Array | undefined;

  constructor(header: ExecuteHeader, first: Uint8Array | undefined, reader: ResultReader, cancel: () => Promise<void>) {
    this.columns = header.columns.map(({ name, type }) => ({ name, type }));
    this.hasTime = header.hasTime;
    this.descending = header.descending;
    this.operation = header.operation;
    this.notes = header.notes;
    this.#first = first;
    this.#reader = reader;
    this.#cancel = cancel;
  }

  /** Rows written, for statements that write. */
  get affected(): number {
    return this.#reader.done?.affected ?? 0;
  }

  /** Who answered a read ("leader", "local", ...); empty until the result was read to its end. */
  get served(): string {
    return this.#reader.done?.served ?? "";
  }

  /** Columns of values, in the order of the result. */
  async *batches(): AsyncGenerator<ColumnBatch> {
    try {
      let block = this.#first ?? (await this.#reader.block());
      this.#first = undefined;
      while (block !== undefined) {
        const batch = openBlock(block).batch();
        if (this.hasTime && batch.times === undefined) yield* timesFromFront(batch);
        else yield batch;
        block = await this.#reader.block();
      }
    } finally {
      await this.#reader.close();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    for await (const batch of this.batches()) for (let i = 0; i < batch.rows; i++) yield rowOf(batch, i);
  }

  /** All rows; for results that fit in memory. */
  async toArray(): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of this) rows.push(row);
    return rows;
  }

  /** Ends the statement at the node. Whoever reads the result gets QUERY_CANCELLED. */
  async cancel(): Promise<void> {
    try {
      await this.#cancel();
    } catch (error) {
      // It ended by itself in the meantime.
      if (!hasCode(error, "STATEMENT_UNKNOWN")) throw error;
    }
  }
}

/**
 * Times of a block ascend. Rows in another order (ORDER BY TIME DESC, SELECT LAST) come without, and their times as a first column of
 * INT64. They may lie in several eras, a batch lies in one: it is cut where the era changes.
 */
function* timesFromFront(batch: ColumnBatch): Generator<ColumnBatch> {
  const [front, ...columns] = batch.columns;
  if (front?.type !== DataType.INT64 || front.present !== undefined)
    throw new RingtideError("FRAME_MALFORMED", "a block of a result with times has none");
  const times = front.values;
  for (let from = 0, to = 0; from < batch.rows; from = to) {
    const era = eraOf(times[from] as bigint);
    for (to = from + 1; to < batch.rows && eraOf(times[to] as bigint) === era; ) to++;
    const part = sliceBatch({ rows: batch.rows, times: undefined, columns }, from, to);
    yield { ...part, times: timesFromBigints(times.subarray(from, to)) };
  }
}

function rowOf(batch: ColumnBatch, i: number): Row {
  return {
    time: batch.times === undefined ? undefined : jsTime(timeAt(batch.times, i)),
    values: batch.columns.map((column) => valueAt(column, i)),
  };
}

function jsTime(time: bigint): number | bigint {
  const number = Number(time);
  return Number.isSafeInteger(number) ? number : time;
}
