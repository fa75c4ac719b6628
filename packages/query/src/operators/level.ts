import { RingtideError, splitPath } from "@ringtide/common";
import type { AggregateName } from "@ringtide/sql";
import {
  type Column,
  type ColumnBatch,
  columnFromValues,
  type DataType,
  typeName,
  type Value,
  valueAt,
} from "@ringtide/tsfile";
import { columnAt } from "../columns/copy.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import { type AggregateColumn, columnKey } from "./aggregate-columns.ts";
import { greater, lesser } from "./window-state.ts";

/** Partial results of several series (or groups of them) that make up one column. */
export interface LevelColumn extends KeyedColumn {
  /** Columns of the batch that are folded into this one. */
  readonly sources: readonly number[];
  /** The columns with the times of `sources`, for first_value and last_value. */
  readonly times: readonly number[];
}

/** GROUP BY LEVEL names a series by its node at that level and its measurement: `root.sg.*.s`. */
export function levelKey(device: string, measurement: string, level: number): string {
  const nodes = splitPath(device).map((node, at) => (at === 0 || at === level ? node : "*"));
  return `${nodes.join(".")}.${measurement}`;
}

/** A column that comes from one group, before it is folded with those of the same function and key. */
export interface KeyedColumn {
  readonly name: AggregateName;
  readonly item: number;
  readonly key: string;
  readonly type: DataType;
}

export function levelColumns(
  columns: readonly AggregateColumn[],
  series: readonly ResolvedSeries[],
  level: number,
): LevelColumn[] {
  return foldPlan(
    columns.map(({ name, item, type, series: at }) => {
      const one = series[at];
      return { name, item, type, key: one === undefined ? "" : levelKey(one.device, one.measurement, level) };
    }),
  );
}

/** Which columns fold into which, in order of first appearance; SQL_SEMANTIC when the types of values differ. */
export function foldPlan(columns: readonly KeyedColumn[]): LevelColumn[] {
  const folded = new Map<string, { column: KeyedColumn; sources: number[] }>();
  columns.forEach((column, at) => {
    const key = columnKey(column.item, column.name, column.key);
    const known = folded.get(key);
    if (known === undefined) {
      folded.set(key, { column, sources: [at] });
      return;
    }
    if (known.column.type !== column.type) {
      throw new RingtideError(
        "SQL_SEMANTIC",
        `${column.name}(${column.key}) would mix ${typeName(known.column.type)} and ${typeName(column.type)} series`,
      );
    }
    known.sources.push(at);
  });
  return [...folded.values()].map(({ column, sources }) => {
    const time = timePart(column.name);
    const key = time === undefined ? "" : columnKey(column.item, time, column.key);
    return { ...column, sources, times: folded.get(key)?.sources ?? [] };
  });
}

/** The part that says when a first or last value was. */
function timePart(name: AggregateName): AggregateName | undefined {
  if (name === "first_value") return "min_time";
  return name === "last_value" ? "max_time" : undefined;
}

export function foldColumns(batch: ColumnBatch, columns: readonly LevelColumn[]): ColumnBatch {
  return { ...batch, columns: columns.map((column) => foldColumn(batch, column)) };
}

function foldColumn(batch: ColumnBatch, column: LevelColumn): Column {
  const sources = column.sources.map((at) => columnAt(batch, at));
  const times = column.times.map((at) => columnAt(batch, at));
  const values: (Value | undefined)[] = [];
  for (let row = 0; row < batch.rows; row++) values.push(foldRow(column.name, sources, times, row));
  return columnFromValues(column.type, values);
}

function foldRow(
  name: AggregateName,
  sources: readonly Column[],
  times: readonly Column[],
  row: number,
): Value | undefined {
  let result: Value | undefined;
  let at: Value | undefined;
  for (const [i, source] of sources.entries()) {
    const value = valueAt(source, row);
    if (value === null) continue;
    if (name === "first_value" || name === "last_value") {
      const timeColumn = times[i];
      const time = timeColumn === undefined ? null : valueAt(timeColumn, row);
      if (time === null) continue;
      if (at !== undefined && at !== time && time < at !== (name === "first_value")) continue;
      // Of values with equal times the greatest stays, so that the result does not depend on which group has which series.
      if (at === time && result !== undefined && value <= result) continue;
      at = time;
      result = value;
    } else result = result === undefined ? value : foldTwo(name, result, value);
  }
  return result;
}

function foldTwo(name: AggregateName, a: Value, b: Value): Value | undefined {
  if (typeof a === "bigint" && typeof b === "bigint") {
    if (name === "count") return a + b;
    return name === "min_value" || name === "min_time" ? lesser(a, b) : greater(a, b);
  }
  const x = Number(a);
  const y = Number(b);
  if (name === "sum") return x + y;
  return name === "min_value" ? lesser(x, y) : greater(x, y);
}
