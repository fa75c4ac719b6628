import { PathPattern, splitPath } from "@ringtide/common";
import { DataType, type Value } from "@ringtide/tsfile";
import type { QueryStatement, ResultSet } from "../api.ts";
import { childPath } from "../plan/children.ts";
import { devicesBelow } from "../plan/paths.ts";
import { ALL_TIMES } from "../plan/range.ts";
import { semantic } from "../plan/select.ts";
import { comparePaths } from "../plan/series.ts";
import type { Operation } from "../wire/fragment.ts";
import type { Asked, GroupReply, QueryRun } from "./reply.ts";
import { closingBatches, showResult } from "./result.ts";
import { batchRows, type KeyedRow, limitKeys, mergeByKey } from "./sorted.ts";

export type ShowStatement = Exclude<QueryStatement, { kind: "select" }>;

const { TEXT, INT32 } = DataType;
type Row = readonly (Value | null)[];

/** SHOW and COUNT. A path without wildcards also stands for what lies below it. */
export function show(run: QueryRun, statement: ShowStatement): ResultSet {
  switch (statement.kind) {
    case "showStorageGroup":
      return texts(run, ["storage group"], storageGroups(run, statement.path?.text));
    case "showTimeseries":
      return showTimeseries(run, statement);
    case "showDevices": {
      const { offset, limit } = statement;
      const replies = browse(run, statement.path?.text, { kind: "listDevices", limit: mostRows(offset, limit) });
      return texts(run, ["devices"], limitKeys(mergeByKey(replies), { offset, limit, unique: true }));
    }
    case "showChildPaths":
      return texts(run, ["child paths"], childPaths(run, statement.path?.text ?? "root"));
    case "countTimeseries":
      return countTimeseries(run, statement);
  }
}

function mostRows(offset: number, limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : offset + limit;
}

function texts(run: QueryRun, names: readonly string[], rows: AsyncIterable<Row>): ResultSet {
  const batches = batchRows(
    rows,
    names.map(() => TEXT),
  );
  return { ...showResult(names.map((name) => ({ name, type: TEXT }))), batches: closingBatches(run, batches) };
}

function browse(run: QueryRun, path: string | undefined, operation: Operation): GroupReply[] {
  const text = new PathPattern(path ?? "root").text;
  const fragment: Asked = {
    patterns: [text],
    filterPatterns: [],
    range: ALL_TIMES,
    predicate: undefined,
    byDevice: false,
    descending: false,
    maxMemoryBytes: run.options.maxMemoryBytes,
    operation,
  };
  return run.openAll([...new Set(run.cluster.groupsOf(devicesBelow(text)))], fragment);
}

async function* storageGroups(run: QueryRun, path: string | undefined): AsyncGenerator<KeyedRow> {
  const pattern = new PathPattern(path ?? "root");
  for (const group of [...run.cluster.storageGroups()].sort(comparePaths)) {
    if (pattern.matchesPrefixOf(splitPath(group))) yield [group];
  }
}

const SERIES_COLUMNS = [
  "timeseries",
  "alias",
  "storage group",
  "dataType",
  "encoding",
  "compression",
  "tags",
  "attributes",
];

function showTimeseries(run: QueryRun, statement: Extract<ShowStatement, { kind: "showTimeseries" }>): ResultSet {
  const { offset, limit } = statement;
  const replies = browse(run, statement.path?.text, { kind: "listSeries", limit: mostRows(offset, limit) });
  const rows = limitKeys(mergeByKey(replies), { offset, limit, unique: true });
  return texts(run, SERIES_COLUMNS, describe(run, rows));
}

async function* describe(run: QueryRun, rows: AsyncIterable<KeyedRow>): AsyncGenerator<Row> {
  const groups = new Set(run.cluster.storageGroups());
  for await (const [path, type, encoding, compression] of rows) {
    const group = groupOf(groups, path);
    yield [path, null, group, type ?? null, encoding ?? null, compression ?? null, null, null];
  }
}

function groupOf(groups: ReadonlySet<string>, path: string): string | null {
  const nodes = splitPath(path);
  for (let length = nodes.length - 1; length > 0; length--) {
    const above = nodes.slice(0, length).join(".");
    if (groups.has(above)) return above;
  }
  return null;
}

/** Storage groups count as paths, with or without series. */
async function* childPaths(run: QueryRun, path: string): AsyncGenerator<KeyedRow> {
  const pattern = new PathPattern(path);
  if (pattern.nodes.includes("**")) throw semantic("SHOW CHILD PATHS takes *, not **");
  const children = run.cluster
    .storageGroups()
    .flatMap((group) => childPath(pattern, splitPath(group)) ?? [])
    .sort(comparePaths);
  const known = limitKeys(rowsOf(children), { offset: 0, limit: undefined, unique: true });
  const found = mergeByKey(browse(run, path, { kind: "listChildren" }));
  yield* limitKeys(mergeSorted(known, found), { offset: 0, limit: undefined, unique: true });
}

async function* rowsOf(keys: readonly string[]): AsyncGenerator<KeyedRow> {
  for (const key of keys) yield [key];
}

async function* mergeSorted(a: AsyncGenerator<KeyedRow>, b: AsyncGenerator<KeyedRow>): AsyncGenerator<KeyedRow> {
  let left = await a.next();
  let right = await b.next();
  while (left.done !== true || right.done !== true) {
    if (right.done === true || (left.done !== true && left.value[0] <= right.value[0])) {
      if (left.done !== true) yield left.value;
      left = await a.next();
    } else {
      yield right.value;
      right = await b.next();
    }
  }
}

function countTimeseries(run: QueryRun, statement: Extract<ShowStatement, { kind: "countTimeseries" }>): ResultSet {
  const { level } = statement;
  const sums = sumByKey(mergeByKey(browse(run, statement.path?.text, { kind: "count", level })));
  if (level !== undefined) {
    return texts(run, ["column", "count"], asTexts(sums));
  }
  const batches = batchRows(oneCount(sums), [INT32]);
  return { ...showResult([{ name: "count", type: INT32 }]), batches: closingBatches(run, batches) };
}

async function* sumByKey(rows: AsyncIterable<KeyedRow>): AsyncGenerator<readonly [string, number]> {
  let key: string | undefined;
  let sum = 0;
  for await (const [name, count] of rows) {
    if (key !== undefined && key !== name) {
      yield [key, sum];
      sum = 0;
    }
    key = name;
    sum += Number(count);
  }
  if (key !== undefined) yield [key, sum];
}

async function* asTexts(sums: AsyncIterable<readonly [string, number]>): AsyncGenerator<Row> {
  for await (const [name, count] of sums) yield [name, String(count)];
}

async function* oneCount(sums: AsyncIterable<readonly [string, number]>): AsyncGenerator<Row> {
  let total = 0;
  for await (const [, count] of sums) total += count;
  yield [total];
}
