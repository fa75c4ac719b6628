import type { Session } from "@ringtide/client";
import { splitStatements } from "@ringtide/sql";
import { runStatement, type ShellOptions } from "./statement.ts";

/**
 * Runs the statements of a text that arrives in pieces. Stops at the first that fails unless `keepGoing`; returns how many failed.
 * The last statement needs no semicolon.
 */
export async function runBatch(
  session: Session,
  pieces: AsyncIterable<string>,
  options: ShellOptions,
  keepGoing: boolean,
  signal: AbortSignal,
): Promise<number> {
  let rest = "";
  let failed = 0;
  const run = async (statements: readonly string[]): Promise<boolean> => {
    for (const statement of statements) {
      if (!(await runStatement(session, statement, options, signal))) failed++;
      if (failed > 0 && !keepGoing) return false;
    }
    return true;
  };
  for await (const piece of pieces) {
    const split = splitStatements(rest + piece);
    rest = split.rest;
    if (!(await run(split.statements))) return failed;
  }
  if (rest.trim() !== "") await run([rest]);
  return failed;
}
