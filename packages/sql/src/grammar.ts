import type { IToken, ParserMethod } from "chevrotain";
import type { ParseOptions, PathText, Statement } from "./ast.ts";
import { buildCreateTimeseries, checkPropertyKey, type Property } from "./create.ts";
import { timeRangeOf } from "./delete-range.ts";
import { buildInsert, type Row } from "./insert.ts";
import { exactPathOf, placeBetween } from "./paths.ts";
import { SelectRules } from "./select-rules.ts";
import {
  CloseRound,
  Comma,
  Decimal,
  DoubleQuoted,
  DurationText,
  Equal,
  Identifier,
  Integer,
  K,
  OpenRound,
  RootPath,
  Semicolon,
  SingleQuoted,
  SuffixPath,
  Word,
} from "./tokens.ts";

/** Rules of the statements; the whole grammar. Built once, used for every parse: it keeps nothing between them. */
class Grammar extends SelectRules {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  readonly statement: ParserMethod<[], Statement> = this.RULE("statement", () => {
    const statement = this.OR([
      { ALT: (): Statement => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.insert) },
      { ALT: () => this.SUBRULE(this.create) },
      { ALT: () => this.SUBRULE(this.setStorageGroup) },
      { ALT: () => this.SUBRULE(this.delete) },
      { ALT: () => this.SUBRULE(this.drop) },
      { ALT: () => this.SUBRULE(this.show) },
      { ALT: () => this.SUBRULE(this.countTimeseries) },
      { ALT: () => this.SUBRULE(this.flush) },
    ]);
    this.OPTION(() => this.CONSUME(Semicolon));
    return statement;
  });

  private readonly insert: ParserMethod<[], Statement> = this.RULE("insert", () => {
    const columns: IToken[] = [];
    const rows: Row[] = [];
    this.CONSUME(K.INSERT);
    this.CONSUME(K.INTO);
    const device = this.CONSUME(RootPath);
    this.CONSUME(OpenRound);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => columns.push(this.SUBRULE(this.column)) });
    this.CONSUME(CloseRound);
    this.OPTION(() => this.refuse(this.CONSUME(K.ALIGNED)));
    this.CONSUME(K.VALUES);
    this.AT_LEAST_ONE_SEP1({ SEP: Comma, DEF: () => rows.push(this.SUBRULE(this.row)) });
    return this.ACTION(() => buildInsert(device, columns, rows, this.options));
  });

  private readonly column: ParserMethod<[], IToken> = this.RULE("column", () =>
    this.OR([
      { ALT: () => this.CONSUME(Word) },
      { ALT: () => this.CONSUME(SuffixPath) },
      { ALT: () => this.CONSUME(DoubleQuoted) },
      { ALT: () => this.CONSUME(Integer) },
      { ALT: () => this.CONSUME(DurationText) },
    ]),
  );

  private readonly row: ParserMethod<[], Row> = this.RULE("row", () => {
    const values: Row["values"][number][] = [];
    const open = this.CONSUME(OpenRound);
    this.AT_LEAST_ONE_SEP({ SEP: Comma, DEF: () => values.push(this.SUBRULE(this.value)) });
    const close = this.CONSUME(CloseRound);
    return this.ACTION(() => ({ values, place: placeBetween(open, close) }));
  });

  private readonly create: ParserMethod<[], Statement> = this.RULE("create", () => {
    this.CONSUME(K.CREATE);
    return this.OR([
      { ALT: () => this.SUBRULE(this.newStorageGroup) },
      { ALT: () => this.SUBRULE(this.newTimeseries) },
    ]);
  });

  private readonly setStorageGroup: ParserMethod<[], Statement> = this.RULE("setStorageGroup", () => {
    this.CONSUME(K.SET);
    return this.SUBRULE(this.newStorageGroup);
  });

  private readonly newStorageGroup: ParserMethod<[], Statement> = this.RULE("newStorageGroup", () => {
    this.SUBRULE(this.storageGroup);
    this.OPTION(() => this.CONSUME(K.TO));
    const path = this.CONSUME(RootPath);
    return this.ACTION((): Statement => ({ kind: "createStorageGroup", path: exactPathOf(path, "storage group") }));
  });

  private readonly storageGroup: ParserMethod<[], void> = this.RULE("storageGroup", () => {
    this.CONSUME(K.STORAGE);
    this.CONSUME(K.GROUP);
  });

  private readonly newTimeseries: ParserMethod<[], Statement> = this.RULE("newTimeseries", () => {
    const properties: Property[] = [];
    this.CONSUME(K.TIMESERIES);
    const path = this.CONSUME(RootPath);
    this.OPTION(() => this.refuse(this.CONSUME(OpenRound), "an alias of a time series"));
    this.OPTION1(() => this.CONSUME(K.WITH));
    const type = this.OPTION2(() => this.SUBRULE(this.dataType));
    this.MANY(() => {
      this.OPTION3(() => this.CONSUME(Comma));
      properties.push(this.SUBRULE(this.property));
    });
    return this.ACTION(() => buildCreateTimeseries(path, type, properties));
  });

  private readonly property: ParserMethod<[], Property> = this.RULE("property", () => {
    const key = this.OR([
      { ALT: () => this.CONSUME(K.DATATYPE) },
      { ALT: () => this.CONSUME(K.ENCODING) },
      { ALT: () => this.CONSUME(K.COMPRESSION) },
      { ALT: () => this.CONSUME(K.COMPRESSOR) },
      { ALT: () => this.CONSUME(Identifier) },
    ]);
    this.ACTION(() => checkPropertyKey(key));
    this.CONSUME(Equal);
    return { key, value: this.SUBRULE(this.propertyValue) };
  });

  private readonly propertyValue: ParserMethod<[], IToken> = this.RULE("propertyValue", () =>
    this.OR([
      { ALT: () => this.CONSUME(Word) },
      { ALT: () => this.CONSUME(SingleQuoted) },
      { ALT: () => this.CONSUME(DoubleQuoted) },
      { ALT: () => this.CONSUME(Integer) },
      { ALT: () => this.CONSUME(Decimal) },
    ]),
  );

  private readonly delete: ParserMethod<[], Statement> = this.RULE("delete", () => {
    this.CONSUME(K.DELETE);
    return this.OR([
      {
        ALT: (): Statement => {
          this.SUBRULE(this.storageGroup);
          return { kind: "deleteStorageGroup", paths: this.SUBRULE(this.pathsFromRoot) };
        },
      },
      { ALT: () => this.SUBRULE(this.oldTimeseries) },
      { ALT: () => this.SUBRULE(this.deleteData) },
    ]);
  });

  private readonly drop: ParserMethod<[], Statement> = this.RULE("drop", () => {
    this.CONSUME(K.DROP);
    return this.SUBRULE(this.oldTimeseries);
  });

  private readonly oldTimeseries: ParserMethod<[], Statement> = this.RULE("oldTimeseries", (): Statement => {
    this.CONSUME(K.TIMESERIES);
    return { kind: "deleteTimeseries", paths: this.SUBRULE(this.pathsFromRoot) };
  });

  private readonly deleteData: ParserMethod<[], Statement> = this.RULE("deleteData", () => {
    this.CONSUME(K.FROM);
    const paths = this.SUBRULE(this.pathsFromRoot);
    const first = this.LA(2);
    const where = this.OPTION(() => {
      this.CONSUME(K.WHERE);
      return this.SUBRULE(this.condition);
    });
    return this.ACTION((): Statement => {
      const range = timeRangeOf(where, placeBetween(first, this.LA(0)));
      return { kind: "deleteData", paths, ...range };
    });
  });

  private readonly show: ParserMethod<[], Statement> = this.RULE("show", () => {
    this.CONSUME(K.SHOW);
    return this.OR([
      {
        ALT: (): Statement => {
          this.SUBRULE(this.storageGroup);
          return { kind: "showStorageGroup", path: this.SUBRULE(this.optionalPath) };
        },
      },
      { ALT: () => this.SUBRULE(this.showList) },
      {
        ALT: (): Statement => {
          this.CONSUME(K.CHILD);
          this.CONSUME(K.PATHS);
          return { kind: "showChildPaths", path: this.SUBRULE1(this.optionalPath) };
        },
      },
    ]);
  });

  private readonly showList: ParserMethod<[], Statement> = this.RULE("showList", () => {
    const subject = this.OR([{ ALT: () => this.CONSUME(K.TIMESERIES) }, { ALT: () => this.CONSUME(K.DEVICES) }]);
    const path = this.SUBRULE(this.optionalPath);
    const limit = this.OPTION(() => this.SUBRULE(this.limit));
    const offset = this.OPTION1(() => this.SUBRULE(this.offset));
    return this.ACTION((): Statement => {
      const kind = subject.tokenType === K.DEVICES ? "showDevices" : "showTimeseries";
      return { kind, path, limit: limit?.count, offset: offset?.count ?? 0 };
    });
  });

  private readonly optionalPath: ParserMethod<[], PathText | undefined> = this.RULE("optionalPath", () =>
    this.OPTION(() => this.SUBRULE(this.pathFromRoot)),
  );

  private readonly countTimeseries: ParserMethod<[], Statement> = this.RULE("countTimeseries", (): Statement => {
    this.CONSUME(K.COUNT);
    this.CONSUME(K.TIMESERIES);
    const path = this.SUBRULE(this.optionalPath);
    const level = this.OPTION(() => {
      this.CONSUME(K.GROUP);
      this.CONSUME(K.BY);
      return this.SUBRULE(this.level);
    });
    return { kind: "countTimeseries", path, level };
  });

  private readonly flush: ParserMethod<[], Statement> = this.RULE("flush", (): Statement => {
    const storageGroups: string[] = [];
    this.CONSUME(K.FLUSH);
    this.OPTION(() =>
      this.AT_LEAST_ONE_SEP({
        SEP: Comma,
        DEF: () => {
          const path = this.CONSUME(RootPath);
          this.ACTION(() => storageGroups.push(exactPathOf(path, "storage group")));
        },
      }),
    );
    return { kind: "flush", storageGroups };
  });

  /** Makes it ready for the tokens of another statement. */
  begin(tokens: IToken[], options: ParseOptions): void {
    this.input = tokens;
    this.options = options;
    this.restart();
  }
}

export const grammar = new Grammar();
