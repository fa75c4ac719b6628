import { type ColumnBatch, reverseBatch, sliceBatch } from "@ringtide/tsfile";
import type { TimeRange } from "./api.ts";
import { withoutEmptyRows } from "./batches.ts";
import { erasOf } from "./eras-of.ts";
import { mergeSources } from "./merge.ts";
import type { Pacer } from "./pacer.ts";
import type { Source, Wanted } from "./source.ts";
import type { Tombstone } from "./tombstones.ts";

/** What a read of one device sees: the state at its call, whatever is written later. */
export interface DeviceSnapshot {
  readonly tombstones: readonly Tombstone[];
  /** All sources of the device, oldest version first. */
  sources(): readonly Source[];
}

/** How much a read takes at a time. */
export interface ReadLimits {
  /** Rows of a result batch at most. */
  readonly maxBatchRows: number;
  /** Rows that a merge gathers from small sources. */
  readonly targetRows: number;
}

export interface Scan {
  readonly wanted: readonly Wanted[];
  readonly range: TimeRange;
  readonly descending: boolean;
  readonly signal: AbortSignal;
}

/** Rows of the range in which a wanted series has a value, in bounded batches. Throws the signal's reason when it aborts. */
export async function* scanDevice(
  snapshot: DeviceSnapshot,
  scan: Scan,
  limits: ReadLimits,
  pacer: Pacer,
): AsyncGenerator<ColumnBatch> {
  const { wanted, range, descending, signal } = scan;
  const { tombstones } = snapshot;
  signal.throwIfAborted();
  for (const era of erasOf(snapshot.sources(), wanted, range, descending)) {
    const merged = mergeSources({ ...era, wanted, tombstones, descending, targetRows: limits.targetRows });
    for await (const rows of merged) {
      signal.throwIfAborted();
      await pacer.pace();
      yield* cut(descending ? reverseBatch(withoutEmptyRows(rows)) : withoutEmptyRows(rows), limits.maxBatchRows);
    }
  }
}

function* cut(batch: ColumnBatch, maxRows: number): Generator<ColumnBatch> {
  for (let from = 0; from < batch.rows; from += maxRows)
    yield sliceBatch(batch, from, Math.min(batch.rows, from + maxRows));
}
