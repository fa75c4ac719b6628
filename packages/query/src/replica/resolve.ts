import { PathPattern, splitSeries } from "@ringtide/common";
import type { EngineReader, Series } from "@ringtide/engine";
import { leafSeries } from "../plan/predicate.ts";
import { comparePaths, type DeviceSeries, seriesBytes } from "../plan/series.ts";
import type { Fragment } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import { type ReplicaContext, seriesPacer } from "./context.ts";

/** The group's series that match the fragment's patterns, each once, in path order. */
export async function resolveSeries(context: ReplicaContext): Promise<ResolvedSeries[]> {
  const { fragment, reader, budget } = context;
  const pace = seriesPacer(context);
  const found = new Map<number, { series: Series; patterns: number[] }>();
  for (const [at, text] of [...fragment.patterns, ...fragment.filterPatterns].entries()) {
    for (const series of matching(text, reader)) {
      const paused = pace();
      if (paused !== undefined) await paused;
      const known = found.get(series.id);
      if (known !== undefined) {
        known.patterns.push(at);
        continue;
      }
      budget.reserve(seriesBytes(series));
      found.set(series.id, { series, patterns: [at] });
    }
  }
  const resolved = [...found.values()].map(({ series: { device, measurement, type }, patterns }) => ({
    path: `${device}.${measurement}`,
    series: { device, measurement, type, patterns },
  }));
  // One pattern finds its series in path order: sorting them again would only hold up the main loop.
  const isSorted = resolved.every((one, at) => at === 0 || (resolved[at - 1]?.path ?? "") < one.path);
  if (!isSorted) resolved.sort((a, b) => comparePaths(a.path, b.path));
  return resolved.map(({ series }) => series);
}

function matching(text: string, reader: EngineReader): Iterable<Series> {
  const pattern = new PathPattern(text);
  if (!pattern.isExact) return reader.schema.match(pattern, { prefix: false });
  if (pattern.nodes.length < 3) return [];
  const { device, measurement } = splitSeries(text);
  const series = reader.schema.find(device, measurement);
  return series === undefined ? [] : [series];
}

/** The device's series, and behind them those that only the predicate reads. */
export function withFilterSeries(part: DeviceSeries, fragment: Fragment, reader: EngineReader): ResolvedSeries[] {
  const named = new Set(leafSeries(fragment.predicate).flat());
  for (const { measurement } of part.series) named.delete(measurement);
  const others = [...named].flatMap((name) => reader.schema.find(part.device, name) ?? []);
  return [
    ...part.series,
    ...others.map(({ device, measurement, type }) => ({ device, measurement, type, patterns: [] })),
  ];
}
