import type { Result } from "@ringtide/client";
import { formatTimestamp } from "@ringtide/sql";
import { type ColumnBatch, timeAt, type Value, valueAt } from "@ringtide/tsfile";
import Table from "cli-table3";

export type Format = "table" | "csv" | "json";

/** How times are shown. */
export interface TimeStyle {
  readonly precision: "ms" | "us" | "ns";
  readonly zone: string;
}

/** A table needs all of its rows to know its widths: longer results are printed as several. */
const ROWS_PER_TABLE = 1000;

type Row = readonly (Value | null)[];

/** Prints the rows of a result as they arrive; returns how many there were. */
export async function printRows(
  result: Result,
  format: Format,
  style: TimeStyle,
  write: (text: string) => void,
): Promise<number> {
  const names = result.columns.map((column) => column.name);
  const header = result.hasTime ? ["Time", ...names] : names;
  const printer =
    format === "table"
      ? tablePrinter(header, write)
      : format === "csv"
        ? csvPrinter(header, write)
        : jsonPrinter(header, write);
  let count = 0;
  for await (const batch of result.batches()) {
    for (let row = 0; row < batch.rows; row++) {
      const time = timeOf(batch, row, format, style);
      const values = batch.columns.map((column) => valueAt(column, row) ?? null);
      printer.row(time === undefined ? values : [time, ...values]);
      count++;
    }
  }
  printer.end(count);
  return count;
}

function timeOf(batch: ColumnBatch, row: number, format: Format, style: TimeStyle): Value | undefined {
  if (batch.times === undefined) return undefined;
  const time = timeAt(batch.times, row);
  return format === "json" ? time : formatTimestamp(time, style.precision, style.zone);
}

interface Printer {
  row(values: Row): void;
  end(count: number): void;
}

function tablePrinter(header: readonly string[], write: (text: string) => void): Printer {
  let rows: string[][] = [];
  let printed = false;
  const flush = () => {
    const table = new Table({ head: [...header], style: { head: [], border: [], compact: true } });
    table.push(...rows);
    write(`${table.toString()}\n`);
    rows = [];
    printed = true;
  };
  return {
    row(values) {
      rows.push(values.map((value) => (value === null ? "null" : String(value))));
      if (rows.length === ROWS_PER_TABLE) flush();
    },
    end() {
      if (rows.length > 0 || (!printed && header.length > 0)) flush();
    },
  };
}

/** RFC 4180, with a line of names; null is an empty field. */
function csvPrinter(header: readonly string[], write: (text: string) => void): Printer {
  const line = (fields: readonly string[]) => write(`${fields.join(",")}\n`);
  line(header.map(csvField));
  return {
    row: (values) => line(values.map((value) => (value === null ? "" : csvField(String(value))))),
    end: () => undefined,
  };
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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
