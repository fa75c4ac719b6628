import type { Value } from "@ringtide/tsfile";
import Table from "cli-table3";
import type { Printer } from "./format.ts";
import { printable, textOf } from "./values.ts";

/** A table needs all of its rows to know its widths: longer results are printed as several. */
const ROWS_PER_TABLE = 1000;

/**
 * Rows as tables; where a table is wider than `width` columns, its rows are printed one below the other instead, a line for each value.
 * `width` 0: nothing is too wide.
 */
export function tablePrinter(header: readonly string[], width: number, write: (text: string) => void): Printer {
  const shownHeader = header.map(printable);
  let rows: string[][] = [];
  let flushed = 0;
  let vertical = false;
  const flush = () => {
    // Once rows stand one below the other they stay so: a result that changes its shape is hard to read.
    if (!vertical) {
      const table = tableOf(shownHeader, rows);
      vertical = rows.length > 0 && width > 0 && table.slice(0, table.indexOf("\n")).length > width;
      if (!vertical) write(`${table}\n`);
    }
    if (vertical) write(records(shownHeader, rows, flushed));
    flushed += rows.length;
    rows = [];
  };
  return {
    row(values) {
      rows.push(values.map(cell));
      if (rows.length === ROWS_PER_TABLE) flush();
    },
    end() {
      if (rows.length > 0 || (flushed === 0 && header.length > 0)) flush();
    },
  };
}

function cell(value: Value | null): string {
  return value === null ? "null" : printable(textOf(value));
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...header], style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function records(header: readonly string[], rows: readonly (readonly string[])[], before: number): string {
  const longest = Math.max(...header.map((name) => name.length));
  const lines = rows.flatMap((row, i) => [
    `-- row ${before + i + 1}`,
    ...row.map((value, column) => `${(header[column] ?? "").padEnd(longest)}  ${value}`),
  ]);
  return `${lines.join("\n")}\n`;
}
