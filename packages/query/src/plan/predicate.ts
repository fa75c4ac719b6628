import { RingtideError } from "@ringtide/common";
import type { Comparison, Condition, Literal, TimeExpression } from "@ringtide/sql";

/**
 * A WHERE clause as operators run it: `not` is pushed into the leaves, times are fixed, series are full paths (or the device's
 * measurements in ALIGN BY DEVICE). A leaf whose series is missing at a time is false. `every` of a leaf's series must hold,
 * or, where a `not` turned that round, `some`.
 */
export type Predicate =
  | { readonly kind: "and" | "or"; readonly operands: readonly Predicate[] }
  | { readonly kind: "time"; readonly comparison: Comparison; readonly time: bigint }
  | { readonly kind: "timeIn"; readonly times: readonly bigint[]; readonly negated: boolean }
  | {
      readonly kind: "value";
      readonly series: readonly string[];
      readonly quantifier: Quantifier;
      readonly comparison: Comparison;
      readonly literal: Literal;
    }
  | {
      readonly kind: "valueIn";
      readonly series: readonly string[];
      readonly quantifier: Quantifier;
      readonly literals: readonly Literal[];
      readonly negated: boolean;
    };

type Quantifier = "every" | "some";

const INVERSE: Readonly<Record<Comparison, Comparison>> = {
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
  "=": "!=",
  "!=": "=",
};

export interface ConditionContext {
  readonly now: bigint;
  /** Full paths (wildcards allowed) that a series of the WHERE clause stands for. */
  readonly expand: (series: string) => readonly string[];
}

export function predicateOf(condition: Condition, context: ConditionContext, negated = false): Predicate {
  switch (condition.kind) {
    case "not":
      return predicateOf(condition.operand, context, !negated);
    case "and":
    case "or":
      return {
        kind: (condition.kind === "and") === negated ? "or" : "and",
        operands: condition.operands.map((operand) => predicateOf(operand, context, negated)),
      };
    case "time":
      return {
        kind: "time",
        comparison: negated ? INVERSE[condition.comparison] : condition.comparison,
        time: fixTime(condition.time, context.now),
      };
    case "timeIn":
      return {
        kind: "timeIn",
        times: condition.times.map((time) => fixTime(time, context.now)),
        negated: condition.negated !== negated,
      };
    case "value":
      return {
        kind: "value",
        series: context.expand(condition.series.text),
        quantifier: negated ? "some" : "every",
        comparison: negated ? INVERSE[condition.comparison] : condition.comparison,
        literal: condition.literal,
      };
    case "valueIn":
      return {
        kind: "valueIn",
        series: context.expand(condition.series.text),
        quantifier: negated ? "some" : "every",
        literals: condition.literals,
        negated: condition.negated !== negated,
      };
  }
}

/** The ticks of a time; TIME_OUT_OF_RANGE when `now()` with its offset leaves signed 64 bits. */
export function fixTime(time: TimeExpression, now: bigint): bigint {
  const ticks = time.kind === "ticks" ? time.value : now + time.offset;
  if (BigInt.asIntN(64, ticks) !== ticks) {
    throw new RingtideError("TIME_OUT_OF_RANGE", `time ${ticks} does not fit in signed 64 bits`);
  }
  return ticks;
}

/** The series of each leaf that compares values. */
export function leafSeries(predicate: Predicate | undefined): (readonly string[])[] {
  switch (predicate?.kind) {
    case undefined:
    case "time":
    case "timeIn":
      return [];
    case "value":
    case "valueIn":
      return [predicate.series];
    case "and":
    case "or":
      return predicate.operands.flatMap(leafSeries);
  }
}
