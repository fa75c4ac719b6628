import { assert } from "@ringtide/common";
import {
  type ColumnBatch,
  columnFromValues,
  type DataType,
  eraOf,
  MAX_BLOCK_COLUMNS,
  sortBatchByTime,
  timesFromBigints,
  type Value,
} from "@ringtide/tsfile";

/** A value of a row, for a series of that id and type. */
export interface RowValue {
  readonly seriesId: number;
  readonly type: DataType;
  readonly value: Value;
}

interface BufferedColumn {
  readonly type: DataType;
  /** Rows that have a value, ascending, and the values. */
  readonly rows: number[];
  readonly values: Value[];
}

const MAX_ROWS = 1024;
const MAX_BYTES = 2 * 1024 * 1024;
/** What rows and values take in memory beside texts, about. */
const ROW_BYTES = 32;
const VALUE_BYTES = 32;
const TEXT_UNIT_BYTES = 2;

/** Single rows of one device, in one era, in the order they came, until they are encoded as a block. */
export class RowBuffer {
  readonly #base: bigint;
  readonly #times: bigint[] = [];
  /** By series id, in order of first use. */
  readonly #columns = new Map<number, BufferedColumn>();
  #sizeBytes = 0;

  /** `base` is the start of the era. */
  constructor(base: bigint) {
    this.#base = base;
  }

  /** Estimate of the memory it holds. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Series of the columns of `toBatch`. */
  get seriesIds(): number[] {
    return Array.from(this.#columns.keys());
  }

  get isFull(): boolean {
    return this.#times.length >= MAX_ROWS || this.#sizeBytes >= MAX_BYTES;
  }

  /** False when the row needs a buffer of its own: another era, or too many columns for a block. */
  accepts(time: bigint, values: readonly RowValue[]): boolean {
    if (eraOf(time) !== this.#base) return false;
    let columns = this.#columns.size;
    if (columns + values.length <= MAX_BLOCK_COLUMNS) return true;
    for (const { seriesId } of values) if (!this.#columns.has(seriesId)) columns++;
    return columns <= MAX_BLOCK_COLUMNS;
  }

  add(time: bigint, values: readonly RowValue[]): void {
    const row = this.#times.push(time) - 1;
    this.#sizeBytes += ROW_BYTES + values.length * VALUE_BYTES;
    for (const { seriesId, type, value } of values) {
      let column = this.#columns.get(seriesId);
      if (column === undefined) {
        column = { type, rows: [], values: [] };
        this.#columns.set(seriesId, column);
      }
      column.rows.push(row);
      column.values.push(value);
      if (typeof value === "string") this.#sizeBytes += value.length * TEXT_UNIT_BYTES;
    }
  }

  /** The rows in ascending order of time, one a time, columns as in `seriesIds`. */
  toBatch(): ColumnBatch {
    const rows = this.#times.length;
    assert(rows > 0, "a row buffer has rows");
    const columns = Array.from(this.#columns.values(), (column) => {
      const values: (Value | undefined)[] = new Array(rows).fill(undefined);
      column.rows.forEach((row, i) => {
        values[row] = column.values[i];
      });
      return columnFromValues(column.type, values);
    });
    return sortBatchByTime({ rows, times: timesFromBigints(this.#times), columns });
  }
}
