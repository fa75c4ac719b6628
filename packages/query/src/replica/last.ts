import { type Column, columnFromValues, DataType, type Point, typeName } from "@ringtide/tsfile";
import { textColumn } from "../columns/build.ts";
import { throwIfAborted } from "../operators/budget.ts";
import { valueText } from "../operators/value-text.ts";
import { pathOf } from "../plan/series.ts";
import { encodeRows, type ResolvedSeries } from "../wire/message.ts";
import type { ReplicaContext } from "./context.ts";

const ROWS_PER_BATCH = 4096;

interface LastPoint {
  readonly series: ResolvedSeries;
  readonly point: Point;
}

/** The last point of each series that is not older than the range: path, value, type (TEXT), and the time as INT64, in path order. */
export async function* runLast(context: ReplicaContext, series: readonly ResolvedSeries[]): AsyncGenerator<Uint8Array> {
  const { reader, fragment, signal } = context;
  let rows: LastPoint[] = [];
  for (const one of series) {
    throwIfAborted(signal);
    const point = await reader.last(one.device, one.measurement);
    if (point === undefined || point.time < fragment.range.from) continue;
    rows.push({ series: one, point });
    if (rows.length < ROWS_PER_BATCH) continue;
    yield* encodeRows(0, { rows: rows.length, times: undefined, columns: columnsOf(rows) });
    rows = [];
  }
  if (rows.length > 0) yield* encodeRows(0, { rows: rows.length, times: undefined, columns: columnsOf(rows) });
}

function columnsOf(rows: readonly LastPoint[]): Column[] {
  return [
    textColumn(rows.map(({ series }) => pathOf(series))),
    textColumn(rows.map(({ series, point }) => valueText(series.type, point.value))),
    textColumn(rows.map(({ series }) => typeName(series.type))),
    columnFromValues(
      DataType.INT64,
      rows.map(({ point }) => point.time),
    ),
  ];
}
