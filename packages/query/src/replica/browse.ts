import { PathPattern, splitPath } from "@ringtide/common";
import type { Series } from "@ringtide/engine";
import { columnFromValues, DataType, typeName } from "@ringtide/tsfile";
import { textColumn } from "../columns/build.ts";
import { childPath } from "../plan/children.ts";
import { comparePaths, pathOf } from "../plan/series.ts";
import { encodeRows } from "../wire/message.ts";
import { type ReplicaContext, seriesPacer } from "./context.ts";

const ROWS_PER_BATCH = 4096;
const NAME_BYTES = 64;

/** SHOW TIMESERIES: path, type, encoding, compression, in path order. */
export async function* listSeries(context: ReplicaContext, limit: number | undefined): AsyncGenerator<Uint8Array> {
  const rows: (readonly [string, string, string, string])[] = [];
  const flush = function* (): Generator<Uint8Array> {
    const columns = [0, 1, 2, 3].map((field) => textColumn(rows.map((row) => row[field])));
    if (rows.length > 0) yield* encodeRows(0, { rows: rows.length, times: undefined, columns });
    rows.length = 0;
  };
  let left = limit ?? Number.POSITIVE_INFINITY;
  for await (const series of matching(context)) {
    if (left-- <= 0) break;
    rows.push([pathOf(series), typeName(series.type), series.encoding, series.compression]);
    if (rows.length === ROWS_PER_BATCH) yield* flush();
  }
  yield* flush();
}

async function* matching(context: ReplicaContext, patterns = context.fragment.patterns): AsyncGenerator<Series> {
  const pace = seriesPacer(context);
  for (const text of patterns) {
    for (const series of context.reader.schema.match(new PathPattern(text), { prefix: true })) {
      const paused = pace();
      if (paused !== undefined) await paused;
      yield series;
    }
  }
}

/** SHOW DEVICES. */
export async function* listDevices(context: ReplicaContext, limit: number | undefined): AsyncGenerator<Uint8Array> {
  const patterns = context.fragment.patterns.map((text) => new PathPattern(text));
  const devices = new Set<string>();
  for await (const series of matching(context)) {
    if (devices.has(series.device)) continue;
    const nodes = splitPath(series.device);
    if (!patterns.some((pattern) => pattern.matchesPrefixOf(nodes))) continue;
    context.budget.reserve(NAME_BYTES + 2 * series.device.length);
    devices.add(series.device);
  }
  yield* names([...devices], limit);
}

/** SHOW CHILD PATHS. */
export async function* listChildren(context: ReplicaContext): AsyncGenerator<Uint8Array> {
  const patterns = context.fragment.patterns.map((text) => new PathPattern(text));
  const children = new Set<string>();
  for await (const series of matching(context, ["root"])) {
    const nodes = splitPath(pathOf(series));
    for (const pattern of patterns) {
      const child = childPath(pattern, nodes);
      if (child === undefined || children.has(child)) continue;
      context.budget.reserve(NAME_BYTES + 2 * child.length);
      children.add(child);
    }
  }
  yield* names([...children], undefined);
}

function* names(found: string[], limit: number | undefined): Generator<Uint8Array> {
  const sorted = found.sort(comparePaths).slice(0, limit);
  for (let at = 0; at < sorted.length; at += ROWS_PER_BATCH) {
    const part = sorted.slice(at, at + ROWS_PER_BATCH);
    yield* encodeRows(0, { rows: part.length, times: undefined, columns: [textColumn(part)] });
  }
}

/** COUNT TIMESERIES: the name of the node at the level (empty without a level) and how many series are below it. */
export async function* countSeries(context: ReplicaContext, level: number | undefined): AsyncGenerator<Uint8Array> {
  const counts = new Map<string, number>();
  for await (const series of matching(context)) {
    const nodes = level === undefined ? [] : splitPath(pathOf(series));
    if (level !== undefined && nodes.length <= level) continue;
    const name = level === undefined ? "" : nodes.slice(0, level + 1).join(".");
    const known = counts.get(name);
    if (known === undefined) context.budget.reserve(NAME_BYTES + 2 * name.length);
    counts.set(name, (known ?? 0) + 1);
  }
  const rows = [...counts].sort(([a], [b]) => comparePaths(a, b));
  for (let at = 0; at < rows.length; at += ROWS_PER_BATCH) {
    const part = rows.slice(at, at + ROWS_PER_BATCH);
    const columns = [
      textColumn(part.map(([name]) => name)),
      columnFromValues(
        DataType.INT64,
        part.map(([, count]) => BigInt(count)),
      ),
    ];
    yield* encodeRows(0, { rows: part.length, times: undefined, columns });
  }
}
