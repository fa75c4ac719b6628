import { type GroupNumber, PathPattern, RingtideError } from "@ringtide/common";
import type { TimeRange } from "@ringtide/engine";
import type { AggregateName, SelectItem, SelectStatement } from "@ringtide/sql";
import type { QueryCluster, QueryOptions } from "../api.ts";
import type { AggregateItem } from "../wire/fragment.ts";
import { checkSelect } from "./check.ts";
import { devicePatterns, joinPath } from "./paths.ts";
import { leafSeries, type Predicate, predicateOf } from "./predicate.ts";
import { splitByTime } from "./range.ts";
import { type WindowSpec, windowsOf } from "./windows.ts";

/** An item of the SELECT clause. */
export interface PlannedItem {
  readonly aggregate: AggregateName | undefined;
  /** As written, for the names of ALIGN BY DEVICE. */
  readonly text: string;
  readonly alias: string | undefined;
  /** Indexes into the plan's patterns: one for each FROM prefix. */
  readonly patterns: readonly number[];
}

/** A SELECT, analysed: names joined, times fixed, clauses checked against each other. */
export interface SelectPlan {
  readonly items: readonly PlannedItem[];
  /** Full series patterns, each once. */
  readonly patterns: readonly string[];
  /** Full series patterns of the filter that are not selected too; empty in ALIGN BY DEVICE. */
  readonly filterPatterns: readonly string[];
  readonly range: TimeRange;
  /** What is left of the WHERE clause inside of the range. */
  readonly predicate: Predicate | undefined;
  readonly windows: WindowSpec | undefined;
  /** Groups that can have series of the patterns, the filter's among them. */
  readonly groups: readonly GroupNumber[];
  /** The one group that has all series of the filter, when that is certain. */
  readonly filterGroup: GroupNumber | undefined;
}

export function planSelect(statement: SelectStatement, cluster: QueryCluster, options: QueryOptions): SelectPlan {
  checkSelect(statement);
  const prefixes = statement.from.map((path) => path.text);
  const patterns = new PatternList();
  const items = statement.items.map((item) => ({
    aggregate: item.kind === "aggregate" ? item.name : undefined,
    text: item.path.text,
    alias: item.alias,
    patterns: joined(item, prefixes).map((path) => patterns.indexOf(path)),
  }));
  const where =
    statement.where === undefined
      ? undefined
      : predicateOf(statement.where, {
          now: options.now,
          expand: statement.alignByDevice
            ? (series) => [series]
            : (series) => [...new Set(prefixes.map((prefix) => checked(joinPath(prefix, series))))],
        });
  const { range, rest } = splitByTime(where);
  const named = statement.alignByDevice ? [] : [...new Set(leafSeries(rest).flat())];
  const selected = patterns.all;
  const filterPatterns = named.filter((path) => !selected.includes(path));
  return {
    items,
    patterns: selected,
    filterPatterns,
    range,
    predicate: rest,
    windows: statement.groupBy === undefined ? undefined : windowsOf(statement.groupBy, options.now, options),
    groups: groupsOf(cluster, [...selected, ...filterPatterns]),
    filterGroup: oneGroup(cluster, named),
  };
}

function joined(item: SelectItem, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => checked(joinPath(prefix, item.path.text)));
}

/** PATH_INVALID when it is no pattern. */
function checked(path: string): string {
  return new PathPattern(path).text;
}

function groupsOf(cluster: QueryCluster, patterns: readonly string[]): readonly GroupNumber[] {
  return [...new Set(cluster.groupsOf(patterns.flatMap(devicePatterns)))];
}

function oneGroup(cluster: QueryCluster, series: readonly string[]): GroupNumber | undefined {
  if (series.length === 0) return undefined;
  const groups = groupsOf(cluster, series);
  return groups.length === 1 ? groups[0] : undefined;
}

/** Patterns by their number, each once. */
class PatternList {
  readonly #numbers = new Map<string, number>();

  get all(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  indexOf(path: string): number {
    const number = this.#numbers.get(path) ?? this.#numbers.size;
    this.#numbers.set(path, number);
    return number;
  }
}

export function aggregateItems(plan: SelectPlan): AggregateItem[] {
  return plan.items.flatMap(({ aggregate, patterns }, item) =>
    aggregate === undefined ? [] : patterns.map((pattern) => ({ name: aggregate, pattern, item })),
  );
}

export function semantic(message: string): RingtideError {
  return new RingtideError("SQL_SEMANTIC", message);
}
