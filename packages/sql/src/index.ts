export { aggregateResultType } from "./aggregates.ts";
export * from "./ast.ts";
export { complete } from "./complete.ts";
export { parse } from "./parse.ts";
export { splitStatements } from "./split.ts";
export { formatTimestamp, parseTimestamp } from "./timestamp.ts";
export { KEYWORDS } from "./tokens.ts";
