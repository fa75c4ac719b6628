import type { SelectStatement } from "@ringtide/sql";
import { type Column, type ColumnBatch, DataType, emptyColumn, typeName } from "@ringtide/tsfile";
import type { ResultColumn, ResultSet } from "../api.ts";
import { constantText } from "../columns/build.ts";
import { columnAt } from "../columns/copy.ts";
import { aggregateColumns, columnKey, WHOLE } from "../operators/aggregate-columns.ts";
import { limitRows } from "../operators/limit.ts";
import { isExact } from "../plan/paths.ts";
import { aggregateItems, type PlannedItem, type SelectPlan, semantic } from "../plan/select.ts";
import { byDevice, comparePaths, pathOf } from "../plan/series.ts";
import type { AggregateItem, Operation } from "../wire/fragment.ts";
import type { ResolvedSeries } from "../wire/message.ts";
import { checkFound, findSeries } from "./found.ts";
import type { Asked, GroupReply, QueryRun } from "./reply.ts";
import { closingBatches, emptyResult, noBatches } from "./result.ts";

/** A device, the reply that has its rows, and which of the reply's devices it is. */
interface DevicePart {
  readonly device: string;
  readonly reply: GroupReply;
  readonly ordinal: number;
  readonly series: readonly ResolvedSeries[];
}

interface DeviceColumn {
  readonly item: PlannedItem;
  readonly measurement: string;
  readonly name: string;
  readonly type: DataType;
}

/** ALIGN BY DEVICE: the rows of one device after the other, columns named by measurement. */
export async function selectByDevice(run: QueryRun, plan: SelectPlan, statement: SelectStatement): Promise<ResultSet> {
  const items = aggregateItems(plan);
  const replies = await run.openSelect(fragmentsOf(run, plan, statement, items));
  checkFound({ ...plan, items: [allOf(plan)], predicate: undefined }, findSeries(plan, replies));
  const hasTime = items.length === 0 || plan.windows !== undefined;
  const operation = items.length === 0 ? "QUERY" : hasTime ? "GROUPBYTIME" : "AGGREGATION";
  const devices = devicesOf(replies);
  if (devices.length === 0) return { ...emptyResult(operation, hasTime), batches: closingBatches(run, noBatches()) };
  const columns = columnsOf(plan, devices);
  const rows = deviceRows(devices, columns, items, hasTime);
  const named: ResultColumn[] = columns.map(({ name, type }) => ({ name, type }));
  return {
    columns: [{ name: "Device", type: DataType.TEXT }, ...named],
    hasTime,
    descending: statement.descending,
    timesOrdered: true,
    operation,
    batches: closingBatches(run, limitRows(rows, statement.offset, statement.limit)),
  };
}

/** A device without some measurement is usual here: only when no item finds anything is a path unknown. */
function allOf(plan: SelectPlan): PlannedItem {
  return { aggregate: undefined, text: "", alias: undefined, patterns: plan.items.flatMap((item) => item.patterns) };
}

function fragmentsOf(
  run: QueryRun,
  plan: SelectPlan,
  statement: SelectStatement,
  items: readonly AggregateItem[],
): Map<number, Asked> {
  const { offset, limit, descending } = statement;
  const operation: Operation =
    items.length === 0
      ? { kind: "raw", filter: "here", offset, limit }
      : { kind: "aggregate", items, windows: plan.windows, level: undefined };
  const fragment: Asked = {
    patterns: plan.patterns,
    // The filter's measurements are read on each selected device.
    filterPatterns: [],
    range: plan.range,
    predicate: plan.predicate,
    byDevice: true,
    descending,
    maxMemoryBytes: run.options.maxMemoryBytes,
    operation,
  };
  return new Map(plan.groups.map((group) => [group, fragment]));
}

/** Selected devices of all groups in path order; series that only the filter reads are left out. */
function devicesOf(replies: readonly GroupReply[]): DevicePart[] {
  return replies
    .flatMap((reply) => byDevice(reply.series).map((part, ordinal) => ({ ...part, reply, ordinal })))
    .sort((a, b) => comparePaths(a.device, b.device));
}

/** Measurements of each item in order of FROM prefixes, then path; SQL_SEMANTIC when devices disagree on a type. */
function columnsOf(plan: SelectPlan, devices: readonly DevicePart[]): DeviceColumn[] {
  const columns: DeviceColumn[] = [];
  for (const item of plan.items) {
    const seen = new Map<string, { type: DataType; path: string }>();
    for (const pattern of item.patterns) {
      for (const { series } of devices) {
        for (const one of series) {
          if (!one.patterns.includes(pattern)) continue;
          const type = item.aggregate === undefined ? one.type : typeOfFunction(item, one);
          const known = seen.get(one.measurement);
          if (known === undefined) seen.set(one.measurement, { type, path: pathOf(one) });
          else if (known.type !== type) {
            throw semantic(
              `ALIGN BY DEVICE: ${known.path} is ${typeName(known.type)}, but ${pathOf(one)} is ${typeName(type)}`,
            );
          }
        }
      }
    }
    if (seen.size === 0 && isExact(`root.x.${item.text}`)) seen.set(item.text, { type: DataType.TEXT, path: "" });
    if (item.alias !== undefined && seen.size > 1)
      throw semantic(`alias '${item.alias}' would name ${seen.size} columns`);
    for (const [measurement, { type }] of seen) {
      const plain = item.aggregate === undefined ? measurement : `${item.aggregate}(${measurement})`;
      columns.push({ item, measurement, name: item.alias ?? plain, type });
    }
  }
  return columns;
}

function typeOfFunction(item: PlannedItem, series: ResolvedSeries): DataType {
  const { aggregate } = item;
  const [column] =
    aggregate === undefined
      ? []
      : aggregateColumns([{ name: aggregate, pattern: 0, item: 0 }], [{ ...series, patterns: [0] }], false);
  return column?.type ?? series.type;
}

async function* deviceRows(
  devices: readonly DevicePart[],
  columns: readonly DeviceColumn[],
  items: readonly AggregateItem[],
  hasTime: boolean,
): AsyncGenerator<ColumnBatch> {
  for (const part of devices) {
    const sources = sourcesOf(part, columns, items);
    for (;;) {
      const rows = await part.reply.peekRows();
      if (rows === undefined || rows.device !== part.ordinal) break;
      await part.reply.nextRows();
      const { batch } = rows;
      const values: Column[] = columns.map((column, at) => {
        const source = sources[at];
        return source === undefined ? emptyColumn(column.type, batch.rows) : columnAt(batch, source);
      });
      yield {
        rows: batch.rows,
        times: hasTime ? batch.times : undefined,
        columns: [constantText(part.device, batch.rows), ...values],
      };
    }
  }
}

/** Where each column is in the device's batches. */
function sourcesOf(
  part: DevicePart,
  columns: readonly DeviceColumn[],
  items: readonly AggregateItem[],
): (number | undefined)[] {
  const sent = aggregateColumns(items, part.series, false).map((column) =>
    columnKey(column.item, column.name, column.series),
  );
  return columns.map(({ item, measurement }) => {
    const at = part.series.findIndex(
      (one) => one.measurement === measurement && item.patterns.some((pattern) => one.patterns.includes(pattern)),
    );
    if (at < 0 || item.aggregate === undefined) return at < 0 ? undefined : at;
    const column = sent.indexOf(columnKey(WHOLE, item.aggregate, at));
    return column < 0 ? undefined : column;
  });
}
