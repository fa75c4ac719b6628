import type { IToken } from "chevrotain";
import type { InsertStatement, Literal, ParseOptions, Place, TimeExpression } from "./ast.ts";
import { Fault, quote } from "./fault.ts";
import { literalOf, type Operand, timeOf } from "./operand.ts";
import { exactPathOf, measurementOf, placeOf } from "./paths.ts";
import { K } from "./tokens.ts";

/** A row as written. */
export interface Row {
  readonly values: readonly Operand[];
  readonly place: Place;
}

const NOW: TimeExpression = { kind: "now", offset: 0n };

/** The statement, once every row has a value for every column. */
export function buildInsert(
  device: IToken,
  columns: readonly IToken[],
  rows: readonly Row[],
  options: ParseOptions,
): InsertStatement {
  const timeColumn = columns.findIndex(isTime);
  const measurements = measurementsOf(columns);
  const last = columns.at(-1);
  if (measurements.length === 0 && last !== undefined) {
    throw new Fault("SQL_SEMANTIC", placeOf(last), "INSERT needs at least one measurement besides the time");
  }
  const second = rows[1];
  if (timeColumn < 0 && second !== undefined) {
    throw new Fault(
      "SQL_SEMANTIC",
      second.place,
      "several rows need a time column: without one they would all be at now()",
    );
  }
  return {
    kind: "insert",
    device: exactPathOf(device, "device"),
    measurements,
    rows: rows.map((row, index) => {
      if (row.values.length !== columns.length) throw wrongCount(row, index, columns.length);
      return rowOf(row, timeColumn, options);
    }),
  };
}

function isTime(column: IToken): boolean {
  return column.tokenType === K.TIME || column.tokenType === K.TIMESTAMP;
}

function measurementsOf(columns: readonly IToken[]): string[] {
  const measurements: string[] = [];
  const seen = new Set<string>();
  for (const column of columns) {
    const name = isTime(column) ? "time" : measurementOf(column);
    const key = isTime(column) ? "" : name;
    if (seen.has(key)) throw new Fault("SQL_SEMANTIC", placeOf(column), `column ${quote(name)} stands twice`);
    seen.add(key);
    if (key !== "") measurements.push(name);
  }
  return measurements;
}

function rowOf(row: Row, timeColumn: number, options: ParseOptions): InsertStatement["rows"][number] {
  const values: Literal[] = [];
  let time = NOW;
  for (const [column, operand] of row.values.entries()) {
    if (column === timeColumn) time = timeOf(operand, options);
    else values.push(literalOf(operand));
  }
  return { time, values, place: row.place };
}

function wrongCount(row: Row, index: number, columns: number): Fault {
  const values = row.values.length;
  return new Fault(
    "SQL_SEMANTIC",
    row.place,
    `row ${index + 1} has ${values} ${values === 1 ? "value" : "values"} for ${columns} ${columns === 1 ? "column" : "columns"}`,
  );
}
