import { PathPattern, splitSeries } from "@ringtide/common";
import type { EngineReader, Series } from "@ringtide/engine";
import type { MemoryBudget } from "../operators/budget.ts";
import { leafSeries } from "../plan/predicate.ts";
import type { Fragment } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";

/** Bytes that a resolved series is counted with, beside its name. */
const SERIES_BYTES = 160;

export function seriesBytes(series: { readonly device: string; readonly measurement: string }): number {
  return SERIES_BYTES + 2 * (series.device.length + series.measurement.length);
}

/** Path order, by code units of the whole path. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function pathOf(series: { readonly device: string; readonly measurement: string }): string {
  return `${series.device}.${series.measurement}`;
}

/** The group's series that match the fragment's patterns, each once, in path order. */
export function resolveSeries(fragment: Fragment, reader: EngineReader, budget: MemoryBudget): ResolvedSeries[] {
  const found = new Map<number, { series: Series; patterns: number[] }>();
  [...fragment.patterns, ...fragment.filterPatterns].forEach((text, at) => {
    for (const series of matching(text, reader)) {
      const known = found.get(series.id);
      if (known !== undefined) {
        known.patterns.push(at);
        continue;
      }
      budget.reserve(seriesBytes(series));
      found.set(series.id, { series, patterns: [at] });
    }
  });
  return [...found.values()]
    .map(({ series: { device, measurement, type }, patterns }) => ({ device, measurement, type, patterns }))
    .map((series) => ({ path: pathOf(series), series }))
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ series }) => series);
}

function matching(text: string, reader: EngineReader): Iterable<Series> {
  const pattern = new PathPattern(text);
  if (!pattern.isExact) return reader.schema.match(pattern, { prefix: false });
  if (pattern.nodes.length < 3) return [];
  const { device, measurement } = splitSeries(text);
  const series = reader.schema.find(device, measurement);
  return series === undefined ? [] : [series];
}

/** One device's series among the resolved ones. */
export interface DeviceSeries {
  readonly device: string;
  readonly series: readonly ResolvedSeries[];
}

/** Devices in path order, each with its series in path order. */
export function byDevice(resolved: readonly ResolvedSeries[]): DeviceSeries[] {
  const devices = new Map<string, ResolvedSeries[]>();
  for (const series of resolved) {
    const known = devices.get(series.device);
    if (known === undefined) devices.set(series.device, [series]);
    else known.push(series);
  }
  return [...devices].map(([device, series]) => ({ device, series })).sort((a, b) => comparePaths(a.device, b.device));
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

/** True when a pattern of the SELECT clause matches it: others only serve the filter. */
export function isSelected(series: ResolvedSeries, fragment: Fragment): boolean {
  return series.patterns.some((at) => at < fragment.patterns.length);
}
