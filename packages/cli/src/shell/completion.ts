import type { Session } from "@ringtide/client";
import { complete } from "@ringtide/sql";
import { valueAt } from "@ringtide/tsfile";

const PATH_TAIL = /[A-Za-z0-9_.\-:@#$%]*$/;
const MAX_PATHS = 200;
const TIMEOUT_MS = 2000;

type Complete = (line: string, done: (error: Error | null, result: [string[], string]) => void) => void;

/**
 * Completes keywords from the grammar, and paths by asking the node for what lies below the part that is typed. `before` is what
 * stands on the earlier lines of the statement.
 */
export function completer(session: Session, before: () => string): Complete {
  return (line, done) => {
    const word = PATH_TAIL.exec(line)?.[0] ?? "";
    const { keywords, path } = complete(before() + line.slice(0, line.length - word.length));
    const matching = keywords
      .filter((keyword) => keyword.startsWith(word.toUpperCase()))
      .map((keyword) => (keyword.endsWith("(") ? keyword : `${keyword} `));
    if (!path && !word.startsWith("root")) return done(null, [matching, word]);
    childPaths(session, word).then(
      (paths) => done(null, [[...matching, ...paths], word]),
      () => done(null, [matching, word]), // no answer, no completion
    );
  };
}

async function childPaths(session: Session, word: string): Promise<string[]> {
  const lastDot = word.lastIndexOf(".");
  if (lastDot < 0) return "root".startsWith(word) ? ["root."] : [];
  const result = await session.execute(`SHOW CHILD PATHS ${word.slice(0, lastDot)}`, { timeoutMs: TIMEOUT_MS });
  const found: string[] = [];
  for await (const batch of result.batches()) {
    const column = batch.columns[0];
    if (column === undefined) continue;
    for (let row = 0; row < batch.rows && found.length < MAX_PATHS; row++) {
      const path = String(valueAt(column, row));
      if (path.startsWith(word)) found.push(path);
    }
  }
  return found;
}
