import type { Session } from "@ringtide/client";

export type TypeName = "BOOLEAN" | "INT32" | "INT64" | "FLOAT" | "DOUBLE" | "TEXT";
export type Value = boolean | number | bigint | string;
export type Cell = Value | null;

/** What the test wrote, in plain maps: the later write of a time wins, null writes nothing. */
export interface Series {
  readonly path: string;
  readonly type: TypeName;
  readonly points: Map<bigint, Value>;
}

export class Model {
  readonly series = new Map<string, Series>();

  create(path: string, type: TypeName): void {
    if (!this.series.has(path)) this.series.set(path, { path, type, points: new Map() });
  }

  put(path: string, time: bigint, value: Cell): void {
    if (value === null) return;
    const { type, points } = this.get(path);
    points.set(time, stored(type, value));
  }

  get(path: string): Series {
    const series = this.series.get(path);
    if (series === undefined) throw new Error(`the test never wrote ${path}`);
    return series;
  }

  at(path: string, time: bigint): Value | undefined {
    return this.get(path).points.get(time);
  }

  /** The number at a time; NaN, which compares false with everything, when there is none. */
  number(path: string, time: bigint): number {
    return Number(this.at(path, time) ?? Number.NaN);
  }

  /** Points in order of time. */
  points(path: string): [bigint, Value][] {
    return [...this.get(path).points].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Paths whose name matches, in path order. */
  paths(pattern: RegExp): string[] {
    return [...this.series.keys()].filter((path) => pattern.test(path)).sort();
  }

  erase(path: string, from: bigint, to: bigint): void {
    const { points } = this.get(path);
    for (const time of points.keys()) if (time >= from && time <= to) points.delete(time);
  }
}

function stored(type: TypeName, value: Value): Value {
  if (type === "FLOAT") return Math.fround(Number(value));
  if (type === "INT64") return BigInt(value);
  return type === "DOUBLE" || type === "INT32" ? Number(value) : value;
}

/** An answer as it is compared: names and rows; the time, where there is one, is the first cell. */
export interface Answer {
  readonly names: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export async function ask(
  session: Session,
  sql: string,
  consistency: "strong" | "mid" | "weak" = "mid",
): Promise<Answer> {
  const result = await session.execute(sql, { consistency });
  const rows: Cell[][] = [];
  for await (const { time, values } of result) rows.push(time === undefined ? [...values] : [BigInt(time), ...values]);
  return { names: result.columns.map(({ name }) => name), rows };
}

/** A value as it is written in SQL. */
function literal(value: Cell): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  if (Object.is(value, -0)) return "-0.0";
  return String(value);
}

/** Writes rows with INSERT and remembers them. */
export async function insertRows(
  session: Session,
  model: Model,
  device: string,
  columns: readonly string[],
  rows: readonly (readonly [bigint, ...Cell[]])[],
): Promise<void> {
  const values = rows.map(([time, ...cells]) => `(${[String(time), ...cells.map(literal)].join(", ")})`);
  await session.execute(`INSERT INTO ${device}(time, ${columns.join(", ")}) VALUES ${values.join(", ")}`);
  for (const [time, ...cells] of rows) {
    columns.forEach((column, i) => {
      model.put(`${device}.${column}`, time, cells[i] ?? null);
    });
  }
}
