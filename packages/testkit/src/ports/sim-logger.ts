import type { LogFields, Logger } from "@ringtide/common";

const LEVELS = ["debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof LEVELS)[number];

/** A line that a simulated process wrote. */
export interface SimLogLine {
  readonly atMs: number;
  readonly process: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** The last lines of all processes of a simulated world, in the order in which they were written. */
export class LogBook {
  /** Called with each line as it is written. */
  onLine: ((line: SimLogLine) => void) | undefined;
  readonly #nowMs: () => number;
  readonly #threshold: number;
  readonly #capacity: number;
  #lines: SimLogLine[] = [];

  constructor(nowMs: () => number, options: { readonly level?: LogLevel; readonly capacity?: number } = {}) {
    this.#nowMs = nowMs;
    this.#threshold = LEVELS.indexOf(options.level ?? "info");
    this.#capacity = options.capacity ?? 2_000;
  }

  takes(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= this.#threshold;
  }

  write(process: string, level: LogLevel, message: string, fields: LogFields): void {
    const line = { atMs: this.#nowMs(), process, level, message, fields };
    this.#lines.push(line);
    if (this.#lines.length >= this.#capacity * 2) this.#lines = this.#lines.slice(-this.#capacity);
    this.onLine?.(line);
  }

  get lines(): readonly SimLogLine[] {
    return this.#lines;
  }

  logger(process: string, fields: LogFields = {}): Logger {
    return new SimLogger(this, process, fields);
  }
}

class SimLogger implements Logger {
  readonly #book: LogBook;
  readonly #process: string;
  readonly #fields: LogFields;

  constructor(book: LogBook, process: string, fields: LogFields) {
    this.#book = book;
    this.#process = process;
    this.#fields = fields;
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (this.#book.takes(level)) this.#book.write(this.#process, level, message, { ...this.#fields, ...fields });
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }
  fatal(message: string, fields?: LogFields): void {
    this.#write("fatal", message, fields);
  }

  child(fields: LogFields): Logger {
    return new SimLogger(this.#book, this.#process, { ...this.#fields, ...fields });
  }
}
