import type { IToken, TokenType } from "chevrotain";
import { type Candidate, follow } from "./follow.ts";
import { Comma, DurationText, isOfferedKeyword, K, OpenRound, Semicolon, VOCABULARY } from "./tokens.ts";

/** Following the grammar costs time for each token, so an error far behind in a long list goes without suggestions. */
const MAX_TOKENS = 2_000;

/** What may follow these tokens; empty when they are no beginning of a statement. */
export function candidatesAfter(tokens: readonly IToken[]): readonly Candidate[] {
  const short = withoutEarlierRows(tokens);
  if (short.length > MAX_TOKENS) return [];
  return follow(short);
}

/** All rows of an INSERT look alike to the grammar, so the last one says what may follow. */
function withoutEarlierRows(tokens: readonly IToken[]): readonly IToken[] {
  if (tokens.length <= MAX_TOKENS || tokens[0]?.tokenType !== K.INSERT) return tokens;
  const values = tokens.findIndex((token) => token.tokenType === K.VALUES);
  const isRowStart = (token: IToken, index: number) =>
    token.tokenType === OpenRound && tokens[index - 1]?.tokenType === Comma;
  const row = tokens.findLastIndex(isRowStart);
  return values > 0 && row > values ? [...tokens.slice(0, values + 1), ...tokens.slice(row)] : tokens;
}

/** Rules whose tokens a user thinks of as one thing. The outermost counts. */
const RULE_WORDS: ReadonlyMap<string, string> = new Map([
  ["pathFromRoot", "a path from root"],
  ["suffixPath", "a series"],
  ["column", "a measurement"],
  ["seriesSide", "a series"],
  ["alias", "a name"],
  ["time", "a time"],
  ["value", "a value"],
  ["count", "a whole number"],
  ["duration", "a duration such as 10m"],
  ["dataType", "a data type"],
  ["propertyValue", "a value"],
]);

/** The same for rules with other rules inside: only their own first token is called so. */
const FIRST_TOKEN_WORDS: ReadonlyMap<string, string> = new Map([
  ["functionCall", "a function"],
  ["property", "a property"],
]);

/** Rules that are there only to be refused by name. */
const REFUSED_RULES: ReadonlySet<string> = new Set(["fillValue"]);

/** Tokens inside of such a rule that are named nonetheless, as the rule has begun already. */
const TYPE_WORDS: ReadonlyMap<string, string> = new Map([
  ["RootPath", "a path from root"],
  ["Integer", "a whole number"],
  ["Decimal", "a number"],
  ["DurationText", "a duration such as 10m"],
  ["ComparisonSign", "a comparison"],
  ["Equal", "'='"],
  ["AndSign", "AND"],
  ["OrSign", "OR"],
  ["NotSign", "NOT"],
  ["Plus", "'+'"],
  ["Minus", "'-'"],
  ["Comma", "','"],
  ["OpenRound", "'('"],
  ["CloseRound", "')'"],
  ["OpenSquare", "'['"],
  ["CloseSquare", "']'"],
]);

const PUNCTUATION: ReadonlySet<string> = new Set(
  VOCABULARY.map((type) => type.name).filter((name) => TYPE_WORDS.get(name)?.startsWith("'") === true),
);

/** What the candidates are called in a message: each once, keywords as they are. `the end` stands for a complete statement. */
export function wordsFor(candidates: readonly Candidate[]): string[] {
  const words = new Set<string>();
  let isComplete = false;
  for (const { type, rules } of candidates) {
    if (type === Semicolon) isComplete = true;
    else {
      const word = wordFor(type, rules);
      if (word !== undefined) words.add(word);
    }
  }
  if (isComplete) words.add("the end");
  return [...words];
}

function wordFor(type: TokenType, rules: readonly string[]): string | undefined {
  if (rules.some((rule) => REFUSED_RULES.has(rule))) return undefined;
  // The span that moves a time is a part of a value, but no value.
  if (type === DurationText && rules.at(-1) === "moment") return TYPE_WORDS.get(type.name);
  // A sign inside of a value is optional, and says less than what it belongs to.
  const group =
    rules.map((rule) => RULE_WORDS.get(rule)).find((word) => word !== undefined) ??
    FIRST_TOKEN_WORDS.get(rules.at(-1) ?? "");
  if (group !== undefined && !PUNCTUATION.has(type.name)) return group;
  if (group !== undefined && (type.name === "Plus" || type.name === "Minus")) return group;
  // Any name could be a function's until its parenthesis; behind a series that says nothing.
  if (type === OpenRound && rules.at(-1) === "functionCall") return undefined;
  const word = TYPE_WORDS.get(type.name);
  if (word !== undefined) return word;
  return isOfferedKeyword(type.name) ? type.name : undefined;
}

/** The expected keyword that a word was probably meant to be: at most two letters away, and closer than its own length. */
export function nearestKeyword(word: string, candidates: readonly Candidate[]): string | undefined {
  const upper = word.toUpperCase();
  if (upper.length < 2 || upper.length > 20) return undefined;
  let best: string | undefined;
  let bestDistance = upper.length < 4 ? 2 : 3;
  for (const { type } of candidates) {
    if (!isOfferedKeyword(type.name)) continue;
    const distance = editDistance(upper, type.name);
    if (distance < bestDistance) {
      best = type.name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters to add, drop, change or swap with a neighbour. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      let cost = Math.min(
        (previous[j] as number) + 1,
        (current[j - 1] as number) + 1,
        (previous[j - 1] as number) + change,
      );
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        cost = Math.min(cost, (beforePrevious[j - 2] as number) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] as number;
}
