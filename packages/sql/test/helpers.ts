import { RingtideError } from "@ringtide/common";
import { type ParseOptions, parse } from "../src/index.ts";

export const MS: ParseOptions = { precision: "ms", zone: "Z" };

/** What random tests run with: SQL_SEED=n replays the run whose failure printed that seed, SQL_RUNS=n asks for more. */
export function runs(count: number): { numRuns: number; seed?: number } {
  const { SQL_SEED: seed, SQL_RUNS: wanted } = process.env;
  const numRuns = wanted === undefined ? count : Number(wanted);
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) };
}

/** The tree without places, which other tests look at. */
export function tree(sql: string, options: ParseOptions = MS): Record<string, unknown> {
  return withoutPlaces(parse(sql, options)) as Record<string, unknown>;
}

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "place");
  // A path without its place is its text.
  if (entries.length === 1 && entries[0]?.[0] === "text") return entries[0][1];
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutPlaces(each)]));
}

/** The error of a statement; fails when it has none or one of another class. */
export function errorOf(step: () => unknown): RingtideError {
  try {
    step();
  } catch (error) {
    if (error instanceof RingtideError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}
