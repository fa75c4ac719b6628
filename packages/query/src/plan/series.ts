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

/** True when a pattern of the SELECT clause matches it: others only serve the filter. */
export function isSelected(series: ResolvedSeries, fragment: Fragment): boolean {
  return series.patterns.some((at) => at < fragment.patterns.length);
}
