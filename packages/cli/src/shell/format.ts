import { setImmediate } from "node:timers/promises";
import type { Result } from "@ringtide/client";
import { formatTimestamp } from "@ringtide/sql";
import { type ColumnBatch, timeAt, type Value } from "@ringtide/tsfile";
import { tablePrinter } from "./table.ts";
import { shownValue, textOf } from "./values.ts";

export type Format = "table" | "csv" | "json";

/** How rows are shown. */
export interface RowStyle {
  readonly format: Format;
  readonly precision: "ms" | "us" | "ns";
  /** Of the times in tables and CSV. */
  readonly zone: string;
  /** Columns of the terminal: rows that do not fit are printed one below the other. 0: everything fits. */
  readonly width: number;
}

export interface Printer {
  row(values: readonly (Value | null)[]): void;
  /** After the last row. */
  end(): void;
}

/** So many rows are printed between looks at what else happened: a terminal is slow, and Ctrl-C has to be heard. */
const ROWS_A_TURN = 1000;

/**
 * Prints the rows of a result as they arrive; returns how many there were. Statements without an answer print nothing. Throws the
 * signal's reason when it aborts.
 */
export async function printRows(
  result: Result,
  style: RowStyle,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const names = result.columns.map((column) => column.name);
  const header = result.hasTime ? ["Time", ...names] : names;
  let count = 0;
  const printer = header.length === 0 ? undefined : printerOf(header, style, write);
  for await (const batch of result.batches()) {
    for (let row = 0; row < batch.rows; row++) {
      const values = batch.columns.map((column) => shownValue(column, row));
      printer?.row(batch.times === undefined ? values : [timeOf(batch.times, row, style), ...values]);
      if (++count % ROWS_A_TURN > 0) continue;
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  printer?.end();
  return count;
}

function printerOf(header: readonly string[], { format, width }: RowStyle, write: (text: string) => void): Printer {
  switch (format) {
    case "table":
      return tablePrinter(header, width, write);
    case "csv":
      return csvPrinter(header, write);
    case "json":
      return jsonPrinter(header, write);
  }
}

function timeOf(times: NonNullable<ColumnBatch["times"]>, row: number, style: RowStyle): Value {
  const time = timeAt(times, row);
  return style.format === "json" ? time : formatTimestamp(time, style.precision, style.zone);
}

/** RFC 4180, with a line of names; null is an empty field, an empty text is "". */
function csvPrinter(header: readonly string[], write: (text: string) => void): Printer {
  const line = (fields: readonly string[]) => write(`${fields.join(",")}\n`);
  line(header.map(csvField));
  return {
    row: (values) => line(values.map((value) => (value === null ? "" : csvField(textOf(value))))),
    end: () => undefined,
  };
}

function csvField(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One JSON object a row. Times are ticks; integers beyond 2^53 are strings, and so are NaN and the infinities. */
function jsonPrinter(header: readonly string[], write: (text: string) => void): Printer {
  return {
    row: (values) =>
      write(`${JSON.stringify(Object.fromEntries(header.map((name, i) => [name, jsonValue(values[i] ?? null)])))}\n`),
    end: () => undefined,
  };
}

function jsonValue(value: Value | null): string | number | boolean | null {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
