import type { PathPattern } from "@ringtide/common";

/** Where a piece of the statement stands: UTF-16 offset from its start, and its length; for messages that point at it. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** A value as written. Integers beyond signed 64 bits are refused by the parser (VALUE_OUT_OF_RANGE). */
export type Literal =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "decimal"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "null" };

/**
 * A time as written: ticks of the cluster's precision, or `now()` with an offset (`now() - 1d`), fixed once by the coordinator.
 * Dates (`2020-01-01T00:00:00+08:00`) and durations (`1d2h`) are turned into ticks by the parser, which is told precision and zone.
 */
export type TimeExpression =
  | { readonly kind: "ticks"; readonly value: bigint }
  | { readonly kind: "now"; readonly offset: bigint };

/** A span: ticks, or calendar months (`1mo`, `1y`), which depend on where they start. */
export interface Duration {
  readonly months: number;
  readonly ticks: bigint;
}

export type TypeName = "BOOLEAN" | "INT32" | "INT64" | "FLOAT" | "DOUBLE" | "TEXT";

export type AggregateName =
  | "count"
  | "sum"
  | "avg"
  | "min_value"
  | "max_value"
  | "min_time"
  | "max_time"
  | "first_value"
  | "last_value";

export type Comparison = "<" | "<=" | ">" | ">=" | "=" | "!=";

/** WHERE clause. `series` is a suffix path (`s1`, `d1.s1`), joined to each FROM prefix, or a full path from root. */
export type Condition =
  | { readonly kind: "time"; readonly comparison: Comparison; readonly time: TimeExpression }
  | { readonly kind: "timeIn"; readonly times: readonly TimeExpression[]; readonly negated: boolean }
  | { readonly kind: "value"; readonly series: PathText; readonly comparison: Comparison; readonly literal: Literal }
  | {
      readonly kind: "valueIn";
      readonly series: PathText;
      readonly literals: readonly Literal[];
      readonly negated: boolean;
    }
  | { readonly kind: "and" | "or"; readonly operands: readonly Condition[] }
  | { readonly kind: "not"; readonly operand: Condition };

/** A path (wildcards allowed) as written, with its place. */
export interface PathText {
  readonly text: string;
  readonly place: Place;
}

export type SelectItem =
  | { readonly kind: "series"; readonly path: PathText; readonly alias: string | undefined }
  | {
      readonly kind: "aggregate";
      readonly name: AggregateName;
      readonly path: PathText;
      readonly alias: string | undefined;
    };

/** GROUP BY ([start, end), interval[, step]), or (start, end]. */
export interface GroupByTime {
  readonly start: TimeExpression;
  readonly end: TimeExpression;
  /** "[)" or "(]": which ends belong to the range and to each window. */
  readonly bounds: "[)" | "(]";
  readonly interval: Duration;
  /** Equal to interval when left out. */
  readonly step: Duration;
}

/** FILL(type[previous[, range]]), FILL(type[linear[, before, after]]); `ALL` in place of a type fills every type. */
export interface FillItem {
  readonly type: TypeName | "ALL";
  readonly method: "previous" | "linear";
  /** How far back (and forth) a value may be taken from; undefined: any distance. */
  readonly before: Duration | undefined;
  readonly after: Duration | undefined;
}

export interface SelectStatement {
  readonly kind: "select";
  readonly last: boolean;
  readonly items: readonly SelectItem[];
  readonly from: readonly PathText[];
  readonly where: Condition | undefined;
  readonly groupBy: GroupByTime | undefined;
  /** GROUP BY LEVEL = n, aggregates only. */
  readonly groupByLevel: number | undefined;
  readonly fill: readonly FillItem[];
  readonly alignByDevice: boolean;
  readonly descending: boolean;
  readonly limit: number | undefined;
  readonly offset: number;
}

export interface InsertStatement {
  readonly kind: "insert";
  readonly device: string;
  readonly measurements: readonly string[];
  /** Values in the order of `measurements`; a missing time is now(). */
  readonly rows: readonly {
    readonly time: TimeExpression;
    readonly values: readonly Literal[];
    readonly place: Place;
  }[];
}

export interface CreateTimeseriesStatement {
  readonly kind: "createTimeseries";
  readonly path: string;
  readonly type: TypeName;
  /** ENCODING=… and COMPRESSION=… are accepted and kept for SHOW; blocks choose their encoding themselves. */
  readonly encoding: string | undefined;
  readonly compression: string | undefined;
}

export interface DeleteDataStatement {
  readonly kind: "deleteData";
  readonly paths: readonly PathText[];
  /** Inclusive bounds; undefined: open. */
  readonly from: TimeExpression | undefined;
  readonly to: TimeExpression | undefined;
}

export type Statement =
  | SelectStatement
  | InsertStatement
  | CreateTimeseriesStatement
  | DeleteDataStatement
  | { readonly kind: "createStorageGroup"; readonly path: string }
  | { readonly kind: "deleteStorageGroup"; readonly paths: readonly PathText[] }
  | { readonly kind: "deleteTimeseries"; readonly paths: readonly PathText[] }
  | { readonly kind: "showStorageGroup"; readonly path: PathText | undefined }
  | {
      readonly kind: "showTimeseries";
      readonly path: PathText | undefined;
      readonly limit: number | undefined;
      readonly offset: number;
    }
  | {
      readonly kind: "showDevices";
      readonly path: PathText | undefined;
      readonly limit: number | undefined;
      readonly offset: number;
    }
  | { readonly kind: "showChildPaths"; readonly path: PathText | undefined }
  | { readonly kind: "countTimeseries"; readonly path: PathText | undefined; readonly level: number | undefined }
  | { readonly kind: "flush"; readonly storageGroups: readonly string[] };

/** What the parser has to know to turn dates and durations into ticks. */
export interface ParseOptions {
  readonly precision: "ms" | "us" | "ns";
  /** IANA name or offset (`+08:00`) for dates without an offset. */
  readonly zone: string;
}

/** What a piece of text could be continued with, for the shell. */
export interface Completion {
  readonly keywords: readonly string[];
  /** A path is expected here. */
  readonly path: boolean;
}

// parse(sql: string, options: ParseOptions): Statement          — parse.ts; throws RingtideError SQL_SYNTAX, SQL_SEMANTIC, VALUE_OUT_OF_RANGE, TIME_OUT_OF_RANGE
// splitStatements(text: string): { statements: string[]; rest: string } — at semicolons outside of strings
// complete(text: string): Completion
export type SeriesPattern = PathPattern;
