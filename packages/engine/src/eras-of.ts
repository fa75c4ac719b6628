import { ERA_SPAN } from "@ringtide/tsfile";
import type { TimeRange } from "./api.ts";
import type { Source, Wanted } from "./source.ts";

/** The sources of one era that a read needs, and the part of the era that it asks for. */
export interface EraSources {
  readonly base: bigint;
  /** Oldest version first. */
  readonly sources: readonly Source[];
  /** First and last offset asked for. */
  readonly from: number;
  readonly to: number;
}

/** The sources in `range` that have a wanted series, by era, in the order asked for. */
export function erasOf(
  sources: readonly Source[],
  wanted: readonly Wanted[],
  range: TimeRange,
  descending: boolean,
): EraSources[] {
  const ids = new Set(wanted.map(({ id }) => id));
  const eras = new Map<bigint, Source[]>();
  for (const source of sources) {
    const { base, first, last, seriesIds } = source;
    if (base + BigInt(first) > range.to || base + BigInt(last) < range.from) continue;
    if (!seriesIds.some((id) => ids.has(id))) continue;
    const known = eras.get(base);
    if (known === undefined) eras.set(base, [source]);
    else known.push(source);
  }
  return Array.from(eras, ([base, inEra]) => ({
    base,
    sources: inEra,
    from: range.from > base ? Number(range.from - base) : 0,
    to: range.to < base + ERA_SPAN ? Number(range.to - base) : Number(ERA_SPAN) - 1,
  })).sort((a, b) => (a.base < b.base === descending ? 1 : -1));
}
