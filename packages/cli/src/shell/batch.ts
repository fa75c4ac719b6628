import type { Session } from "@ringtide/client";
import { RingtideError } from "@ringtide/common";
import { splitStatements } from "@ringtide/sql";
import { runStatement, type ShellOptions } from "./statement.ts";

/** More than any node takes: what goes on that long lacks its end. */
const MAX_STATEMENT_LENGTH = 16 * 1024 * 1024;

/** How a batch went. */
export interface BatchOutcome {
  readonly run: number;
  readonly failed: number;
}

/**
 * Runs the statements of a text that arrives in pieces. Stops at the first that fails unless `keepGoing`, and when the signal
 * aborts. The last statement needs no semicolon. SQL_SYNTAX when a statement does not end.
 */
export async function runBatch(
  session: Session,
  pieces: AsyncIterable<string>,
  options: ShellOptions,
  keepGoing: boolean,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  let run = 0;
  let failed = 0;
  for await (const statement of statementsOf(pieces)) {
    if (signal.aborted) break;
    run++;
    if (await runStatement(session, statement, options, signal)) continue;
    failed++;
    if (!keepGoing) break;
  }
  return { run, failed };
}

/** Cuts at whole lines only: a comment that is cut by the end of a piece does not look like one. */
async function* statementsOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (piece.includes("\n")) {
      const end = text.lastIndexOf("\n") + 1;
      const { statements, rest } = splitStatements(text.slice(0, end));
      text = rest + text.slice(end);
      yield* statements;
    }
    if (text.length > MAX_STATEMENT_LENGTH) {
      throw new RingtideError(
        "SQL_SYNTAX",
        `the input goes on for ${text.length} characters without the end of a statement: a semicolon or a closing quote is missing`,
      );
    }
  }
  const { statements, rest } = splitStatements(text);
  yield* statements;
  if (rest.trim() !== "") yield rest;
}
