import type { ColumnBatch } from "@ringtide/tsfile";
import { limitRows } from "../operators/limit.ts";
import { byDevice, isSelected } from "../plan/series.ts";
import type { Fragment } from "../wire/fragment.ts";
import { encodeRows, type ResolvedSeries } from "../wire/message.ts";
import type { ReplicaContext } from "./context.ts";
import { withFilterSeries } from "./resolve.ts";
import { filterRows, readRows } from "./source.ts";

type RawOperation = Extract<Fragment["operation"], { kind: "raw" }>;

/** Rows as they are: aligned by time, or one device after the other. */
export async function* runRaw(
  context: ReplicaContext,
  operation: RawOperation,
  series: readonly ResolvedSeries[],
): AsyncGenerator<Uint8Array> {
  if (!context.fragment.byDevice) {
    yield* encoded(context, 0, limitRows(rowsOf(context, operation, series), operation.offset, operation.limit));
    return;
  }
  let device = 0;
  for (const part of byDevice(series)) {
    // Offset and limit are over the rows of all devices: each device gives no more than could be asked of it.
    const most = operation.limit === undefined ? undefined : operation.offset + operation.limit;
    yield* encoded(
      context,
      device,
      limitRows(rowsOf(context, operation, withFilterSeries(part, context.fragment, context.reader)), 0, most),
    );
    device++;
  }
}

function rowsOf(
  context: ReplicaContext,
  operation: RawOperation,
  series: readonly ResolvedSeries[],
): AsyncGenerator<ColumnBatch> {
  if (operation.filter === "later") return readRows(context, series);
  const selected = series.flatMap((one, at) => (isSelected(one, context.fragment) ? [at] : []));
  if (context.fragment.predicate === undefined && selected.length === series.length) return readRows(context, series);
  return filterRows(context, series, selected, operation.filter === "mark");
}

async function* encoded(
  context: ReplicaContext,
  device: number,
  batches: AsyncIterable<ColumnBatch>,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield* encodeRows(device, batch, context.fragment.compact);
}
