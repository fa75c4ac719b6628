import { type ErrorCode, RingtideError } from "@ringtide/common";
import type { Place } from "./ast.ts";
import { shorten } from "./shorten.ts";

/** What is wrong with a statement, and where. Inside of the package only: `explain` turns it into the error that callers see. */
export class Fault extends Error {
  readonly code: ErrorCode;
  readonly place: Place;
  /** What could have stood there, in the user's words. */
  readonly expected: readonly string[];

  constructor(code: ErrorCode, place: Place, message: string, expected: readonly string[] = []) {
    super(message);
    this.code = code;
    this.place = place;
    this.expected = expected;
  }
}

/** Runs a step that throws RingtideErrors without a place, and gives them one. */
export function locate<T>(place: Place, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof RingtideError) throw new Fault(error.code, place, error.message);
    throw error;
  }
}

/** Longest piece of a line that a message shows. */
const MAX_SHOWN = 120;

/** The error of a fault: `line 1:15: …`, the line, and a caret under the place. Columns count UTF-16 units from 1. */
export function explain(text: string, fault: Fault): RingtideError {
  const offset = Math.min(fault.place.offset, text.length);
  const lineStart = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  const nextBreak = text.indexOf("\n", offset);
  const lineEnd = nextBreak < 0 ? text.length : nextBreak;
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < lineStart; at = text.indexOf("\n", at + 1)) line++;
  const column = offset - lineStart + 1;
  const from = lineEnd - lineStart <= MAX_SHOWN ? lineStart : Math.max(lineStart, offset - MAX_SHOWN / 2);
  const to = Math.min(lineEnd, from + MAX_SHOWN);
  const prefix = from > lineStart ? "…" : "";
  const shown = prefix + printable(text.slice(from, to)) + (to < lineEnd ? "…" : "");
  const length = Math.min(fault.place.length, text.length - offset);
  const carets = "^".repeat(Math.max(1, Math.min(length, to - offset)));
  const pointer = " ".repeat(prefix.length + offset - from) + carets;
  return new RingtideError(fault.code, `line ${line}:${column}: ${fault.message}\n${shown}\n${pointer}`, {
    details: { line, column, offset, length, expected: [...fault.expected] },
  });
}

/** A piece of the statement in quotes, short enough for a message. */
export function quote(text: string): string {
  return `'${printable(shorten(text))}'`;
}

/** Control characters would move a terminal's cursor away from the caret. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");
}
