import type { ParserMethod } from "chevrotain";
import { AGGREGATES, aggregateOf, isOtherFunction } from "./aggregates.ts";
import type { AggregateName, FillItem, PathText, Place, SelectItem, SelectStatement, TypeName } from "./ast.ts";
import { ConditionRules } from "./condition-rules.ts";
import { Fault, quote } from "./fault.ts";
import { unquote } from "./operand.ts";
import { placeBetween, placeOf } from "./paths.ts";
import { buildSelect, type Clause, type ClauseBody, type CountClause } from "./select.ts";
import {
  CloseRound,
  CloseSquare,
  Comma,
  DoubleQuoted,
  Equal,
  K,
  Name,
  OpenRound,
  OpenSquare,
  SingleQuoted,
  Word,
} from "./tokens.ts";

/** Rules of SELECT. */
export class SelectRules extends ConditionRules {
  readonly select: ParserMethod<[], SelectStatement> = this.RULE("select", () => {
    const items: SelectItem[] = [];
    const clauses: Clause[] = [];
    this.CONSUME(K.SELECT);
    const last = this.OPTION({ GATE: () => this.#isLastKeyword(), DEF: () => this.CONSUME(K.LAST) });
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.selectItem)) });
    this.OPTION1(() => this.refuse(this.CONSUME(K.INTO), "SELECT INTO"));
    this.CONSUME(K.FROM);
    const from = this.SUBRULE(this.pathsFromRoot);
    const where = this.OPTION2(() => {
      this.CONSUME(K.WHERE);
      return this.SUBRULE(this.condition);
    });
    this.MANY(() => clauses.push(this.SUBRULE(this.clause)));
    return this.ACTION(() => buildSelect({ last: last !== undefined, items, from, where, clauses }));
  });

  private readonly selectItem: ParserMethod<[], SelectItem> = this.RULE("selectItem", () => {
    const item = this.OR([
      { ALT: () => this.SUBRULE(this.functionCall) },
      { ALT: () => ({ name: undefined, path: this.SUBRULE(this.suffixPath) }) },
    ]);
    const alias = this.OPTION(() => {
      this.CONSUME(K.AS);
      return this.SUBRULE(this.alias);
    });
    return this.ACTION((): SelectItem => {
      const { name, path } = item;
      return name === undefined ? { kind: "series", path, alias } : { kind: "aggregate", name, path, alias };
    });
  });

  private readonly functionCall: ParserMethod<[], { name: AggregateName; path: PathText }> = this.RULE(
    "functionCall",
    () => {
      const word = this.CONSUME(Name);
      this.CONSUME(OpenRound);
      const name = this.ACTION(() => aggregateOrFault(word.image, placeOf(word)));
      const path = this.SUBRULE(this.suffixPath);
      this.CONSUME(CloseRound);
      return { name, path };
    },
  );

  private readonly alias: ParserMethod<[], string> = this.RULE("alias", () => {
    const token = this.OR([
      { ALT: () => this.CONSUME(Word) },
      { ALT: () => this.CONSUME(DoubleQuoted) },
      { ALT: () => this.CONSUME(SingleQuoted) },
    ]);
    return this.ACTION(() => {
      const alias = token.tokenType === DoubleQuoted || token.tokenType === SingleQuoted ? unquote(token) : token.image;
      if (alias === "") throw new Fault("SQL_SEMANTIC", placeOf(token), "an alias cannot be empty");
      return alias;
    });
  });

  private readonly clause: ParserMethod<[], Clause> = this.RULE("clause", () => {
    const first = this.LA(1);
    const clause = this.OR([
      { ALT: () => this.SUBRULE(this.groupBy) },
      { ALT: () => this.SUBRULE(this.fill) },
      { ALT: () => this.SUBRULE(this.orderBy) },
      { ALT: () => this.SUBRULE(this.limit) },
      { ALT: () => this.SUBRULE(this.offset) },
      { ALT: () => this.SUBRULE(this.alignBy) },
      { ALT: () => this.refuse(this.CONSUME(K.SLIMIT)) },
      { ALT: () => this.refuse(this.CONSUME(K.SOFFSET)) },
      { ALT: () => this.refuse(this.CONSUME(K.DISABLE), "DISABLE ALIGN") },
      { ALT: () => this.refuse(this.CONSUME(K.WITHOUT), "WITHOUT NULL") },
    ]);
    return this.ACTION(() => ({ ...clause, place: placeBetween(first, this.LA(0)) }));
  });

  private readonly groupBy: ParserMethod<[], ClauseBody> = this.RULE("groupBy", () => {
    this.CONSUME(K.GROUP);
    this.CONSUME(K.BY);
    return this.OR([
      {
        ALT: (): ClauseBody => {
          this.CONSUME(K.DEVICE);
          return { kind: "alignByDevice" };
        },
      },
      { ALT: (): ClauseBody => ({ kind: "groupByLevel", level: this.SUBRULE(this.level) }) },
      { ALT: () => this.SUBRULE(this.groupByTime) },
    ]);
  });

  protected readonly level: ParserMethod<[], number> = this.RULE("level", () => {
    this.CONSUME(K.LEVEL);
    this.CONSUME(Equal);
    return this.SUBRULE(this.count, { ARGS: ["LEVEL", 0] });
  });

  private readonly groupByTime: ParserMethod<[], ClauseBody> = this.RULE("groupByTime", () => {
    this.CONSUME(OpenRound);
    const left = this.OR([{ ALT: () => this.CONSUME(OpenSquare) }, { ALT: () => this.CONSUME1(OpenRound) }]);
    const start = this.SUBRULE(this.time);
    this.CONSUME(Comma);
    const end = this.SUBRULE1(this.time);
    const right = this.OR1([{ ALT: () => this.CONSUME(CloseRound) }, { ALT: () => this.CONSUME(CloseSquare) }]);
    this.CONSUME1(Comma);
    const interval = this.SUBRULE(this.duration);
    const step = this.OPTION(() => {
      this.CONSUME2(Comma);
      return this.SUBRULE1(this.duration);
    });
    this.CONSUME2(CloseRound);
    const level = this.OPTION1(() => {
      this.CONSUME3(Comma);
      return this.SUBRULE(this.level);
    });
    return this.ACTION((): ClauseBody => {
      const bounds = left.image + right.image;
      if (bounds !== "[)" && bounds !== "(]") {
        const place = placeBetween(left, right);
        throw new Fault(
          "SQL_SEMANTIC",
          place,
          "a range of GROUP BY is [start, end) or (start, end]: exactly one end belongs to it",
        );
      }
      const groupBy = { start, end, bounds, interval, step: step ?? interval } as const;
      return { kind: "groupByTime", groupBy, level };
    });
  });

  private readonly fill: ParserMethod<[], ClauseBody> = this.RULE("fill", (): ClauseBody => {
    const items: { item: FillItem; place: Place }[] = [];
    this.CONSUME(K.FILL);
    this.CONSUME(OpenRound);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.fillItem)) });
    this.CONSUME(CloseRound);
    return { kind: "fill", items };
  });

  private readonly fillItem: ParserMethod<[], { item: FillItem; place: Place }> = this.RULE("fillItem", () => {
    const first = this.LA(1);
    const type = this.OR([
      { ALT: () => this.SUBRULE(this.dataType) },
      {
        ALT: (): "ALL" => {
          this.CONSUME(K.ALL);
          return "ALL";
        },
      },
    ]);
    this.CONSUME(OpenSquare);
    const fill = this.OR1([
      {
        ALT: () => {
          this.CONSUME(K.PREVIOUS);
          const before = this.OPTION(() => {
            this.CONSUME(Comma);
            return this.SUBRULE(this.duration);
          });
          return { method: "previous", before, after: undefined } as const;
        },
      },
      { ALT: () => this.SUBRULE(this.linear) },
      { ALT: () => this.refuse(this.CONSUME(K.PREVIOUSUNTILLAST)) },
      { ALT: () => this.SUBRULE(this.fillValue) },
    ]);
    this.CONSUME(CloseSquare);
    return this.ACTION(() => ({ item: { type, ...fill }, place: placeBetween(first, this.LA(0)) }));
  });

  private readonly fillValue: ParserMethod<[], never> = this.RULE("fillValue", () => {
    const value = this.SUBRULE(this.value);
    return this.ACTION(() => {
      throw new Fault("UNSUPPORTED", value.place, "FILL with a value is not supported in this version");
    }) as never;
  });

  private readonly linear: ParserMethod<[], Omit<FillItem, "type">> = this.RULE(
    "linear",
    (): Omit<FillItem, "type"> => {
      this.CONSUME(K.LINEAR);
      const range = this.OPTION(() => {
        this.CONSUME(Comma);
        const before = this.SUBRULE(this.duration);
        this.CONSUME1(Comma);
        return { before, after: this.SUBRULE1(this.duration) };
      });
      return { method: "linear", before: range?.before, after: range?.after };
    },
  );

  readonly dataType: ParserMethod<[], TypeName> = this.RULE("dataType", () => {
    const token = this.OR([
      { ALT: () => this.CONSUME(K.BOOLEAN) },
      { ALT: () => this.CONSUME(K.INT32) },
      { ALT: () => this.CONSUME(K.INT64) },
      { ALT: () => this.CONSUME(K.FLOAT) },
      { ALT: () => this.CONSUME(K.DOUBLE) },
      { ALT: () => this.CONSUME(K.TEXT) },
    ]);
    return this.ACTION(() => token.tokenType.name as TypeName);
  });

  private readonly orderBy: ParserMethod<[], ClauseBody> = this.RULE("orderBy", (): ClauseBody => {
    this.CONSUME(K.ORDER);
    this.CONSUME(K.BY);
    this.OR([{ ALT: () => this.CONSUME(K.TIME) }, { ALT: () => this.CONSUME(K.TIMESTAMP) }]);
    const order = this.OPTION(() =>
      this.OR1([{ ALT: () => this.CONSUME(K.ASC) }, { ALT: () => this.CONSUME(K.DESC) }]),
    );
    return this.ACTION((): ClauseBody => ({ kind: "orderBy", descending: order?.tokenType === K.DESC }));
  });

  readonly limit: ParserMethod<[], CountClause<"limit">> = this.RULE("limit", (): CountClause<"limit"> => {
    this.CONSUME(K.LIMIT);
    return { kind: "limit", count: this.SUBRULE(this.count, { ARGS: ["LIMIT", 1] }) };
  });

  readonly offset: ParserMethod<[], CountClause<"offset">> = this.RULE("offset", (): CountClause<"offset"> => {
    this.CONSUME(K.OFFSET);
    return { kind: "offset", count: this.SUBRULE(this.count, { ARGS: ["OFFSET", 0] }) };
  });

  private readonly alignBy: ParserMethod<[], ClauseBody> = this.RULE("alignBy", (): ClauseBody => {
    this.CONSUME(K.ALIGN);
    this.CONSUME(K.BY);
    this.CONSUME(K.DEVICE);
    return { kind: "alignByDevice" };
  });

  /** `SELECT last FROM …` and `SELECT last, …` read a series of that name. */
  #isLastKeyword(): boolean {
    return ![Comma, OpenRound, K.FROM, K.AS, K.INTO].includes(this.LA(2).tokenType);
  }
}

function aggregateOrFault(word: string, place: Place): AggregateName {
  const name = aggregateOf(word);
  if (name !== undefined) return name;
  if (isOtherFunction(word)) throw new Fault("UNSUPPORTED", place, `function ${word} is not supported in this version`);
  const known = AGGREGATES.join(", ");
  const hint = word.toLowerCase() === "last" ? "; the last point of a series is SELECT LAST s1 FROM …" : "";
  throw new Fault("SQL_SEMANTIC", place, `unknown function ${quote(word)}: known are ${known}${hint}`, AGGREGATES);
}
