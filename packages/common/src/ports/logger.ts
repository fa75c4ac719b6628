/** Fields of a log line. `code` is an error or event code from the error table where there is one. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines: short lower-case message, data in fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Written synchronously: the process may end right after. */
  fatal(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}
