import type { GroupNumber, PathPattern } from "@ringtide/common";
import { splitPath } from "@ringtide/common";
import type {
  EngineReader,
  PieceRequest,
  ScanRequest,
  SchemaView,
  Series,
  SeriesPiece,
  TimeRange,
} from "@ringtide/engine";
import {
  type ColumnBatch,
  columnFromValues,
  computeStatistics,
  type DataType,
  eraOf,
  type Point,
  timesFromBigints,
  type Value,
} from "@ringtide/tsfile";

/** One series with its points in order of time. */
export interface NaiveSeries {
  readonly device: string;
  readonly measurement: string;
  readonly type: DataType;
  readonly points: readonly Point[];
}

/** A replica as simple as can be: sorted arrays of points, answered in batches of a few rows. */
export class NaiveReader implements EngineReader {
  readonly group: GroupNumber;
  readonly appliedIndex = 1;
  readonly schema: SchemaView;
  /** Streams begun and not yet ended: queries must leave none behind. */
  openStreams = 0;
  readonly #series: readonly (NaiveSeries & Series)[];
  readonly #batchRows: number;

  constructor(group: GroupNumber, series: readonly NaiveSeries[], batchRows: number) {
    this.group = group;
    this.#batchRows = batchRows;
    this.#series = series
      .map((one, at) => ({ ...one, id: at + 1, encoding: "PLAIN", compression: "SNAPPY" }))
      .sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
    const all = this.#series;
    this.schema = {
      seriesCount: all.length,
      deviceCount: new Set(all.map((one) => one.device)).size,
      find: (device, measurement) => all.find((one) => one.device === device && one.measurement === measurement),
      ofDevice: (device) => all.filter((one) => one.device === device),
      match: (pattern: PathPattern, { prefix }) =>
        all.filter((one) => {
          const nodes = splitPath(pathOf(one));
          return prefix ? pattern.matchesPrefixOf(nodes) : pattern.matches(nodes);
        }),
    };
  }

  async *scan(request: ScanRequest): AsyncGenerator<ColumnBatch> {
    this.openStreams++;
    try {
      const series = request.measurements.map((name) => this.#find(request.device, name));
      const rows = new Map<bigint, (Value | undefined)[]>();
      series.forEach((one, column) => {
        for (const { time, value } of within(one.points, request.range)) {
          const row = rows.get(time) ?? series.map(() => undefined);
          row[column] = value;
          rows.set(time, row);
        }
      });
      const sorted = [...rows].sort(([a], [b]) => (a < b !== request.descending ? -1 : 1));
      for (const part of parts(sorted, this.#batchRows, ([time]) => time)) {
        request.signal.throwIfAborted();
        yield {
          rows: part.length,
          times: timesFromBigints(part.map(([time]) => time)),
          columns: series.map((one, column) =>
            columnFromValues(
              one.type,
              part.map(([, values]) => values[column]),
            ),
          ),
        };
      }
    } finally {
      this.openStreams--;
    }
  }

  async *pieces(request: PieceRequest): AsyncGenerator<SeriesPiece> {
    const series = this.#find(request.device, request.measurement);
    const points = within(series.points, request.range);
    for (const part of parts(points, this.#batchRows, (point) => point.time)) {
      const times = timesFromBigints(part.map((point) => point.time));
      const column = columnFromValues(
        series.type,
        part.map((point) => point.value),
      );
      const [first] = part;
      const last = part.at(-1);
      if (first !== undefined && last !== undefined && request.useStatistics?.(first.time, last.time) === true) {
        yield { kind: "statistics", base: times.base, statistics: computeStatistics(column, times) };
      } else yield { kind: "points", batch: { rows: part.length, times, columns: [column] } };
    }
  }

  async last(device: string, measurement: string): Promise<Point | undefined> {
    return this.#find(device, measurement).points.at(-1);
  }

  #find(device: string, measurement: string): NaiveSeries {
    const series = this.#series.find((one) => one.device === device && one.measurement === measurement);
    if (series === undefined) throw new Error(`no series ${device}.${measurement}`);
    return series;
  }
}

export function pathOf(series: { readonly device: string; readonly measurement: string }): string {
  return `${series.device}.${series.measurement}`;
}

function within(points: readonly Point[], range: TimeRange): Point[] {
  return points.filter(({ time }) => time >= range.from && time <= range.to);
}

/** Runs of at most `size` items within one era. */
function parts<T>(items: readonly T[], size: number, timeOf: (item: T) => bigint): T[][] {
  const out: T[][] = [];
  for (const item of items) {
    const part = out.at(-1);
    const [first] = part ?? [];
    if (
      part !== undefined &&
      first !== undefined &&
      part.length < size &&
      eraOf(timeOf(first)) === eraOf(timeOf(item))
    ) {
      part.push(item);
    } else out.push([item]);
  }
  return out;
}
