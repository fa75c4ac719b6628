import type { IToken, ParserMethod } from "chevrotain";
import type { Condition } from "./ast.ts";
import { comparisonOf, joinConditions, membershipOf, negate, rangeOf } from "./condition.ts";
import { Fault } from "./fault.ts";
import type { Operand } from "./operand.ts";
import { patternOf, placeOf, suffixOf } from "./paths.ts";
import {
  AndSign,
  CloseRound,
  Comma,
  ComparisonSign,
  K,
  Name,
  NotSign,
  OpenRound,
  OrSign,
  RootPath,
  SuffixPath,
} from "./tokens.ts";
import { ValueRules } from "./value-rules.ts";

/** Parentheses nest so deep at most: each level takes stack. */
const MAX_NESTING = 200;

/** Rules of WHERE. */
export class ConditionRules extends ValueRules {
  #depth = 0;

  /** Operands with AND and OR between them. One rule for both levels, so that a parenthesis costs little stack. */
  readonly condition: ParserMethod<[], Condition> = this.RULE("condition", () => {
    const operands = [this.SUBRULE(this.conditionOperand)];
    const isAnd: boolean[] = [];
    this.MANY(() => {
      this.OR([
        { ALT: () => isAnd.push(this.SUBRULE(this.andOperator)) },
        { ALT: () => isAnd.push(this.SUBRULE(this.orOperator)) },
      ]);
      operands.push(this.SUBRULE1(this.conditionOperand));
    });
    return this.ACTION(() => joinConditions(operands, isAnd));
  });

  private readonly andOperator: ParserMethod<[], boolean> = this.RULE("andOperator", () => {
    this.OR([{ ALT: () => this.CONSUME(K.AND) }, { ALT: () => this.CONSUME(AndSign) }]);
    return true;
  });

  private readonly orOperator: ParserMethod<[], boolean> = this.RULE("orOperator", () => {
    this.OR([{ ALT: () => this.CONSUME(K.OR) }, { ALT: () => this.CONSUME(OrSign) }]);
    return false;
  });

  private readonly conditionOperand: ParserMethod<[], Condition> = this.RULE("conditionOperand", () => {
    let negated = false;
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(K.NOT) }, { ALT: () => this.CONSUME(NotSign) }]);
      negated = !negated;
    });
    const condition = this.OR1([
      { ALT: () => this.SUBRULE(this.parentheses) },
      { ALT: () => this.SUBRULE(this.predicate) },
    ]);
    return negate(condition, negated);
  });

  private readonly parentheses: ParserMethod<[], Condition> = this.RULE("parentheses", () => {
    const open = this.CONSUME(OpenRound);
    this.ACTION(() => {
      this.#depth++;
      if (this.#depth > MAX_NESTING) {
        throw new Fault("SQL_SYNTAX", placeOf(open), `parentheses are nested deeper than ${MAX_NESTING} levels`);
      }
    });
    const condition = this.SUBRULE(this.condition);
    this.CONSUME(CloseRound);
    this.ACTION(() => {
      this.#depth--;
    });
    return condition;
  });

  private readonly predicate: ParserMethod<[], Condition> = this.RULE("predicate", () => {
    const subject = this.SUBRULE(this.side);
    return this.OR([
      {
        ALT: () => {
          const sign = this.CONSUME(ComparisonSign);
          const object = this.SUBRULE1(this.side);
          return this.ACTION(() => comparisonOf(subject, sign, object, this.options));
        },
      },
      { ALT: () => this.SUBRULE(this.test, { ARGS: [subject] }) },
    ]);
  });

  /** What follows a series other than a comparison: [NOT] IN, [NOT] BETWEEN. */
  private readonly test: ParserMethod<[Operand], Condition> = this.RULE("test", (subject: Operand) => {
    const negated = this.OPTION(() => this.CONSUME(K.NOT)) !== undefined;
    return this.OR([
      {
        ALT: () => {
          this.CONSUME(K.IN);
          const members: Operand[] = [];
          this.CONSUME(OpenRound);
          this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => members.push(this.SUBRULE(this.value)) });
          this.CONSUME(CloseRound);
          return this.ACTION(() => membershipOf(subject, members, negated, this.options));
        },
      },
      {
        ALT: () => {
          this.CONSUME(K.BETWEEN);
          const low = this.SUBRULE1(this.value);
          this.CONSUME(K.AND);
          const high = this.SUBRULE2(this.value);
          return this.ACTION(() => negate(rangeOf(subject, low, high, this.options), negated));
        },
      },
      { ALT: () => this.refuse(this.CONSUME(K.LIKE)) },
      { ALT: () => this.refuse(this.CONSUME(K.REGEXP)) },
      { ALT: () => this.refuse(this.CONSUME(K.IS), "IS [NOT] NULL") },
    ]);
  });

  /** A series, time, or a value. */
  private readonly side: ParserMethod<[], Operand> = this.RULE("side", () =>
    this.OR([{ ALT: () => this.SUBRULE(this.value) }, { ALT: () => this.SUBRULE(this.seriesSide) }]),
  );

  private readonly seriesSide: ParserMethod<[], Operand> = this.RULE("seriesSide", () => {
    const token = this.OR([
      { ALT: () => this.CONSUME(Name) },
      { ALT: () => this.CONSUME(SuffixPath) },
      { ALT: () => this.CONSUME(RootPath) },
    ]);
    return this.ACTION((): Operand => {
      const path = token.tokenType === RootPath ? patternOf(token) : suffixOf(token);
      const isTime = token.tokenType === K.TIME || token.tokenType === K.TIMESTAMP;
      return { kind: "series", path, isTime, place: path.place };
    });
  });

  /** Forgets what an earlier parse left behind when it was broken off. */
  protected restart(): void {
    this.#depth = 0;
  }

  /** Refuses a part of the original's language by name. */
  protected refuse(token: IToken, name?: string): never {
    return this.ACTION(() => {
      throw new Fault(
        "UNSUPPORTED",
        placeOf(token),
        `${name ?? token.image.toUpperCase()} is not supported in this version`,
      );
    }) as never;
  }
}
