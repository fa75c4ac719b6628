import type { Session } from "@ringtide/client";
import { asRingtideError } from "@ringtide/common";
import { type Format, printRows, type TimeStyle } from "./format.ts";

/** What the user chose for all statements of this shell. */
export interface ShellOptions {
  readonly format: Format;
  readonly style: TimeStyle;
  /** Empty: the node's. */
  readonly consistency: "" | "strong" | "mid" | "weak";
  /** 0: the node's. */
  readonly timeoutMs: number;
  /** Row counts and times, on standard error. */
  readonly chatty: boolean;
}

const out = (text: string): void => {
  process.stdout.write(text);
};

/** Runs one statement and prints its answer; false when it failed (the error went to standard error). */
export async function runStatement(
  session: Session,
  sql: string,
  options: ShellOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const startedMs = performance.now();
  try {
    const result = await session.execute(sql, {
      signal,
      ...(options.timeoutMs === 0 ? {} : { timeoutMs: options.timeoutMs }),
      ...(options.consistency === "" ? {} : { consistency: options.consistency }),
    });
    const rows = await printRows(result, options.format, options.style, out);
    if (options.chatty)
      process.stderr.write(`${summary(result.columns.length > 0, rows, result.affected)}, ${elapsed(startedMs)}\n`);
    return true;
  } catch (error) {
    const { code, message } = asRingtideError(error);
    process.stderr.write(`${code}: ${message}\n`);
    return false;
  }
}

function summary(isQuery: boolean, rows: number, affected: number): string {
  if (isQuery) return `${rows} ${rows === 1 ? "row" : "rows"}`;
  return `ok, ${affected} affected`;
}

function elapsed(startedMs: number): string {
  const ms = performance.now() - startedMs;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
