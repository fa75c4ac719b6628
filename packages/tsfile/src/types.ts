/** Type codes on wire and disk (the IoTDB client protocol's 0–5; 6–11 are reserved). */
export const DataType = { BOOLEAN: 0, INT32: 1, INT64: 2, FLOAT: 3, DOUBLE: 4, TEXT: 5 } as const;
export type DataType = (typeof DataType)[keyof typeof DataType];
export type DataTypeName = keyof typeof DataType;

/**
 * Times of a batch: time i is `base + offsets[i]`, in the cluster's precision. A batch lies within one era
 * (ERA_SPAN ticks, see eraOf), `base` is the era's start, so offsets are integers in [0, 2^52) and exact.
 * At millisecond precision every date from 1970 on is in era 0, where offsets are the timestamps themselves.
 */
export interface TimeVector {
  readonly base: bigint;
  readonly offsets: Float64Array;
}

/** UTF-8 texts, one after the other: text i is bytes[offsets[i], offsets[i+1]). `offsets` has one more item than there are rows. */
export interface TextVector {
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Values of one column; BOOLEAN is one byte (0 or 1) a value. Hot loops read INT64 through 32-bit halves, not as BigInt. */
export type ColumnValues =
  | { readonly type: typeof DataType.BOOLEAN; readonly values: Uint8Array }
  | { readonly type: typeof DataType.INT32; readonly values: Int32Array }
  | { readonly type: typeof DataType.INT64; readonly values: BigInt64Array }
  | { readonly type: typeof DataType.FLOAT; readonly values: Float32Array }
  | { readonly type: typeof DataType.DOUBLE; readonly values: Float64Array }
  | { readonly type: typeof DataType.TEXT; readonly values: TextVector };

/**
 * A column of a batch. `present` has one bit a row, least significant first, 1 = there is a value; undefined = all rows have one.
 * Where there is none, the value slot holds 0 or the empty text (so that encoding is deterministic).
 */
export type Column = ColumnValues & { readonly present: Uint8Array | undefined };

/** Rows of k columns. `times` strictly ascends (or descends, in results that say so); undefined for results without time. */
export interface ColumnBatch {
  readonly rows: number;
  readonly times: TimeVector | undefined;
  readonly columns: readonly Column[];
}

/** One value as JavaScript has it: INT64 is bigint. */
export type Value = boolean | number | bigint | string;

/** A timestamp with its value. */
export interface Point {
  readonly time: bigint;
  readonly value: Value;
}

/**
 * What a block or file knows of the present values of one column. `first`/`last` by time. `sum` is the float64 sum in row
 * order (0 for BOOLEAN and TEXT), INT64 summed as float64. min and max leave NaN out (undefined when there is nothing else), and −0 < +0;
 * undefined for BOOLEAN and TEXT. `firstTime`/`lastTime` are offsets from the block's base.
 */
export interface ColumnStatistics {
  readonly count: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly first: Value | undefined;
  readonly last: Value | undefined;
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
  readonly sum: number;
}
