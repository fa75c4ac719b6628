import type { Result, Session } from "@ringtide/client";
import { asRingtideError, RingtideError } from "@ringtide/common";
import { printRows, type RowStyle } from "./format.ts";

/** What the user chose for all statements of this shell. */
export interface ShellOptions {
  readonly style: RowStyle;
  /** Undefined: the node's. */
  readonly consistency: "strong" | "mid" | "weak" | undefined;
  /** 0: the node's. */
  readonly timeoutMs: number;
  /** Row counts and times are wanted too. */
  readonly chatty: boolean;
  /** Where answers go. */
  readonly out: (text: string) => void;
  /** Where errors go, and what is about an answer and not part of it. */
  readonly say: (text: string) => void;
}

/** What a statement fails with that the user ends. */
export function interruption(): RingtideError {
  return new RingtideError("QUERY_CANCELLED", "interrupted");
}

/** Who answered when it was not the leader: such an answer may lack the newest writes. */
const SERVED: Readonly<Record<string, string>> = {
  local: "served by this node's own copy, which may be behind the leader",
  replica: "served by a replica that may be behind the leader",
};

/** Runs one statement and prints its answer; false when it failed (the error was said). */
export async function runStatement(
  session: Session,
  sql: string,
  options: ShellOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const startedMs = performance.now();
  const { out, say } = options;
  try {
    const result = await session.execute(sql, {
      signal,
      ...(options.timeoutMs === 0 ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.consistency === undefined ? {} : { consistency: options.consistency }),
    });
    const rows = await printRows(result, options.style, out, signal);
    for (const note of result.notes) say(`note: ${note}\n`);
    const served = SERVED[result.served];
    if (options.chatty) {
      say(`${[summary(result, rows), elapsed(startedMs), ...(served === undefined ? [] : [served])].join(", ")}\n`);
    } else if (served !== undefined && options.consistency !== "weak") {
      say(`note: ${served}\n`); // a reader who did not ask for less must hear of it, whatever the format
    }
    return true;
  } catch (error) {
    const { code, message } = asRingtideError(error);
    say(`${code}: ${message}\n`);
    return false;
  }
}

function summary(result: Result, rows: number): string {
  if (result.columns.length > 0) return `${rows} ${rows === 1 ? "row" : "rows"}`;
  return `ok, ${result.affected} affected`;
}

function elapsed(startedMs: number): string {
  const ms = performance.now() - startedMs;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
