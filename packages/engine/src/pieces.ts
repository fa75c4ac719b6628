import type { ColumnStatistics } from "@ringtide/tsfile";
import type { PieceRequest, SeriesPiece } from "./api.ts";
import { withoutEmptyRows } from "./batches.ts";
import { clustersOf } from "./clusters.ts";
import { type EraSources, erasOf } from "./eras-of.ts";
import { mergeSources } from "./merge.ts";
import type { Pacer } from "./pacer.ts";
import type { DeviceSnapshot, ReadLimits } from "./scan.ts";
import { columnOfSeries, deletionsOf, type Source, type Wanted } from "./source.ts";

type Asked = Pick<PieceRequest, "range" | "useStatistics" | "signal">;

/** Where one source has points of the series. */
interface Span {
  readonly source: Source;
  readonly version: number;
  readonly first: number;
  readonly last: number;
  readonly statistics: ColumnStatistics | undefined;
}

/** Points of one series in order of time, with statistics for the blocks where they say the same. */
export async function* seriesPieces(
  snapshot: DeviceSnapshot,
  series: Wanted,
  asked: Asked,
  limits: ReadLimits,
  pacer: Pacer,
): AsyncGenerator<SeriesPiece> {
  const { range, signal } = asked;
  signal.throwIfAborted();
  for (const era of erasOf(snapshot.sources(), [series], range, false)) {
    let points: Span[] = [];
    for (const cluster of clustersOf(spansOf(era, series))) {
      const statistics = answerOf(cluster, snapshot, series, era, asked);
      if (statistics === undefined) {
        points.push(...cluster);
        continue;
      }
      yield* pointsOf(points, snapshot, series, era, asked, limits, pacer);
      points = [];
      signal.throwIfAborted();
      await pacer.pace();
      yield { kind: "statistics", base: era.base, statistics };
    }
    yield* pointsOf(points, snapshot, series, era, asked, limits, pacer);
  }
}

function spansOf({ sources, from, to }: EraSources, series: Wanted): Span[] {
  const spans: Span[] = [];
  sources.forEach((source, version) => {
    const column = columnOfSeries(source, series.id, 0);
    const statistics = source.statistics(column);
    if (statistics?.count === 0) return;
    const first = statistics?.firstTime ?? source.first;
    const last = statistics?.lastTime ?? source.last;
    if (first <= to && last >= from) spans.push({ source, version, first, last, statistics });
  });
  return spans;
}

/** The statistics that may stand for the cluster's points. */
function answerOf(
  cluster: readonly Span[],
  { tombstones }: DeviceSnapshot,
  series: Wanted,
  { base, from, to }: EraSources,
  { useStatistics }: Asked,
): ColumnStatistics | undefined {
  const [span] = cluster;
  if (cluster.length !== 1 || span?.statistics === undefined || useStatistics === undefined) return undefined;
  if (span.first < from || span.last > to) return undefined;
  const first = base + BigInt(span.first);
  const last = base + BigInt(span.last);
  const isTouched = deletionsOf(span.source, tombstones).some(
    (one) => one.seriesIds.has(series.id) && one.from <= last && one.to >= first,
  );
  return !isTouched && useStatistics(first, last) ? span.statistics : undefined;
}

async function* pointsOf(
  spans: readonly Span[],
  { tombstones }: DeviceSnapshot,
  series: Wanted,
  { from, to }: EraSources,
  { signal }: Asked,
  { targetRows }: ReadLimits,
  pacer: Pacer,
): AsyncGenerator<SeriesPiece> {
  const sources = spans.toSorted((a, b) => a.version - b.version).map(({ source }) => source);
  const merged = mergeSources({ sources, wanted: [series], tombstones, from, to, descending: false, targetRows });
  for await (const rows of merged) {
    signal.throwIfAborted();
    await pacer.pace();
    const batch = withoutEmptyRows(rows);
    if (batch.rows > 0) yield { kind: "points", batch };
  }
}
