import { RingtideError } from "@ringtide/common";
import type { DataType } from "@ringtide/tsfile";
import { isExact } from "../plan/paths.ts";
import { leafSeries } from "../plan/predicate.ts";
import type { SelectPlan } from "../plan/select.ts";
import { comparePaths, pathOf } from "../plan/series.ts";
import type { GroupReply } from "./reply.ts";

/** A series that a group has. */
export interface FoundSeries {
  readonly path: string;
  readonly device: string;
  readonly measurement: string;
  readonly type: DataType;
  /** Index of the reply, and of the series in it. */
  readonly reply: number;
  readonly at: number;
}

/** The series of each pattern over all groups, in path order. Patterns of the filter come after the selected ones. */
export function findSeries(plan: SelectPlan, replies: readonly GroupReply[]): FoundSeries[][] {
  const found: FoundSeries[][] = [...plan.patterns, ...plan.filterPatterns].map(() => []);
  replies.forEach((reply, number) => {
    reply.series.forEach((series, at) => {
      const { device, measurement, type } = series;
      for (const pattern of series.patterns) {
        found[pattern]?.push({ path: pathOf(series), device, measurement, type, reply: number, at });
      }
    });
  });
  for (const matches of found) matches.sort((a, b) => comparePaths(a.path, b.path));
  return found;
}

/**
 * PATH_NOT_FOUND for an item, or series of the filter, that names only full paths without wildcards, none of which exists. With wildcards
 * nothing found is an empty result.
 */
export function checkFound(plan: SelectPlan, found: readonly (readonly FoundSeries[])[]): void {
  const texts = [...plan.patterns, ...plan.filterPatterns];
  for (const item of plan.items) {
    requireOne(
      item.patterns.map((at) => texts[at] ?? ""),
      texts,
      found,
    );
  }
  for (const series of leafSeries(plan.predicate)) requireOne(series, texts, found);
}

function requireOne(
  names: readonly string[],
  texts: readonly string[],
  found: readonly (readonly FoundSeries[])[],
): void {
  if (!names.every(isExact) || names.some((name) => (found[texts.indexOf(name)]?.length ?? 0) > 0)) return;
  throw new RingtideError("PATH_NOT_FOUND", `no series ${names.slice(0, 3).join(", ")}`, { details: { paths: names } });
}
