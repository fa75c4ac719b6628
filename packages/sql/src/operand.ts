import type { IToken } from "chevrotain";
import type { Literal, ParseOptions, PathText, Place, TimeExpression } from "./ast.ts";
import { Fault, locate, quote } from "./fault.ts";
import { suffixOf } from "./paths.ts";
import { parseInt64 } from "./range.ts";
import { shorten } from "./shorten.ts";
import { parseTimestamp } from "./timestamp.ts";
import { DoubleQuoted, K } from "./tokens.ts";

/** What stands on a side of a comparison or in a row, before it is known whether a time, a literal or a series is meant. */
export type Operand =
  | { readonly kind: "word" | "string"; readonly token: IToken; readonly place: Place }
  /** `text` has the sign, if any. */
  | { readonly kind: "integer" | "decimal"; readonly text: string; readonly place: Place }
  | { readonly kind: "time"; readonly time: TimeExpression; readonly place: Place }
  | { readonly kind: "series"; readonly path: PathText; readonly isTime: boolean; readonly place: Place };

/** The operand as a value. Dates and series are none. */
export function literalOf(operand: Operand): Literal {
  switch (operand.kind) {
    case "word":
      return wordLiteral(operand.token);
    case "string":
      return { kind: "text", value: unquote(operand.token) };
    case "integer": {
      const value = parseInt64(operand.text);
      if (value !== undefined) return { kind: "integer", value };
      throw new Fault("VALUE_OUT_OF_RANGE", operand.place, `${shorten(operand.text)} does not fit in signed 64 bits`);
    }
    case "decimal": {
      const value = Number(operand.text);
      if (Number.isFinite(value)) return { kind: "decimal", value };
      throw new Fault("VALUE_OUT_OF_RANGE", operand.place, `${shorten(operand.text)} does not fit in a DOUBLE`);
    }
    case "time":
      throw new Fault(
        "SQL_SEMANTIC",
        operand.place,
        "a date or now() stands for a time; as a TEXT value it needs quotes",
      );
    case "series":
      throw new Fault("SQL_SEMANTIC", operand.place, `${quote(operand.path.text)} is a series; a value was expected`);
  }
}

/** The operand as a time: ticks, a date (in quotes or not) or now(). */
export function timeOf(operand: Operand, options: ParseOptions): TimeExpression {
  switch (operand.kind) {
    case "time":
      return operand.time;
    case "integer": {
      const value = parseInt64(operand.text);
      if (value !== undefined) return { kind: "ticks", value };
      throw new Fault(
        "TIME_OUT_OF_RANGE",
        operand.place,
        `time ${shorten(operand.text)} does not fit in signed 64 bits`,
      );
    }
    case "string": {
      const text = unquote(operand.token);
      return locate(operand.place, () => ({ kind: "ticks", value: parseTimestamp(text, options) }));
    }
    case "word":
    case "decimal":
    case "series":
      throw new Fault("SQL_SEMANTIC", operand.place, "a time is a whole number of ticks, a date, or now()");
  }
}

/** The operand as a series, when it can be one; text in double quotes can (`"a.b" > 5`). */
export function seriesOf(operand: Operand): PathText | undefined {
  if (operand.kind === "series") return operand.path;
  return operand.kind === "string" && operand.token.tokenType === DoubleQuoted ? suffixOf(operand.token) : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };

/** The text between the quotes, with doubled quotes and escapes (`\n \r \t \\ \' \" \uXXXX`) resolved. */
export function unquote(token: IToken): string {
  const inner = token.image.slice(1, -1);
  const quoteMark = token.image.charAt(0);
  if (!inner.includes("\\") && !inner.includes(quoteMark)) return inner;
  return inner.replaceAll(
    /\\u([0-9A-Fa-f]{4})|\\([\s\S])|''|""/g,
    (match, hex: string | undefined, char, at: number) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (char === undefined) return match.startsWith(quoteMark) ? quoteMark : match;
      const escaped = ESCAPES[String(char)];
      if (escaped !== undefined) return escaped;
      const place = { offset: token.startOffset + 1 + at, length: match.length };
      throw new Fault("SQL_SYNTAX", place, `unknown escape ${quote(match)}: a backslash itself is written \\\\`);
    },
  );
}

function wordLiteral(token: IToken): Literal {
  if (token.tokenType === K.NULL) return { kind: "null" };
  if (token.tokenType === K.NAN) return { kind: "decimal", value: Number.NaN };
  return { kind: "boolean", value: token.tokenType === K.TRUE };
}
