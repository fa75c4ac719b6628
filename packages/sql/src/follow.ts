import {
  Alternation,
  Alternative,
  type IProduction,
  type IToken,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  Terminal,
  type TokenType,
  tokenMatcher,
} from "chevrotain";
import { grammar } from "./grammar.ts";

/** What a token after some others could be. */
export interface Candidate {
  readonly type: TokenType;
  /** Rules that are open there, the innermost last. */
  readonly rules: readonly string[];
}

/** A place in the grammar: production `index` of a sequence, and where to go on behind the sequence. */
interface Position {
  readonly sequence: readonly IProduction[];
  readonly index: number;
  readonly rules: readonly string[];
  readonly outer: Position | undefined;
  /** The repetition at the index has been gone through at least once: it may be left, or gone through again. */
  readonly repeated: boolean;
}

interface Step extends Candidate {
  readonly next: Position;
}

/** Places that the same tokens can lead to; the grammar is close to unambiguous, so a few. */
const MAX_POSITIONS = 32;

/** What may follow the tokens according to the grammar; empty when they are no beginning of a statement. */
export function follow(tokens: readonly IToken[]): readonly Candidate[] {
  const start = grammar.getGAstProductions()["statement"]?.definition ?? [];
  let steps = stepsFrom({ sequence: start, index: 0, rules: [], outer: undefined, repeated: false });
  for (const token of tokens) {
    const taken = steps.filter((step) => tokenMatcher(token, step.type));
    steps = taken.slice(0, MAX_POSITIONS).flatMap((step) => stepsFrom(step.next));
  }
  return steps;
}

function stepsFrom(position: Position): Step[] {
  const steps: Step[] = [];
  collect(position, steps);
  return steps;
}

/** Adds every token that can be met first from a position on. No repetition of the grammar is empty, so this ends. */
function collect(position: Position, steps: Step[]): void {
  const { sequence, index, rules, outer, repeated } = position;
  const production = sequence[index];
  const after: Position = { sequence, index: index + 1, rules, outer, repeated: false };
  if (production === undefined) {
    if (outer !== undefined) collect(outer, steps);
  } else if (production instanceof Terminal) {
    steps.push({ type: production.terminalType, rules, next: after });
  } else if (production instanceof NonTerminal) {
    const inner = [...rules, production.nonTerminalName];
    collect({ sequence: production.definition, index: 0, rules: inner, outer: after, repeated: false }, steps);
  } else if (production instanceof Alternation) {
    for (const alternative of production.definition) enter([alternative], after, steps);
  } else if (production instanceof Alternative) {
    enter(production.definition, after, steps);
  } else if (production instanceof Option) {
    enter(production.definition, after, steps);
    collect(after, steps);
  } else {
    repeat(production, { ...position, repeated: true }, after, repeated, steps);
  }
}

function repeat(production: IProduction, again: Position, after: Position, repeated: boolean, steps: Step[]): void {
  const isSeparated =
    production instanceof RepetitionMandatoryWithSeparator || production instanceof RepetitionWithSeparator;
  const isMandatory =
    production instanceof RepetitionMandatory || production instanceof RepetitionMandatoryWithSeparator;
  if (!isSeparated && !(production instanceof RepetitionMandatory) && !(production instanceof Repetition)) return;
  const separator = isSeparated && repeated ? [new Terminal({ terminalType: production.separator })] : [];
  enter([...separator, ...production.definition], again, steps);
  if (repeated || !isMandatory) collect(after, steps);
}

function enter(sequence: readonly IProduction[], outer: Position, steps: Step[]): void {
  collect({ sequence, index: 0, rules: outer.rules, outer, repeated: false }, steps);
}
