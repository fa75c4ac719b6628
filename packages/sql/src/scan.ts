import type { IToken, TokenType } from "chevrotain";
import { endOfQuoted, skipBlank } from "./blank.ts";
import { Fault, quote } from "./fault.ts";
import {
  DateTime,
  Decimal,
  DoubleQuoted,
  DurationText,
  Identifier,
  Integer,
  keywordOf,
  RootPath,
  SingleQuoted,
  SuffixPath,
  symbolOf,
} from "./tokens.ts";

/*
 * Paths are single tokens, so that their nodes may be keywords, dates or numbers (`root.last.count`, `d1.2020-01-01`). The text
 * of a token is taken loosely here (`root..a`, `d*`), and checked as a path later, for one clear message instead of a stray dot.
 */
const BEYOND_ASCII = String.raw`(?!\s)[\u0080-\uffff]`;
/** What a node may begin with. Signs are left out: `&&`, `-5` and `+ 1d` are operators at that place. */
const NODE_START = String.raw`(?:[A-Za-z0-9_:@#$%*]|${BEYOND_ASCII}|\/(?!\*))`;
/** What a node may go on with; two dashes, two ampersands and the beginning of a comment end it. */
const NODE_CHAR = String.raw`(?:[A-Za-z0-9_:@#$%*+]|${BEYOND_ASCII}|-(?!-)|&(?!&)|\/(?!\*))`;
const MORE_NODES = String.raw`(?:\.(?:"[^"\\\n]*"|${NODE_CHAR})*)`;
const WORD = new RegExp(`${NODE_START}${NODE_CHAR}*${MORE_NODES}*`, "uy");
const QUOTED_PATH = new RegExp(String.raw`"[^"\\\n]+"${MORE_NODES}+`, "uy");
const SYMBOL = /[<>!=]=|<>|&&?|\|\|?|[<>=!+,;()[\]-]/y;

const DATE = String.raw`\d{4}([-/.])\d{1,2}\2\d{1,2}`;
const CLOCK = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?`;
const OFFSET = String.raw`(?:[Zz]|[+-]\d{2}:\d{2}(?::\d{2})?)`;
/** Groups: date, (its separator), duration, decimal, integer. A digit that goes on like a name is a name. */
const NUMERIC = new RegExp(
  String.raw`(?:(${DATE}(?:(?:[Tt]|[ \t]+)${CLOCK})?(?:[ \t]?${OFFSET})?)` +
    String.raw`|((?:\d+(?:[Mm][OoSs]|[UuNn][Ss]|[YyWwDdHhMmSs]))+)` +
    String.raw`|((?:\d+\.\d*|\.\d+)(?:[Ee][+-]?\d+)?|\d+[Ee][+-]?\d+)|(\d+))` +
    `(?![A-Za-z0-9_@#$%.:]|${BEYOND_ASCII})`,
  "y",
);

/** The tokens of a text. Throws a Fault (SQL_SYNTAX) for an open string or comment and for characters of no meaning. */
export function scan(text: string): IToken[] {
  const tokens: IToken[] = [];
  for (let at = 0; ; ) {
    const start = skipBlank(text, at);
    if (start >= text.length) return tokens;
    const token = tokenAt(text, start);
    tokens.push(token);
    at = start + token.image.length;
  }
}

function tokenAt(text: string, at: number): IToken {
  const code = text.charCodeAt(at);
  if (code === 0x22 || code === 0x27) return quotedAt(text, at);
  if ((code >= 0x30 && code <= 0x39) || code === 0x2e) {
    const numeric = numericAt(text, at);
    if (numeric !== undefined) return numeric;
  }
  const word = matchAt(WORD, text, at);
  if (word !== undefined) return token(word, wordType(word), at);
  const symbol = matchAt(SYMBOL, text, at);
  const type = symbol === undefined ? undefined : symbolOf(symbol);
  if (symbol !== undefined && type !== undefined) return token(symbol, type, at);
  if (text.startsWith("/*", at)) {
    throw new Fault("SQL_SYNTAX", { offset: at, length: 2 }, "the comment that begins here is not closed with */");
  }
  const strange = String.fromCodePoint(text.codePointAt(at) ?? 0);
  throw new Fault(
    "SQL_SYNTAX",
    { offset: at, length: strange.length },
    `unexpected character ${/[\p{C}\p{Z}]/u.test(strange) ? `with code ${strange.codePointAt(0)}` : quote(strange)}`,
  );
}

function quotedAt(text: string, at: number): IToken {
  const isDouble = text.charAt(at) === '"';
  const path = isDouble ? matchAt(QUOTED_PATH, text, at) : undefined;
  if (path !== undefined) return token(path, SuffixPath, at);
  const end = endOfQuoted(text, at);
  if (end < 0) {
    throw new Fault("SQL_SYNTAX", { offset: at, length: 1 }, `the string that begins here has no closing ${text[at]}`);
  }
  return token(text.slice(at, end), isDouble ? DoubleQuoted : SingleQuoted, at);
}

function numericAt(text: string, at: number): IToken | undefined {
  NUMERIC.lastIndex = at;
  const match = NUMERIC.exec(text);
  if (match === null) return undefined;
  if (match[5] !== undefined) return token(match[0], Integer, at);
  if (match[4] !== undefined) return token(match[0], Decimal, at);
  return token(match[0], match[3] === undefined ? DateTime : DurationText, at);
}

function wordType(word: string): TokenType {
  if (/^root(?:\.|$)/i.test(word)) return RootPath;
  if (word.includes(".") || word.includes("*")) return SuffixPath;
  return keywordOf(word) ?? Identifier;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function token(image: string, type: TokenType, startOffset: number): IToken {
  return {
    image,
    startOffset,
    endOffset: startOffset + image.length - 1,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx ?? 0,
  };
}
