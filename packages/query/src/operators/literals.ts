import { RingtideError } from "@ringtide/common";
import type { Comparison, Literal } from "@ringtide/sql";
import { DataType, typeName } from "@ringtide/tsfile";

/**
 * A comparison made exact for a column's type. Literals between two values of the type move to the next of them: `i < 2.5`
 * becomes `i <= 2`. `never` and `always` leave the value aside (a missing one is still false).
 */
export type TypedComparison =
  | { readonly kind: "never" }
  | { readonly kind: "always" }
  | { readonly kind: "number"; readonly comparison: Comparison; readonly value: number }
  | { readonly kind: "int64"; readonly comparison: Comparison; readonly value: bigint }
  | { readonly kind: "text"; readonly comparison: Comparison; readonly value: string };

/** TYPE_MISMATCH when a column of this type cannot be compared so; `name` is the series, for the message. */
export function typedComparison(
  name: string,
  type: DataType,
  comparison: Comparison,
  literal: Literal,
): TypedComparison {
  switch (type) {
    case DataType.TEXT:
      if (literal.kind !== "text") throw mismatch(name, type, literal);
      return { kind: "text", comparison, value: literal.value };
    case DataType.BOOLEAN:
      if (literal.kind !== "boolean") throw mismatch(name, type, literal);
      if (comparison !== "=" && comparison !== "!=") {
        throw new RingtideError("TYPE_MISMATCH", `${name} is BOOLEAN: only = and != compare it, not ${comparison}`);
      }
      return { kind: "number", comparison, value: literal.value ? 1 : 0 };
    case DataType.INT64:
      if (literal.kind === "integer") return { kind: "int64", comparison, value: literal.value };
      if (literal.kind === "decimal") return wholeComparison(comparison, literal.value);
      throw mismatch(name, type, literal);
    case DataType.FLOAT:
      // A FLOAT is written with the decimals of its own precision: 1.1 means the FLOAT next to 1.1.
      if (literal.kind === "decimal") return { kind: "number", comparison, value: Math.fround(literal.value) };
      if (literal.kind === "integer") return doubleComparison(comparison, literal.value);
      throw mismatch(name, type, literal);
    case DataType.INT32:
    case DataType.DOUBLE:
      if (literal.kind === "decimal") return { kind: "number", comparison, value: literal.value };
      if (literal.kind === "integer") return doubleComparison(comparison, literal.value);
      throw mismatch(name, type, literal);
  }
}

function mismatch(name: string, type: DataType, literal: Literal): RingtideError {
  return new RingtideError(
    "TYPE_MISMATCH",
    `${name} is ${typeName(type)}: it cannot be compared with a ${literal.kind}`,
  );
}

const NEVER: TypedComparison = { kind: "never" };
const ALWAYS: TypedComparison = { kind: "always" };

/** A 64-bit integer against a decimal. */
function wholeComparison(comparison: Comparison, value: number): TypedComparison {
  if (Number.isNaN(value)) return comparison === "!=" ? ALWAYS : NEVER;
  const below = comparison === "<" || comparison === "<=";
  if (value >= 2 ** 63) return below || comparison === "!=" ? ALWAYS : NEVER;
  if (value < -(2 ** 63)) return below || comparison === "=" ? NEVER : ALWAYS;
  if (Number.isInteger(value)) return { kind: "int64", comparison, value: BigInt(value) };
  if (comparison === "=") return NEVER;
  if (comparison === "!=") return ALWAYS;
  return below
    ? { kind: "int64", comparison: "<=", value: BigInt(Math.floor(value)) }
    : { kind: "int64", comparison: ">=", value: BigInt(Math.ceil(value)) };
}

/** A double against a 64-bit integer, which may lie between two doubles. */
function doubleComparison(comparison: Comparison, literal: bigint): TypedComparison {
  const value = Number(literal);
  const rounded = BigInt(value);
  if (rounded === literal) return { kind: "number", comparison, value };
  if (comparison === "=") return NEVER;
  if (comparison === "!=") return ALWAYS;
  const below = comparison === "<" || comparison === "<=";
  // Rounded down: everything up to `value` is below the literal. Rounded up: `value` itself is above it.
  if (rounded < literal) return { kind: "number", comparison: below ? "<=" : ">", value };
  return { kind: "number", comparison: below ? "<" : ">=", value };
}
