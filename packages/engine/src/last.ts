import { type Column, computeStatistics, type Point } from "@ringtide/tsfile";
import type { DeviceSnapshot } from "./scan.ts";
import { columnOfSeries, deletionsOf, loadWanted, type Source, type Wanted } from "./source.ts";
import type { Tombstone } from "./tombstones.ts";

/** A source that may have the last point: none of its points is later than `bound`. */
interface Candidate {
  readonly source: Source;
  readonly version: number;
  readonly bound: bigint;
}

/** The point of the series with the greatest time, in the newest version of it; statistics answer unless deletions touch them. */
export async function lastPoint(snapshot: DeviceSnapshot, series: Wanted): Promise<Point | undefined> {
  let best: (Point & { readonly version: number }) | undefined;
  for (const { source, version, bound } of candidatesOf(snapshot.sources(), series)) {
    if (best !== undefined && bound < best.time) break;
    const point = await lastOfSource(source, series, snapshot.tombstones);
    if (point === undefined) continue;
    if (best === undefined || point.time > best.time || (point.time === best.time && version > best.version))
      best = { ...point, version };
  }
  return best === undefined ? undefined : { time: best.time, value: best.value };
}

/** Latest bound first. */
function candidatesOf(sources: readonly Source[], series: Wanted): Candidate[] {
  const candidates: Candidate[] = [];
  sources.forEach((source, version) => {
    const column = columnOfSeries(source, series.id, 0);
    if (column < 0) return;
    const statistics = source.statistics(column);
    if (statistics?.count === 0) return;
    candidates.push({ source, version, bound: source.base + BigInt(statistics?.lastTime ?? source.last) });
  });
  return candidates.sort((a, b) => (a.bound === b.bound ? b.version - a.version : a.bound < b.bound ? 1 : -1));
}

async function lastOfSource(
  source: Source,
  series: Wanted,
  tombstones: readonly Tombstone[],
): Promise<Point | undefined> {
  const isTouched = deletionsOf(source, tombstones).some(({ seriesIds }) => seriesIds.has(series.id));
  let statistics = isTouched ? undefined : source.statistics(columnOfSeries(source, series.id, 0));
  if (statistics === undefined) {
    const batch = await loadWanted(source, [series], tombstones);
    statistics = computeStatistics(batch.columns[0] as Column, batch.times);
  }
  const { count, last, lastTime } = statistics;
  return count === 0 || last === undefined ? undefined : { time: source.base + BigInt(lastTime), value: last };
}
