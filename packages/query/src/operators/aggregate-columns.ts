import { asRingtideError, RingtideError } from "@ringtide/common";
import { type AggregateName, aggregateResultType } from "@ringtide/sql";
import { DataType, typeName } from "@ringtide/tsfile";
import type { AggregateItem } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";

/** One function of one series. */
export interface AggregateColumn {
  readonly name: AggregateName;
  /** The item of the SELECT clause that this is a part of; WHOLE for what is no part and serves all items. */
  readonly item: number;
  /** Index into the series. */
  readonly series: number;
  readonly type: DataType;
}

export const WHOLE = -1;

/**
 * What a partial result of a function is made of, so that partials of several series can be put together: avg from sum and count,
 * first_value and last_value with their times.
 */
const PARTS: Readonly<Record<AggregateName, readonly AggregateName[]>> = {
  count: ["count"],
  sum: ["sum"],
  avg: ["sum", "count"],
  min_value: ["min_value"],
  max_value: ["max_value"],
  min_time: ["min_time"],
  max_time: ["max_time"],
  first_value: ["first_value", "min_time"],
  last_value: ["last_value", "max_time"],
};

/**
 * The columns that a group (or device) with these series answers, each once, in order of items, then series: both sides derive them from
 * the same series. With `parts`, functions are taken apart.
 */
export function aggregateColumns(
  items: readonly AggregateItem[],
  series: readonly ResolvedSeries[],
  parts: boolean,
): AggregateColumn[] {
  const columns = new Map<string, AggregateColumn>();
  for (const item of items) {
    for (const [at, one] of series.entries()) {
      if (!one.patterns.includes(item.pattern)) continue;
      const type = resultType(item.name, one);
      for (const name of parts ? PARTS[item.name] : [item.name]) {
        const owner = parts ? item.item : WHOLE;
        const key = columnKey(owner, name, at);
        if (!columns.has(key)) {
          columns.set(key, { name, item: owner, series: at, type: typeOfPart(name, item.name, type) });
        }
      }
    }
  }
  return [...columns.values()];
}

/** Parts of different items stay apart, even where they are equal: their series may differ. */
export function columnKey(item: number, name: AggregateName, series: number | string): string {
  return `${item} ${name} ${series}`;
}

function typeOfPart(part: AggregateName, whole: AggregateName, type: DataType): DataType {
  if (part === whole) return type;
  return part === "sum" ? DataType.DOUBLE : DataType.INT64;
}

/** SQL_SEMANTIC when the function has no meaning for the series' type. */
function resultType(name: AggregateName, series: ResolvedSeries): DataType {
  try {
    return DataType[aggregateResultType(name, typeName(series.type))];
  } catch (error) {
    const path = `${series.device}.${series.measurement}`;
    throw new RingtideError("SQL_SEMANTIC", `${name}(${path}): ${asRingtideError(error).message}`, { cause: error });
  }
}
