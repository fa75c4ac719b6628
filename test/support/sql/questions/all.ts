import type { Model } from "../model.ts";
import type { Question } from "../random-queries.ts";
import { browsing } from "./browsing.ts";
import { edges, names } from "./edges.ts";
import { filters } from "./filters.ts";
import { functions, groupBys } from "./functions.ts";
import { rawOnes } from "./raw.ts";
import { aligned, fills, lastOnes } from "./shapes.ts";

/** All questions about `writeFixed`. */
export function fixedQuestions(model: Model): Question[] {
  const groups = [rawOnes, filters, functions, groupBys, lastOnes, fills, aligned, edges, names, browsing];
  return groups.flatMap((group) => group(model).map(([sql, expected]) => ({ sql, expected })));
}
