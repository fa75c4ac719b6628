import type { IToken } from "chevrotain";
import { tokenMatcher } from "chevrotain";
import type { ParseOptions, Statement } from "./ast.ts";
import { candidatesAfter, nearestKeyword, wordsFor } from "./expected.ts";
import { explain, Fault, quote } from "./fault.ts";
import { grammar } from "./grammar.ts";
import { placeOf } from "./paths.ts";
import { scan } from "./scan.ts";
import { Semicolon, Word } from "./tokens.ts";

/** Longest statement, in UTF-16 units. */
const MAX_LENGTH = 1_048_576;

/**
 * The tree of one statement, with or without a semicolon behind it. Throws a RingtideError: SQL_SYNTAX, SQL_SEMANTIC, UNSUPPORTED,
 * PATH_INVALID, VALUE_OUT_OF_RANGE or TIME_OUT_OF_RANGE. Its message shows the place; `details` has it as {line, column,
 * offset, length, expected}: line and column from 1, offset from 0, in UTF-16 units; expected: what could have stood there.
 */
export function parse(sql: string, options: ParseOptions): Statement {
  try {
    if (sql.length > MAX_LENGTH) {
      const message = `the statement has ${sql.length} characters, ${MAX_LENGTH} are allowed`;
      throw new Fault("SQL_SYNTAX", { offset: 0, length: 1 }, message);
    }
    return parseTokens(scan(sql), options);
  } catch (error) {
    if (error instanceof Fault) throw explain(sql, error);
    throw error;
  }
}

function parseTokens(tokens: IToken[], options: ParseOptions): Statement {
  grammar.begin(tokens, options);
  const statement = grammar.statement();
  const [error] = grammar.errors;
  if (error === undefined) return statement;
  const found = tokens.indexOf(error.token);
  throw syntaxFault(tokens, found < 0 ? tokens.length : found);
}

/** `index`: where the parser gave up, which may be one token early as it looks ahead. */
function syntaxFault(tokens: readonly IToken[], index: number): Fault {
  let at = index;
  let candidates = candidatesAfter(tokens.slice(0, at));
  for (let found = tokens[at]; found !== undefined; found = tokens[at]) {
    const token = found;
    if (!candidates.some(({ type }) => tokenMatcher(token, type))) break;
    const next = candidatesAfter(tokens.slice(0, at + 1));
    if (next.length === 0) break;
    candidates = next;
    at++;
  }
  const before = tokens[at - 1];
  if (before?.tokenType === Semicolon) {
    const place = placeOf(tokens[at] ?? before);
    return new Fault("SQL_SYNTAX", place, "one statement at a time: the statement ends at the semicolon before this");
  }
  const found = tokens[at];
  const expected = wordsFor(candidates);
  const place = found === undefined ? { offset: endOf(before), length: 0 } : placeOf(found);
  const shown = found === undefined ? "the end of the statement" : quote(found.image);
  if (tokens.length === 0) {
    return new Fault("SQL_SYNTAX", place, `the statement is empty: expected ${listed(expected)}`, expected);
  }
  const wanted = expected.length === 0 ? `unexpected ${shown}` : `expected ${listed(expected)} but found ${shown}`;
  const isWord = found !== undefined && tokenMatcher(found, Word);
  const nearest = isWord ? nearestKeyword(found.image, candidates) : undefined;
  return new Fault(
    "SQL_SYNTAX",
    place,
    nearest === undefined ? wanted : `${wanted}; did you mean ${nearest}?`,
    expected,
  );
}

function endOf(token: IToken | undefined): number {
  return token === undefined ? 0 : token.startOffset + token.image.length;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
