import { createToken, type TokenType } from "chevrotain";

/**
 * Words that end or join clauses. They cannot stand alone as the name of a series in SELECT and WHERE; inside of a path
 * (`d1.from`, `root.sg.where`), in the column list of INSERT and as an alias every word is just a name.
 */
const RESERVED = [
  "SELECT",
  "FROM",
  "WHERE",
  "AND",
  "OR",
  "NOT",
  "IN",
  "IS",
  "AS",
  "BETWEEN",
  "LIKE",
  "REGEXP",
  "INTO",
  "VALUES",
  "NULL",
  "TRUE",
  "FALSE",
  "NAN",
] as const;

const NOT_RESERVED = [
  "CREATE",
  "SET",
  "STORAGE",
  "GROUP",
  "TO",
  "DELETE",
  "DROP",
  "TIMESERIES",
  "WITH",
  "DATATYPE",
  "ENCODING",
  "COMPRESSION",
  "COMPRESSOR",
  "INSERT",
  "TIME",
  "TIMESTAMP",
  "NOW",
  "ALIGNED",
  "LAST",
  "BY",
  "LEVEL",
  "DEVICE",
  "FILL",
  "PREVIOUS",
  "PREVIOUSUNTILLAST",
  "LINEAR",
  "ALL",
  "ALIGN",
  "ORDER",
  "ASC",
  "DESC",
  "LIMIT",
  "OFFSET",
  "SLIMIT",
  "SOFFSET",
  "DISABLE",
  "WITHOUT",
  "SHOW",
  "DEVICES",
  "CHILD",
  "PATHS",
  "COUNT",
  "FLUSH",
  "BOOLEAN",
  "INT32",
  "INT64",
  "FLOAT",
  "DOUBLE",
  "TEXT",
] as const;

type KeywordName = (typeof RESERVED)[number] | (typeof NOT_RESERVED)[number];

/** Any single word. */
export const Word = createToken({ name: "Word" });
/** A word that may stand alone as a series: everything but the reserved ones. */
export const Name = createToken({ name: "Name", categories: Word });
export const Identifier = createToken({ name: "Identifier", categories: Name });

function keywordTokens(): Record<KeywordName, TokenType> {
  const tokens: Partial<Record<KeywordName, TokenType>> = {};
  for (const name of RESERVED) tokens[name] = createToken({ name, categories: Word });
  for (const name of NOT_RESERVED) tokens[name] = createToken({ name, categories: Name });
  return tokens as Record<KeywordName, TokenType>;
}

/** Token types of the keywords, by name. */
export const K: Readonly<Record<KeywordName, TokenType>> = keywordTokens();

/** Words of the original's language that are recognised only to be refused by name: never suggested. */
const REFUSED: ReadonlySet<string> = new Set<KeywordName>([
  "SLIMIT",
  "SOFFSET",
  "DISABLE",
  "WITHOUT",
  "INTO",
  "IS",
  "LIKE",
  "REGEXP",
  "ALIGNED",
  "PREVIOUSUNTILLAST",
]);

const keywordByText: ReadonlyMap<string, TokenType> = new Map(Object.entries(K));

/** The keyword that a word is, whatever its case. */
export function keywordOf(word: string): TokenType | undefined {
  return keywordByText.get(word) ?? keywordByText.get(word.toUpperCase());
}

/** True for keywords that can be suggested to a user. */
export function isOfferedKeyword(name: string): boolean {
  return keywordByText.has(name) && !REFUSED.has(name);
}

/** The dialect's keywords, upper case. They are not case-sensitive. */
export const KEYWORDS: readonly string[] = [...RESERVED, ...NOT_RESERVED].filter((name) => !REFUSED.has(name));

/** `root.sg.d1`, wildcards allowed. */
export const RootPath = createToken({ name: "RootPath" });
/** Several nodes or wildcards below a prefix: `d1.s1`, `*`, `**.s1`. */
export const SuffixPath = createToken({ name: "SuffixPath" });
export const SingleQuoted = createToken({ name: "SingleQuoted" });
export const DoubleQuoted = createToken({ name: "DoubleQuoted" });
export const DateTime = createToken({ name: "DateTime" });
export const DurationText = createToken({ name: "DurationText" });
export const Decimal = createToken({ name: "Decimal" });
export const Integer = createToken({ name: "Integer" });

/** Operators that make a Condition. */
export const ComparisonSign = createToken({ name: "ComparisonSign" });
export const Equal = createToken({ name: "Equal", categories: ComparisonSign });
const Unequal = createToken({ name: "Unequal", categories: ComparisonSign });
export const AndSign = createToken({ name: "AndSign" });
export const OrSign = createToken({ name: "OrSign" });
export const NotSign = createToken({ name: "NotSign" });
export const Plus = createToken({ name: "Plus" });
export const Minus = createToken({ name: "Minus" });
export const Comma = createToken({ name: "Comma" });
export const Semicolon = createToken({ name: "Semicolon" });
export const OpenRound = createToken({ name: "OpenRound" });
export const CloseRound = createToken({ name: "CloseRound" });
export const OpenSquare = createToken({ name: "OpenSquare" });
export const CloseSquare = createToken({ name: "CloseSquare" });

const SYMBOLS: ReadonlyMap<string, TokenType> = new Map([
  ["<", Unequal],
  ["<=", Unequal],
  [">", Unequal],
  [">=", Unequal],
  ["!=", Unequal],
  ["<>", Unequal],
  ["=", Equal],
  ["==", Equal],
  ["&", AndSign],
  ["&&", AndSign],
  ["|", OrSign],
  ["||", OrSign],
  ["!", NotSign],
  ["+", Plus],
  ["-", Minus],
  [",", Comma],
  [";", Semicolon],
  ["(", OpenRound],
  [")", CloseRound],
  ["[", OpenSquare],
  ["]", CloseSquare],
]);

/** The type of an operator or punctuation mark. */
export function symbolOf(text: string): TokenType | undefined {
  return SYMBOLS.get(text);
}

/** Everything that the grammar knows. */
export const VOCABULARY: TokenType[] = [
  Word,
  Name,
  Identifier,
  ...Object.values(K),
  RootPath,
  SuffixPath,
  SingleQuoted,
  DoubleQuoted,
  DateTime,
  DurationText,
  Decimal,
  Integer,
  ComparisonSign,
  ...new Set(SYMBOLS.values()),
];
