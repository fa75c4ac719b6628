import type { Answer, Cell, Model, TypeName, Value } from "./model.ts";

export type Keep = (time: bigint) => boolean;
export interface Cut {
  readonly descending?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}
type Column = readonly [name: string, paths: readonly string[]];

const always: Keep = () => true;

function cut<T>(rows: readonly T[], { descending, limit, offset = 0 }: Cut): T[] {
  const ordered = descending === true ? rows.toReversed() : [...rows];
  return ordered.slice(offset, limit === undefined ? undefined : offset + limit);
}

/** Series side by side, one row a time. */
export function raw(model: Model, paths: readonly string[], keep: Keep = always, how: Cut = {}): Answer {
  return { names: paths, rows: cut(rawRows(model, paths, keep), how) };
}

function rawRows(model: Model, paths: readonly string[], keep: Keep): Cell[][] {
  const times = new Set<bigint>();
  for (const path of paths) {
    if (!model.series.has(path)) continue;
    for (const time of model.get(path).points.keys()) if (keep(time)) times.add(time);
  }
  return [...times].sort(ascending).map((time) => [time, ...paths.map((path) => valueAt(model, path, time))]);
}

function valueAt(model: Model, path: string, time: bigint): Cell {
  return model.series.get(path)?.points.get(time) ?? null;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of several series' values at one time the greatest counts. */
function greatestAt(points: readonly (readonly [bigint, Value])[], time: bigint): Cell {
  let greatest: Cell = null;
  for (const [at, value] of points) if (at === time && (greatest === null || value > greatest)) greatest = value;
  return greatest;
}

/** One function over the points of one or several series. */
function apply(name: string, points: readonly (readonly [bigint, Value])[]): Cell {
  if (name === "count") return BigInt(points.length);
  const ordered = points.toSorted(([a], [b]) => ascending(a, b));
  const [first] = ordered;
  const last = ordered.at(-1);
  if (first === undefined || last === undefined) return null;
  const numbers = ordered
    .map(([, value]) => value as number | bigint)
    .filter((value) => typeof value === "bigint" || !Number.isNaN(value));
  switch (name) {
    case "sum":
      return ordered.reduce((sum, [, value]) => sum + Number(value), 0);
    case "avg":
      return ordered.reduce((sum, [, value]) => sum + Number(value), 0) / ordered.length;
    case "min_value":
      return numbers.length === 0 ? null : numbers.reduce((a, b) => (b < a || (Object.is(b, -0) && a === 0) ? b : a));
    case "max_value":
      return numbers.length === 0 ? null : numbers.reduce((a, b) => (b > a || (Object.is(a, -0) && b === 0) ? b : a));
    case "first_value":
      return greatestAt(ordered, first[0]);
    case "last_value":
      return greatestAt(ordered, last[0]);
    case "min_time":
      return first[0];
    case "max_time":
      return last[0];
    default:
      throw new Error(`no function ${name}`);
  }
}

/** Columns such as `["count", ["root.a.d.s"]]`; with several series a column they are taken together, as LEVEL does. */
export function aggregate(model: Model, columns: readonly Column[], keep: Keep = always): Answer {
  return { names: names(columns), rows: [functions(model, columns, keep)] };
}

/** `count(root.a.d.s)`; a column of several series is given with its whole name. */
function names(columns: readonly Column[]): string[] {
  return columns.map(([name, paths]) => (name.includes("(") ? name : `${name}(${paths[0] ?? ""})`));
}

function functions(model: Model, columns: readonly Column[], keep: Keep): Cell[] {
  return columns.map(([name, paths]) => {
    const known = paths.filter((path) => model.series.has(path));
    if (known.length === 0) return null;
    const points = known.flatMap((path) => [...model.get(path).points].filter(([time]) => keep(time)));
    return apply(name.replace(/\(.*/, ""), points);
  });
}

/** A window: its label, and its times from `from` up to and without `to`. */
export type Window = readonly [label: bigint, from: bigint, to: bigint];

/** Windows of `[start, end)` as they are; those of `(start, end]` end at their labels. */
export function windows(start: bigint, end: bigint, interval: bigint, step = interval, bounds = "[)"): Window[] {
  const shift = bounds === "[)" ? 0n : 1n;
  const found: Window[] = [];
  for (let from = start; from < end; from += step) {
    const to = from + interval < end ? from + interval : end;
    const label = shift === 0n ? from : step < interval ? from + interval : to;
    found.push([label, from + shift, to + shift]);
  }
  return found;
}

export function grouped(
  model: Model,
  columns: readonly Column[],
  over: readonly Window[],
  keep: Keep = always,
  how: Cut = {},
): Answer {
  return { names: names(columns), rows: cut(groupedRows(model, columns, over, keep), how) };
}

function groupedRows(model: Model, columns: readonly Column[], over: readonly Window[], keep: Keep): Cell[][] {
  return over.map(([label, from, to]) => [
    label,
    ...functions(model, columns, (time) => time >= from && time < to && keep(time)),
  ]);
}

export type Shape =
  | { readonly kind: "raw" }
  | { readonly kind: "aggregate"; readonly functions: readonly string[] }
  | { readonly kind: "grouped"; readonly functions: readonly string[]; readonly windows: readonly Window[] };

/** Devices below each other, in path order; `measurements` beside `shape.functions` one to one. */
export function byDevice(
  model: Model,
  devices: readonly string[],
  measurements: readonly string[],
  shape: Shape,
  keep: (device: string, time: bigint) => boolean = () => true,
  how: Cut = {},
): Answer {
  const rows = devices.toSorted().flatMap((device): Cell[][] => {
    const kept: Keep = (time) => keep(device, time);
    const paths = measurements.map((name) => `${device}.${name}`);
    if (shape.kind === "raw") {
      const found = rawRows(model, paths, kept);
      return (how.descending === true ? found.toReversed() : found).map(([time, ...cells]) => [
        time as bigint,
        device,
        ...cells,
      ]);
    }
    const columns = shape.functions.map((name, i): Column => [name, [paths[i] ?? ""]]);
    if (shape.kind === "aggregate") return [[device, ...functions(model, columns, kept)]];
    const found = groupedRows(model, columns, shape.windows, kept);
    return (how.descending === true ? found.toReversed() : found).map(([label, ...cells]) => [
      label as bigint,
      device,
      ...cells,
    ]);
  });
  const named =
    shape.kind === "raw" ? measurements : shape.functions.map((name, i) => `${name}(${measurements[i] ?? ""})`);
  return { names: ["Device", ...named], rows: cut(rows, { ...how, descending: false }) };
}

/** SELECT LAST. */
export function last(model: Model, paths: readonly string[], keep: Keep = always): Answer {
  const rows = paths.toSorted().flatMap((path): Cell[][] => {
    const found = model.points(path).findLast(([time]) => keep(time));
    const { type } = model.get(path);
    return found === undefined ? [] : [[found[0], path, shown(type, found[1]), type]];
  });
  return { names: ["timeseries", "value", "dataType"], rows };
}

/** Decimals have a point; the values of the test are short enough to be written in full. */
function shown(type: TypeName, value: Value): string {
  const text = type === "FLOAT" ? String(Number((value as number).toPrecision(7))) : String(value);
  return (type === "DOUBLE" || type === "FLOAT") && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export interface FillRule {
  readonly method: "previous" | "linear";
  readonly before?: bigint;
  readonly after?: bigint;
}

/** The value at a time, from the points around it where there is none. */
export function filled(
  type: TypeName,
  points: readonly (readonly [bigint, Value])[],
  time: bigint,
  rule: FillRule,
): Cell {
  const before = points.findLast(([at]) => at <= time);
  if (before?.[0] === time) return before[1];
  const after = points.find(([at]) => at > time);
  if (before === undefined || (rule.before !== undefined && time - before[0] > rule.before)) return null;
  if (rule.method === "previous") return before[1];
  if (after === undefined || (rule.after !== undefined && after[0] - time > rule.after)) return null;
  if (type === "BOOLEAN" || type === "TEXT") return null;
  const part = Number(time - before[0]) / Number(after[0] - before[0]);
  const value = Number(before[1]) * (1 - part) + Number(after[1]) * part;
  if (type === "INT64") return BigInt(Math.floor(value));
  return type === "INT32" ? Math.floor(value) : value;
}
