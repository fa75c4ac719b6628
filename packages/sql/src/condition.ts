import type { IToken } from "chevrotain";
import type { Comparison, Condition, Literal, ParseOptions, PathText, TimeExpression } from "./ast.ts";
import { Fault } from "./fault.ts";
import { literalOf, type Operand, seriesOf, timeOf } from "./operand.ts";

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  "=": "=",
  "==": "=",
  "!=": "!=",
  "<>": "!=",
};

/** The comparison that says the same with its sides exchanged. */
const FLIPPED: Readonly<Record<Comparison, Comparison>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "=": "=",
  "!=": "!=",
};

/** Operands joined by AND (true) and OR (false) as they stand; AND binds tighter. */
export function joinConditions(operands: readonly Condition[], isAnd: readonly boolean[]): Condition {
  const groups: Condition[][] = [];
  for (const [index, operand] of operands.entries()) {
    const open = groups.at(-1);
    if (open !== undefined && isAnd[index - 1] === true) open.push(operand);
    else groups.push([operand]);
  }
  return joined(
    "or",
    groups.map((group) => joined("and", group)),
  );
}

function joined(kind: "and" | "or", operands: readonly Condition[]): Condition {
  const [only] = operands;
  return only !== undefined && operands.length === 1 ? only : { kind, operands };
}

export function negate(condition: Condition, negated: boolean): Condition {
  return negated ? { kind: "not", operand: condition } : condition;
}

/** `s1 > 5`, `5 < s1`, `time >= now() - 1d`. */
export function comparisonOf(left: Operand, sign: IToken, right: Operand, options: ParseOptions): Condition {
  const comparison = COMPARISONS[sign.image] ?? "=";
  if (left.kind === "series" && right.kind === "series") {
    throw new Fault("UNSUPPORTED", right.place, "comparing two series is not supported: one side has to be a value");
  }
  const isFlipped = right.kind === "series" || (left.kind !== "series" && seriesOf(left) === undefined);
  return isFlipped ? compare(right, FLIPPED[comparison], left, options) : compare(left, comparison, right, options);
}

function compare(subject: Operand, comparison: Comparison, object: Operand, options: ParseOptions): Condition {
  if (isTime(subject)) return { kind: "time", comparison, time: timeOf(object, options) };
  return { kind: "value", series: subjectOf(subject), comparison, literal: comparableOf(object) };
}

/** `s1 IN (1, 2)`, `time NOT IN (…)`. */
export function membershipOf(
  subject: Operand,
  members: readonly Operand[],
  negated: boolean,
  options: ParseOptions,
): Condition {
  if (isTime(subject)) return { kind: "timeIn", times: members.map((member) => timeOf(member, options)), negated };
  return { kind: "valueIn", series: subjectOf(subject), literals: members.map(comparableOf), negated };
}

/** `s1 BETWEEN 1 AND 5`: both ends belong to it. */
export function rangeOf(subject: Operand, low: Operand, high: Operand, options: ParseOptions): Condition {
  const operands = [compare(subject, ">=", low, options), compare(subject, "<=", high, options)];
  return { kind: "and", operands };
}

function isTime(operand: Operand): boolean {
  return operand.kind === "series" && operand.isTime;
}

function subjectOf(operand: Operand): PathText {
  const series = seriesOf(operand);
  if (series !== undefined) return series;
  throw new Fault("SQL_SEMANTIC", operand.place, "a condition needs time or a series on one side");
}

function comparableOf(operand: Operand): Literal {
  const literal = literalOf(operand);
  if (literal.kind !== "null") return literal;
  throw new Fault("SQL_SEMANTIC", operand.place, "NULL cannot be compared: rows without a value never match");
}

/** True when the condition looks at time only. */
export function isTimeOnly(condition: Condition): boolean {
  switch (condition.kind) {
    case "time":
    case "timeIn":
      return true;
    case "value":
    case "valueIn":
      return false;
    case "not":
      return isTimeOnly(condition.operand);
    case "and":
    case "or":
      return condition.operands.every(isTimeOnly);
  }
}

/** The one time that `WHERE time = T` names; undefined for any other condition. */
export function singleTime(condition: Condition | undefined): TimeExpression | undefined {
  return condition?.kind === "time" && condition.comparison === "=" ? condition.time : undefined;
}

/** The series that a condition looks at. */
export function seriesIn(condition: Condition): readonly PathText[] {
  switch (condition.kind) {
    case "time":
    case "timeIn":
      return [];
    case "value":
    case "valueIn":
      return [condition.series];
    case "not":
      return seriesIn(condition.operand);
    case "and":
    case "or":
      return condition.operands.flatMap(seriesIn);
  }
}
