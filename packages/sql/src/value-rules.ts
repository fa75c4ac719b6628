import { EmbeddedActionsParser, type IToken, type ParserMethod } from "chevrotain";
import type { Duration, ParseOptions, PathText, TimeExpression } from "./ast.ts";
import { parseDuration } from "./duration.ts";
import { Fault, locate } from "./fault.ts";
import { type Operand, timeOf } from "./operand.ts";
import { patternOf, placeBetween, placeOf, suffixOf } from "./paths.ts";
import { shiftTime } from "./time-expression.ts";
import { parseTimestamp } from "./timestamp.ts";
import {
  CloseRound,
  Comma,
  DateTime,
  Decimal,
  DoubleQuoted,
  DurationText,
  Integer,
  K,
  Minus,
  Name,
  OpenRound,
  Plus,
  RootPath,
  SingleQuoted,
  SuffixPath,
  VOCABULARY,
} from "./tokens.ts";

/** Largest LIMIT, OFFSET and LEVEL. */
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Rules of what statements are made of: paths, values, times, durations, counts. The classes that extend this one add the
 * clauses and statements. While chevrotain records the grammar the tokens are dummies, so whatever looks into a token
 * stands in an ACTION.
 */
export class ValueRules extends EmbeddedActionsParser {
  /** Set before each parse. */
  options: ParseOptions = { precision: "ms", zone: "Z" };

  constructor() {
    super(VOCABULARY, { recoveryEnabled: false, maxLookahead: 2, nodeLocationTracking: "none" });
  }

  /** A path from root, wildcards allowed. */
  readonly pathFromRoot: ParserMethod<[], PathText> = this.RULE("pathFromRoot", () => {
    const path = this.CONSUME(RootPath);
    return this.ACTION(() => patternOf(path));
  });

  readonly pathsFromRoot: ParserMethod<[], PathText[]> = this.RULE("pathsFromRoot", () => {
    const paths: PathText[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => paths.push(this.SUBRULE(this.pathFromRoot)) });
    return paths;
  });

  /** A path below the prefixes of FROM. */
  readonly suffixPath: ParserMethod<[], PathText> = this.RULE("suffixPath", () => {
    const path = this.OR([
      { ALT: () => this.CONSUME(Name) },
      { ALT: () => this.CONSUME(SuffixPath) },
      { ALT: () => this.CONSUME(DoubleQuoted) },
      { ALT: () => this.CONSUME(Integer) },
      { ALT: () => this.CONSUME(DurationText) },
      { ALT: () => this.CONSUME(RootPath) },
    ]);
    return this.ACTION(() => {
      if (path.tokenType === RootPath) {
        throw new Fault(
          "SQL_SEMANTIC",
          placeOf(path),
          "series in SELECT are named below the paths of FROM, not from root",
        );
      }
      return suffixOf(path);
    });
  });

  readonly duration: ParserMethod<[], Duration> = this.RULE("duration", () => {
    const minus = this.OPTION(() => this.CONSUME(Minus));
    const text = this.CONSUME(DurationText);
    return this.ACTION(() => {
      if (minus !== undefined) {
        throw new Fault("SQL_SEMANTIC", placeBetween(minus, text), "a duration here cannot be negative");
      }
      return locate(placeOf(text), () => parseDuration(text.image, this.options.precision));
    });
  });

  /** A time or a value, as in a row of INSERT. */
  readonly value: ParserMethod<[], Operand> = this.RULE("value", () =>
    this.OR([
      { ALT: () => this.SUBRULE(this.number) },
      { ALT: () => this.SUBRULE(this.stringOrWord) },
      { ALT: () => this.SUBRULE(this.moment) },
    ]),
  );

  readonly time: ParserMethod<[], TimeExpression> = this.RULE("time", () => {
    const operand = this.SUBRULE(this.value);
    return this.ACTION(() => timeOf(operand, this.options));
  });

  /** A count such as that of LIMIT. `minimum` is the least that makes sense. */
  readonly count: ParserMethod<[string, number], number> = this.RULE("count", (clause: string, minimum: number) => {
    const operand = this.SUBRULE(this.number);
    return this.ACTION(() => {
      const count = operand.kind === "integer" ? Number(operand.text) : Number.NaN;
      if (count >= minimum && count <= MAX_COUNT) return count;
      throw new Fault("SQL_SEMANTIC", operand.place, `${clause} takes a whole number from ${minimum} to ${MAX_COUNT}`);
    });
  });

  protected readonly number: ParserMethod<[], Operand> = this.RULE("number", () => {
    const sign = this.OPTION(() => this.OR([{ ALT: () => this.CONSUME(Minus) }, { ALT: () => this.CONSUME(Plus) }]));
    const digits = this.OR1([{ ALT: () => this.CONSUME(Integer) }, { ALT: () => this.CONSUME(Decimal) }]);
    return this.ACTION((): Operand => {
      const kind = digits.tokenType === Integer ? "integer" : "decimal";
      if (sign === undefined) return { kind, text: digits.image, place: placeOf(digits) };
      return { kind, text: sign.image + digits.image, place: placeBetween(sign, digits) };
    });
  });

  protected readonly stringOrWord: ParserMethod<[], Operand> = this.RULE("stringOrWord", () =>
    this.OR([
      { ALT: () => this.stringOperand(this.CONSUME(SingleQuoted)) },
      { ALT: () => this.stringOperand(this.CONSUME(DoubleQuoted)) },
      { ALT: () => this.wordOperand(this.CONSUME(K.TRUE)) },
      { ALT: () => this.wordOperand(this.CONSUME(K.FALSE)) },
      { ALT: () => this.wordOperand(this.CONSUME(K.NULL)) },
      { ALT: () => this.wordOperand(this.CONSUME(K.NAN)) },
    ]),
  );

  /** A date or now(), with durations added and taken away. */
  protected readonly moment: ParserMethod<[], Operand> = this.RULE("moment", () => {
    let time: TimeExpression = { kind: "now", offset: 0n };
    const first = this.OR([
      { ALT: () => this.CONSUME(DateTime) },
      {
        ALT: () => {
          const now = this.CONSUME(K.NOW);
          this.CONSUME(OpenRound);
          this.CONSUME(CloseRound);
          return now;
        },
      },
    ]);
    this.ACTION(() => {
      if (first.tokenType !== DateTime) return;
      time = locate(placeOf(first), () => ({ kind: "ticks", value: parseTimestamp(first.image, this.options) }));
    });
    this.MANY(() => {
      const sign = this.OR1([{ ALT: () => this.CONSUME(Plus) }, { ALT: () => this.CONSUME(Minus) }]);
      const span = this.CONSUME(DurationText);
      this.ACTION(() => {
        time = this.moveTime(time, sign, span);
      });
    });
    return this.ACTION((): Operand => ({ kind: "time", time, place: placeBetween(first, this.LA(0)) }));
  });

  private moveTime(time: TimeExpression, sign: IToken, span: IToken): TimeExpression {
    const place = placeOf(span);
    const { months, ticks } = locate(place, () => parseDuration(span.image, this.options.precision));
    if (months > 0) {
      throw new Fault("SQL_SEMANTIC", place, "calendar months cannot be added to a time: write them as days");
    }
    return shiftTime(time, sign.tokenType === Minus ? -ticks : ticks, placeBetween(sign, span));
  }

  private stringOperand(token: IToken): Operand {
    return { kind: "string", token, place: this.ACTION(() => placeOf(token)) };
  }

  private wordOperand(token: IToken): Operand {
    return { kind: "word", token, place: this.ACTION(() => placeOf(token)) };
  }
}
