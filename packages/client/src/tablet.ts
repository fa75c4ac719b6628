import { RingtideError, splitPath } from "@ringtide/common";
import {
  type Column,
  type ColumnBatch,
  columnFromValues,
  DataType,
  type DataTypeName,
  encodeBlock,
  MAX_BLOCK_ROWS,
  sliceBatch,
  sortBatchByTime,
  splitByEra,
  takeRows,
  timesFromBigints,
  timesFromNumbers,
  typeName,
  typeOf,
  type Value,
} from "@ringtide/tsfile";

/** Timestamps in the precision of the cluster. */
export type Times = readonly number[] | readonly bigint[] | Float64Array | BigInt64Array;

/** Values of one measurement, one a row. A typed array has to be that of its type; BOOLEAN takes bytes 0 and 1. */
export type Values =
  | readonly (Value | null | undefined)[]
  | Uint8Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface TabletColumn {
  readonly name: string;
  readonly type: DataTypeName;
  readonly values: Values;
}

/** Rows of one device, encoded as they go over the wire and onto the disks. Make it with `tabletFromArrays`. */
export class Tablet {
  readonly device: string;
  readonly measurements: readonly string[];
  readonly blocks: readonly Uint8Array[];
  /** Rows that will be written: of rows with the same time the later one counts. */
  readonly rows: number;
  /** Bytes of all blocks together. */
  readonly sizeBytes: number;

  constructor(device: string, measurements: readonly string[], batches: readonly ColumnBatch[]) {
    this.device = device;
    this.measurements = measurements;
    this.blocks = batches.map(encodeBlock);
    this.rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
    this.sizeBytes = this.blocks.reduce((sum, block) => sum + block.length, 0);
  }
}

/**
 * Encodes rows of one device. Times need no order; of rows with equal times the later one wins, column by column. Errors:
 * PATH_INVALID (device), TABLET_SHAPE (columns of different lengths, a name twice, no row), TYPE_MISMATCH and VALUE_OUT_OF_RANGE
 * (a value), TIME_OUT_OF_RANGE (a time that is no whole number, or no safe integer given as number, or beyond 64 bits).
 */
export function tabletFromArrays(input: {
  readonly device: string;
  readonly times: Times;
  readonly columns: readonly TabletColumn[];
}): Tablet {
  const { device, times, columns } = input;
  splitPath(device);
  const rows = times.length;
  if (rows === 0 || columns.length === 0)
    throw new RingtideError("TABLET_SHAPE", `tablet of ${device}: it has ${rows} rows and ${columns.length} columns`);
  checkColumns(device, rows, columns);
  const encoded = columns.map((column) => columnOf(device, column));
  const batches: ColumnBatch[] = [];
  for (const batch of batchesByEra(times, rows, encoded)) {
    const sorted = sortBatchByTime(batch);
    for (let from = 0; from < sorted.rows; from += MAX_BLOCK_ROWS)
      batches.push(sliceBatch(sorted, from, Math.min(from + MAX_BLOCK_ROWS, sorted.rows)));
  }
  return new Tablet(
    device,
    columns.map((column) => column.name),
    batches,
  );
}

function checkColumns(device: string, rows: number, columns: readonly TabletColumn[]): void {
  const names = new Set<string>();
  for (const { name, values } of columns) {
    if (values.length !== rows)
      throw new RingtideError(
        "TABLET_SHAPE",
        `tablet of ${device}: column ${name} has ${values.length} values for ${rows} times`,
      );
    if (names.has(name)) throw new RingtideError("TABLET_SHAPE", `tablet of ${device}: column ${name} is there twice`);
    names.add(name);
  }
}

function* batchesByEra(times: Times, rows: number, columns: readonly Column[]): Generator<ColumnBatch> {
  const eras = splitByEra(times);
  for (const era of eras) {
    const inEra = eras.length === 1 ? times : pick(times, era.rows);
    const all = { rows, times: undefined, columns };
    const batch = eras.length === 1 ? all : takeRows(all, era.rows);
    yield { ...batch, times: isBigints(inEra) ? timesFromBigints(inEra) : timesFromNumbers(inEra) };
  }
}

function pick(times: Times, rows: Uint32Array): number[] | bigint[] {
  const all: ArrayLike<number | bigint> = times;
  return Array.from(rows, (row) => all[row]) as number[] | bigint[];
}

function isBigints(times: ArrayLike<number> | ArrayLike<bigint>): times is ArrayLike<bigint> {
  return typeof times[0] === "bigint";
}

function columnOf(device: string, { name, type, values }: TabletColumn): Column {
  try {
    return columnFrom(typeOf(type), values);
  } catch (error) {
    if (!(error instanceof RingtideError)) throw error;
    throw new RingtideError(error.code, `tablet of ${device}, column ${name}: ${error.message}`);
  }
}

/** A typed array of the column's own type is taken as it is: its bytes are copied once, by the encoder. */
function columnFrom(type: DataType, values: Values): Column {
  if (type === DataType.DOUBLE && values instanceof Float64Array) return { type, values, present: undefined };
  if (type === DataType.FLOAT && values instanceof Float32Array) return { type, values, present: undefined };
  if (type === DataType.INT32 && values instanceof Int32Array) return { type, values, present: undefined };
  if (type === DataType.INT64 && values instanceof BigInt64Array) return { type, values, present: undefined };
  if (type === DataType.BOOLEAN && values instanceof Uint8Array) {
    if (values.some((value) => value > 1)) throw new RingtideError("VALUE_OUT_OF_RANGE", "BOOLEAN bytes are 0 or 1");
    return { type, values, present: undefined };
  }
  if (Array.isArray(values)) return columnFromValues(type, values);
  throw new RingtideError("TYPE_MISMATCH", `${typeName(type)} expected, got ${values.constructor.name}`);
}
