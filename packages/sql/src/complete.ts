import { type IToken, tokenMatcher } from "chevrotain";
import { AGGREGATES } from "./aggregates.ts";
import type { Completion } from "./ast.ts";
import { candidatesAfter } from "./expected.ts";
import { Fault } from "./fault.ts";
import { scan } from "./scan.ts";
import { splitStatements } from "./split.ts";
import { isOfferedKeyword, Name, Word } from "./tokens.ts";

const NOTHING: Completion = { keywords: [], path: false };
const PATH_RULES = new Set(["pathFromRoot", "suffixPath", "seriesSide", "column"]);
/** Longest text that is looked at: a person's line, not a batch. */
const MAX_LENGTH = 10_000;

/**
 * What the text up to the cursor could go on with. A word that the cursor touches counts as unfinished: keywords are those that
 * begin with it, and replace it. Aggregates are among them, with their parenthesis. Never throws.
 */
export function complete(text: string): Completion {
  if (text.length > MAX_LENGTH) return NOTHING;
  const { rest } = splitStatements(text);
  const tokens = scanned(rest);
  if (tokens === undefined) return NOTHING;
  const last = tokens.at(-1);
  const isTouched = last?.endOffset === rest.length - 1;
  const isUnfinished = last !== undefined && isTouched && (tokenMatcher(last, Word) || isPath(last));
  const typed = isUnfinished ? last.image.toUpperCase() : "";
  const candidates = candidatesAfter(isUnfinished ? tokens.slice(0, -1) : tokens);
  const words = new Set<string>();
  let path = false;
  for (const { type, rules } of candidates) {
    const rule = rules.at(-1) ?? "";
    if (PATH_RULES.has(rule) || type.name === "RootPath") path = true;
    if (rule === "seriesSide") words.add("TIME");
    if (rule === "functionCall" && type === Name) for (const name of AGGREGATES) words.add(`${name}(`);
    if (isOfferedKeyword(type.name)) words.add(type.name);
  }
  const keywords = [...words].filter((word) => word.toUpperCase().startsWith(typed));
  return { keywords: keywords.toSorted(), path };
}

function isPath(token: IToken): boolean {
  return token.tokenType.name.endsWith("Path");
}

/** Undefined inside of an open string or comment. */
function scanned(text: string): IToken[] | undefined {
  try {
    return scan(text);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
