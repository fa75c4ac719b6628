import type { ByteReader, ByteWriter } from "@ringtide/common";
import type { Comparison, Literal } from "@ringtide/sql";
import type { Predicate } from "../plan/predicate.ts";
import { choiceFrom, readList, writeChoice, writeList } from "./fields.ts";

const KINDS = ["and", "or", "time", "timeIn", "value", "valueIn"] as const;
const COMPARISONS = ["<", "<=", ">", ">=", "=", "!="] as const satisfies readonly Comparison[];
const QUANTIFIERS = ["every", "some"] as const;
const LITERALS = ["boolean", "integer", "decimal", "text", "null"] as const;

/** Deeper nesting is refused: reading must not exhaust the stack. */
const MAX_DEPTH = 200;

export function writePredicate(out: ByteWriter, predicate: Predicate): void {
  writeChoice(out, KINDS, predicate.kind);
  switch (predicate.kind) {
    case "and":
    case "or":
      writeList(out, predicate.operands, (operand) => writePredicate(out, operand));
      return;
    case "time":
      writeChoice(out, COMPARISONS, predicate.comparison);
      out.i64(predicate.time);
      return;
    case "timeIn":
      writeList(out, predicate.times, (time) => out.i64(time));
      out.u8(predicate.negated ? 1 : 0);
      return;
    case "value":
    case "valueIn":
      writeList(out, predicate.series, (path) => out.text(path));
      writeChoice(out, QUANTIFIERS, predicate.quantifier);
      if (predicate.kind === "value") {
        writeChoice(out, COMPARISONS, predicate.comparison);
        writeLiteral(out, predicate.literal);
      } else {
        writeList(out, predicate.literals, (literal) => writeLiteral(out, literal));
        out.u8(predicate.negated ? 1 : 0);
      }
      return;
  }
}

export function readPredicate(input: ByteReader, depth = 0): Predicate {
  if (depth > MAX_DEPTH) input.fail(`a condition nested deeper than ${MAX_DEPTH}`);
  const kind = choiceFrom(input, KINDS);
  switch (kind) {
    case "and":
    case "or":
      return { kind, operands: readList(input, 1, () => readPredicate(input, depth + 1)) };
    case "time":
      return { kind, comparison: choiceFrom(input, COMPARISONS), time: input.i64() };
    case "timeIn":
      return { kind, times: readList(input, 8, () => input.i64()), negated: input.u8() === 1 };
    case "value":
      return {
        kind,
        series: readList(input, 4, () => input.text()),
        quantifier: choiceFrom(input, QUANTIFIERS),
        comparison: choiceFrom(input, COMPARISONS),
        literal: readLiteral(input),
      };
    case "valueIn":
      return {
        kind,
        series: readList(input, 4, () => input.text()),
        quantifier: choiceFrom(input, QUANTIFIERS),
        literals: readList(input, 1, () => readLiteral(input)),
        negated: input.u8() === 1,
      };
  }
}

function writeLiteral(out: ByteWriter, literal: Literal): void {
  writeChoice(out, LITERALS, literal.kind);
  if (literal.kind === "boolean") out.u8(literal.value ? 1 : 0);
  else if (literal.kind === "integer") out.i64(literal.value);
  else if (literal.kind === "decimal") out.f64(literal.value);
  else if (literal.kind === "text") out.text(literal.value);
}

function readLiteral(input: ByteReader): Literal {
  const kind = choiceFrom(input, LITERALS);
  switch (kind) {
    case "boolean":
      return { kind, value: input.u8() === 1 };
    case "integer":
      return { kind, value: input.i64() };
    case "decimal":
      return { kind, value: input.f64() };
    case "text":
      return { kind, value: input.text() };
    case "null":
      return { kind };
  }
}
