import { openSync } from "node:fs";
import { type Logger as Pino, pino } from "pino";
import { RingtideError } from "../errors.ts";
import type { LogFields, Logger } from "../ports/index.ts";
import { diskError } from "./disk-errors.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `stdout`, `stderr`, or the path of a file that lines are appended to. */
  readonly destination: string;
  /** Each line is written before the call returns. Without it lines are written in the background, and at exit. */
  readonly sync: boolean;
}

/** Lines that a slow destination may hold up; what is above is dropped, since a node must not wait for its log. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** JSON lines: level, time (ISO), message and fields; errors in fields show code, message and stack. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = pino.destination({
    // A descriptor, so that the destination is ready at once: one that is still being opened would lose a fatal line.
    fd: openDestination(options.destination),
    sync: options.sync,
    maxLength: MAX_BUFFERED_BYTES,
  });
  // A log that cannot be written (full disk, closed pipe) must not stop the node, and there is nowhere to tell.
  destination.on("error", () => undefined);
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: describeErrors },
    },
    destination,
  );
  return wrap(root);
}

function openDestination(destination: string): number {
  if (destination === "stdout") return 1;
  if (destination === "stderr") return 2;
  try {
    return openSync(destination, "a");
  } catch (error) {
    throw diskError("open", destination, error);
  }
}

function describeErrors(fields: object): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) described[key] = value instanceof Error ? describe(value) : value;
  return described;
}

function describe(error: Error): Record<string, unknown> {
  return {
    ...(error instanceof RingtideError && { code: error.code, details: error.details }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: error.cause instanceof Error ? describe(error.cause) : error.cause }),
  };
}

function wrap(target: Pino): Logger {
  return {
    debug: (message, fields: LogFields = {}) => target.debug(fields, message),
    info: (message, fields: LogFields = {}) => target.info(fields, message),
    warn: (message, fields: LogFields = {}) => target.warn(fields, message),
    error: (message, fields: LogFields = {}) => target.error(fields, message),
    // pino flushes its destination synchronously after a fatal line; a line that is being written in the background just then
    // may land after it.
    fatal: (message, fields: LogFields = {}) => target.fatal(fields, message),
    child: (fields) => wrap(target.child({ ...fields })),
  };
}
