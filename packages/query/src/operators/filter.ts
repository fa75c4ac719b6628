import type { Comparison } from "@ringtide/sql";
import type { ColumnBatch, DataType, TimeVector } from "@ringtide/tsfile";
import { columnAt } from "../columns/copy.ts";
import type { Predicate } from "../plan/predicate.ts";
import { compareColumn } from "./compare.ts";
import { type TypedComparison, typedComparison } from "./literals.ts";

/** A column that a predicate's series stands for. */
export interface FilterColumn {
  readonly index: number;
  readonly type: DataType;
  readonly name: string;
}

/** One byte a row: 1 where the predicate holds. */
export type RowMask = (batch: ColumnBatch) => Uint8Array;

/** Checks types (TYPE_MISMATCH) and returns the function that judges batches. `find` gives the columns of a series of the predicate. */
export function compilePredicate(predicate: Predicate, find: (series: string) => readonly FilterColumn[]): RowMask {
  switch (predicate.kind) {
    case "and":
    case "or":
      return combine(
        predicate.kind,
        predicate.operands.map((operand) => compilePredicate(operand, find)),
      );
    case "time":
      return (batch) => compareTimes(timesOf(batch), predicate.comparison, predicate.time);
    case "timeIn":
      return combine(
        predicate.negated ? "and" : "or",
        predicate.times.map(
          (time) => (batch: ColumnBatch) => compareTimes(timesOf(batch), predicate.negated ? "!=" : "=", time),
        ),
      );
    case "value": {
      const columns = predicate.series.flatMap(find);
      return overSeries(predicate.quantifier, columns, (column) =>
        leaf(column, typedComparison(column.name, column.type, predicate.comparison, predicate.literal)),
      );
    }
    case "valueIn": {
      const columns = predicate.series.flatMap(find);
      return overSeries(predicate.quantifier, columns, (column) =>
        combine(
          predicate.negated ? "and" : "or",
          predicate.literals.map((literal) =>
            leaf(column, typedComparison(column.name, column.type, predicate.negated ? "!=" : "=", literal)),
          ),
        ),
      );
    }
  }
}

/** A leaf without any series is false: its value is missing in every row. */
function overSeries(
  quantifier: "every" | "some",
  columns: readonly FilterColumn[],
  judge: (column: FilterColumn) => RowMask,
): RowMask {
  if (columns.length === 0) return (batch) => new Uint8Array(batch.rows);
  return combine(quantifier === "every" ? "and" : "or", columns.map(judge));
}

function leaf(column: FilterColumn, test: TypedComparison): RowMask {
  return (batch) => {
    const mask = new Uint8Array(batch.rows);
    compareColumn(columnAt(batch, column.index), batch.rows, test, mask);
    return mask;
  };
}

function combine(kind: "and" | "or", masks: readonly RowMask[]): RowMask {
  const [only] = masks;
  if (only !== undefined && masks.length === 1) return only;
  return (batch) => {
    const out = new Uint8Array(batch.rows);
    if (kind === "and") out.fill(1);
    for (const judge of masks) {
      const mask = judge(batch);
      if (kind === "and") for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) & (mask[i] as number);
      else for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) | (mask[i] as number);
    }
    return out;
  };
}

const NO_TIMES: TimeVector = { base: 0n, offsets: new Float64Array(0) };

function timesOf(batch: ColumnBatch): TimeVector {
  return batch.times ?? NO_TIMES;
}

function compareTimes(times: TimeVector, comparison: Comparison, time: bigint): Uint8Array {
  // Offsets are below 2^52, so a bound that rounds because it lies further away still compares rightly.
  const bound = Number(time - times.base);
  const mask = new Uint8Array(times.offsets.length);
  compareColumn(
    { type: 4, values: times.offsets, present: undefined },
    mask.length,
    { kind: "number", comparison, value: bound },
    mask,
  );
  return mask;
}

export function countMask(mask: Uint8Array): number {
  let kept = 0;
  for (let i = 0; i < mask.length; i++) kept += mask[i] as number;
  return kept;
}

/** One byte a row: 1 where at least one of the columns has a value. */
export function rowsWithValues(batch: ColumnBatch, columns: readonly number[]): Uint8Array {
  const mask = new Uint8Array(batch.rows);
  for (const at of columns) {
    const { present } = columnAt(batch, at);
    if (present === undefined) return mask.fill(1);
    for (let row = 0; row < mask.length; row++) {
      mask[row] = (mask[row] as number) | (((present[row >>> 3] as number) >>> (row & 7)) & 1);
    }
  }
  return mask;
}
