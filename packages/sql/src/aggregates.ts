import { RingtideError } from "@ringtide/common";
import type { AggregateName, TypeName } from "./ast.ts";

/** In the order in which messages list them. */
export const AGGREGATES: readonly AggregateName[] = [
  "count",
  "sum",
  "avg",
  "min_value",
  "max_value",
  "min_time",
  "max_time",
  "first_value",
  "last_value",
];

/** Functions of the original that this version has not. */
const OTHER_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "extreme sin cos tan asin acos atan sinh cosh tanh degrees radians abs sign ceil floor round exp ln log10 sqrt " +
    "string_contains string_matches difference non_negative_difference time_difference derivative " +
    "non_negative_derivative top_k bottom_k const e pi cast in_range on_off zero_duration non_zero_duration " +
    "zero_count non_zero_count"
  ).split(" "),
);

/** The aggregate of that name, in any case, or undefined. */
export function aggregateOf(name: string): AggregateName | undefined {
  const lower = name.toLowerCase();
  return AGGREGATES.find((aggregate) => aggregate === lower);
}

/** True for functions that are known to the language but not built. */
export function isOtherFunction(name: string): boolean {
  return OTHER_FUNCTIONS.has(name.toLowerCase());
}

/** Type of an aggregate over series of a type. SQL_SEMANTIC when it has no meaning there: sums and order of BOOLEAN and TEXT. */
export function aggregateResultType(name: AggregateName, type: TypeName): TypeName {
  switch (name) {
    case "count":
    case "min_time":
    case "max_time":
      return "INT64";
    case "first_value":
    case "last_value":
      return type;
    case "sum":
    case "avg":
    case "min_value":
    case "max_value":
      if (type === "BOOLEAN" || type === "TEXT") {
        throw new RingtideError("SQL_SEMANTIC", `${name} has no meaning for ${type} series: it needs numbers`);
      }
      return name === "sum" || name === "avg" ? "DOUBLE" : type;
  }
}
