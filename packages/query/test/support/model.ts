import { PathPattern, splitPath } from "@ringtide/common";
import type { AggregateName, Condition, Literal, SelectStatement, TimeExpression } from "@ringtide/sql";
import { DataType, type Point, type Value } from "@ringtide/tsfile";
import { type NaiveSeries, pathOf } from "./naive-reader.ts";
import type { ResultRow } from "./test-cluster.ts";

/** What a SELECT means, point by point: nothing here is fast, and nothing is shared with the code under test. */
export interface Expected {
  readonly names: readonly string[];
  readonly rows: readonly ResultRow[];
}

type Rows = readonly { readonly time: bigint | undefined; readonly values: readonly (Value | null)[] }[];

export function evaluate(statement: SelectStatement, all: readonly NaiveSeries[]): Expected {
  const sorted = [...all].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const expected = statement.alignByDevice ? byDevice(statement, sorted) : sideBySide(statement, sorted);
  const { offset, limit } = statement;
  return { names: expected.names, rows: expected.rows.slice(offset, limit === undefined ? undefined : offset + limit) };
}

function sideBySide(statement: SelectStatement, all: readonly NaiveSeries[]): Expected {
  const prefixes = statement.from.map((path) => path.text);
  const passes = (time: bigint): boolean =>
    statement.where === undefined ||
    holds(statement.where, time, false, (text) => prefixes.flatMap((prefix) => matching(all, prefix, text)));
  const columns = statement.items.flatMap((item) =>
    prefixes.flatMap((prefix) => matching(all, prefix, item.path.text)).map((series) => ({ item, series })),
  );
  const isAggregate = statement.items[0]?.kind === "aggregate";
  if (!isAggregate) {
    return {
      names: columns.map(({ series }) => pathOf(series)),
      rows: rawRows(
        columns.map(({ series }) => series),
        passes,
        statement.descending,
      ),
    };
  }
  const level = statement.groupByLevel;
  const functions = new Map<string, { name: AggregateName; series: NaiveSeries[] }>();
  columns.forEach(({ item, series }, at) => {
    if (item.kind !== "aggregate") return;
    const path = level === undefined ? pathOf(series) : atLevel(series, level);
    // Each series has its column; by level, a name has one in each item.
    const key = level === undefined ? String(at) : `${statement.items.indexOf(item)} ${path}`;
    const known = functions.get(key);
    if (known === undefined) functions.set(key, { name: item.name, series: [series] });
    else if (!known.series.includes(series)) known.series.push(series);
  });
  const list = [...functions.values()];
  return {
    names: list.map(({ name, series: [first] }) => {
      if (first === undefined) return "";
      return `${name}(${level === undefined ? pathOf(first) : atLevel(first, level)})`;
    }),
    rows: list.length === 0 ? [] : aggregateRows(statement, list, passes),
  };
}

function byDevice(statement: SelectStatement, all: readonly NaiveSeries[]): Expected {
  const prefixes = statement.from.map((path) => path.text);
  const isAggregate = statement.items[0]?.kind === "aggregate";
  const columns = statement.items.flatMap((item) => {
    const found = prefixes.flatMap((prefix) => matching(all, prefix, item.path.text));
    // A measurement that no device has keeps its column.
    const missing = found.length === 0 && item.path.text !== "*" ? [item.path.text] : [];
    return [...new Set([...found.map((series) => series.measurement), ...missing])].map((measurement) => ({
      measurement,
      name: item.kind === "aggregate" ? item.name : undefined,
      series: found.filter((series) => series.measurement === measurement),
    }));
  });
  const devices = [...new Set(columns.flatMap(({ series }) => series.map((one) => one.device)))].sort();
  if (devices.length === 0) return { names: [], rows: [] };
  const rows: ResultRow[] = [];
  for (const device of devices) {
    const own = all.filter((series) => series.device === device);
    const passes = (time: bigint): boolean =>
      statement.where === undefined ||
      holds(statement.where, time, false, (text) => own.filter((series) => series.measurement === text));
    const cells = columns.map(({ series }) => series.find((one) => one.device === device));
    const part: Rows = isAggregate
      ? aggregateRows(
          statement,
          columns.map(({ name }, at) => ({
            name: name ?? "count",
            series: [cells[at]].filter((one) => one !== undefined),
          })),
          passes,
        )
      : rawRows(cells, passes, statement.descending);
    for (const row of part) rows.push({ time: row.time, values: [device, ...row.values] });
  }
  const names = columns.map(({ name, measurement }) => (name === undefined ? measurement : `${name}(${measurement})`));
  return { names: ["Device", ...names], rows };
}

function matching(all: readonly NaiveSeries[], prefix: string, text: string): NaiveSeries[] {
  const pattern = new PathPattern(text.startsWith("root.") ? text : `${prefix}.${text}`);
  return all.filter((series) => pattern.matches(splitPath(pathOf(series))));
}

function atLevel(series: NaiveSeries, level: number): string {
  const nodes = splitPath(pathOf(series));
  return nodes.map((node, at) => (at === 0 || at === level || at === nodes.length - 1 ? node : "*")).join(".");
}

function at(series: NaiveSeries | undefined, time: bigint): Value | undefined {
  return series?.points.find((point) => point.time === time)?.value;
}

function rawRows(
  columns: readonly (NaiveSeries | undefined)[],
  passes: (time: bigint) => boolean,
  descending: boolean,
): Rows {
  const times = [...new Set(columns.flatMap((series) => series?.points.map((point) => point.time) ?? []))];
  times.sort((a, b) => (a < b ? -1 : 1));
  if (descending) times.reverse();
  return times.filter(passes).map((time) => ({ time, values: columns.map((series) => at(series, time) ?? null) }));
}

function aggregateRows(
  statement: SelectStatement,
  columns: readonly { name: AggregateName; series: readonly NaiveSeries[] }[],
  passes: (time: bigint) => boolean,
): Rows {
  const rowOf = (time: bigint | undefined, inside: (time: bigint) => boolean) => ({
    time,
    values: columns.map(({ name, series }) => {
      const points = series.flatMap((one) => one.points.filter((point) => inside(point.time) && passes(point.time)));
      const [first] = series;
      return first === undefined ? null : apply(name, points);
    }),
  });
  const { groupBy } = statement;
  if (groupBy === undefined) return [rowOf(undefined, () => true)];
  const shift = groupBy.bounds === "(]" ? 1n : 0n;
  const end = ticks(groupBy.end) + shift;
  const { interval, step } = groupBy;
  const rows: { time: bigint; values: (Value | null)[] }[] = [];
  for (let start = ticks(groupBy.start) + shift; start < end; start += step.ticks) {
    const whole = start + interval.ticks;
    const stop = whole < end ? whole : end;
    const label = shift === 0n ? start : (step.ticks < interval.ticks ? whole : stop) - 1n;
    rows.push(rowOf(label, (time) => time >= start && time < stop) as { time: bigint; values: (Value | null)[] });
  }
  return statement.descending ? rows.reverse() : rows;
}

function apply(name: AggregateName, points: readonly Point[]): Value | null {
  if (name === "count") return BigInt(points.length);
  const ordered = [...points].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const [first] = ordered;
  if (first === undefined) return null;
  const end = ordered.at(-1) ?? first;
  const greatestAt = (time: bigint): Value =>
    ordered
      .filter((point) => point.time === time)
      .map((point) => point.value)
      .reduce((a, b) => (compare(b, ">", a) ? b : a));
  const values = ordered.map((point) => point.value as number | bigint);
  const sum = values.map(Number).reduce((a, b) => a + b, 0);
  switch (name) {
    case "sum":
      return sum;
    case "avg":
      return sum / values.length;
    case "min_value":
      return values.reduce((a, b) => (compare(b, "<", a) ? b : a));
    case "max_value":
      return values.reduce((a, b) => (compare(b, ">", a) ? b : a));
    case "min_time":
      return first.time;
    case "max_time":
      return end.time;
    case "first_value":
      return greatestAt(first.time);
    case "last_value":
      return greatestAt(end.time);
  }
}

function ticks(time: TimeExpression): bigint {
  return time.kind === "ticks" ? time.value : 1000n + time.offset;
}

const INVERSE = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "=" } as const;

function holds(
  condition: Condition,
  time: bigint,
  negated: boolean,
  find: (text: string) => readonly NaiveSeries[],
): boolean {
  switch (condition.kind) {
    case "not":
      return holds(condition.operand, time, !negated, find);
    case "and":
    case "or": {
      const test = (operand: Condition): boolean => holds(operand, time, negated, find);
      return (condition.kind === "and") !== negated ? condition.operands.every(test) : condition.operands.some(test);
    }
    case "time": {
      const comparison = negated ? INVERSE[condition.comparison] : condition.comparison;
      return compare(time, comparison, ticks(condition.time));
    }
    case "timeIn":
      return condition.times.some((one) => ticks(one) === time) !== (condition.negated !== negated);
    case "value":
    case "valueIn": {
      const series = find(condition.series.text);
      if (series.length === 0) return false;
      const test = (one: NaiveSeries): boolean => {
        const value = at(one, time);
        if (value === undefined) return false;
        if (condition.kind === "valueIn") {
          const isIn = condition.literals.some((literal) => compare(value, "=", literalOf(literal, one.type)));
          return isIn !== (condition.negated !== negated);
        }
        const comparison = negated ? INVERSE[condition.comparison] : condition.comparison;
        return compare(value, comparison, literalOf(condition.literal, one.type));
      };
      return negated ? series.some(test) : series.every(test);
    }
  }
}

function literalOf(literal: Literal, type: DataType): Value {
  if (literal.kind === "null") return "";
  return literal.kind === "decimal" && type === DataType.FLOAT ? Math.fround(literal.value) : literal.value;
}

/** JavaScript compares numbers with bigints exactly. */
function compare(a: Value, comparison: keyof typeof INVERSE, b: Value): boolean {
  switch (comparison) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "=":
      return !(a < b) && !(a > b);
    case "!=":
      return a < b || a > b;
  }
}
