import { assert } from "@ringtide/common";
import { type ColumnBatch, lowerBound, mergeBatches, sliceBatch } from "@ringtide/tsfile";
import { loadWanted, type Source, type Wanted } from "./source.ts";
import type { Tombstone } from "./tombstones.ts";

/** What is to be merged: sources of one device in one era, oldest version first. */
export interface MergeRequest {
  readonly sources: readonly Source[];
  readonly wanted: readonly Wanted[];
  readonly tombstones: readonly Tombstone[];
  /** First and last offset of the era that is asked for. */
  readonly from: number;
  readonly to: number;
  readonly descending: boolean;
  /** Rows that a batch gathers from small sources, where there are as many. */
  readonly targetRows: number;
}

/** Largest merge at once, as a multiple of the target: keeps the main loop's turns short. */
const MAX_TARGETS = 2;
/** A source that overlaps no other is passed on alone from this share of the target on. */
const ALONE_SHARE = 8;

/** Loaded rows [from, to) of a source that were not passed on yet; `version` orders sources. */
interface Active {
  readonly version: number;
  readonly batch: ColumnBatch;
  readonly offsets: Float64Array;
  from: number;
  to: number;
}

/**
 * The merged rows of all sources in batches that ascend within, one after the other in the order asked for. Sources are loaded
 * when the merge comes to their span, so memory holds those that overlap each other, and about `targetRows` rows of others.
 */
export async function* mergeSources(request: MergeRequest): AsyncGenerator<ColumnBatch> {
  const { descending, from, to } = request;
  const queue = request.sources
    .map((source, version) => ({ source, version }))
    .filter(({ source }) => source.last >= from && source.first <= to)
    .sort((a, b) => (descending ? a.source.last - b.source.last : b.source.first - a.source.first));
  let active: Active[] = [];
  while (active.length > 0 || queue.length > 0) {
    for (let next = queue.at(-1); next !== undefined; next = queue.at(-1)) {
      if (isEnough(request, active, descending ? next.source.last : next.source.first)) break;
      queue.pop();
      const loaded = await load(request, next.source, next.version);
      if (loaded.from < loaded.to) active.push(loaded);
    }
    if (active.length === 0) continue;
    const next = queue.at(-1)?.source;
    const horizon = next === undefined ? undefined : descending ? next.last : next.first;
    const slices = takeUpTo(active, limitCut(request, active, horizon), descending);
    active = active.filter((one) => one.from < one.to);
    yield slices.length === 1 ? (slices[0] as ColumnBatch) : mergeBatches(slices);
  }
}

async function load(request: MergeRequest, source: Source, version: number): Promise<Active> {
  const batch = await loadWanted(source, request.wanted, request.tombstones);
  const offsets = batch.times?.offsets;
  assert(offsets !== undefined, "a source has times");
  const from = lowerBound(offsets, request.from);
  return { version, batch, offsets, from, to: lowerBound(offsets, request.to + 1) };
}

/** True when the rows before `horizon`, where the next source begins, are worth a batch. */
function isEnough({ targetRows, descending }: MergeRequest, active: readonly Active[], horizon: number): boolean {
  let rows = 0;
  for (const one of active) rows += countBefore(one, horizon, descending);
  if (rows >= targetRows) return true;
  const [only] = active;
  return active.length === 1 && only !== undefined && rows === only.to - only.from && rows * ALONE_SHARE >= targetRows;
}

/** Rows of a source that come before the offset `horizon` in the direction of the merge. */
function countBefore({ offsets, from, to }: Active, horizon: number, descending: boolean): number {
  if (descending) return to - Math.max(from, Math.min(to, lowerBound(offsets, horizon + 1)));
  return Math.max(from, Math.min(to, lowerBound(offsets, horizon))) - from;
}

/** The offset that the next batch stops short of: `horizon` (undefined: none), or nearer where there are too many rows before it. */
function limitCut(request: MergeRequest, active: readonly Active[], horizon: number | undefined): number {
  const { descending, targetRows } = request;
  const end = horizon ?? (descending ? -1 : Number.MAX_SAFE_INTEGER);
  const maxRows = targetRows * MAX_TARGETS;
  let rows = 0;
  for (const one of active) rows += countBefore(one, end, descending);
  if (rows <= maxRows) return end;
  // No source gives more than its share; the one that sets the cut gives all of it, so each batch makes headway.
  const share = Math.max(1, Math.floor(maxRows / active.length));
  let cut = end;
  for (const { offsets, from, to } of active) {
    if (to - from <= share) continue;
    if (descending) cut = Math.max(cut, offsets[to - 1 - share] as number);
    else cut = Math.min(cut, offsets[from + share] as number);
  }
  return cut;
}

/** Cuts the rows before `cut` off the active sources, oldest version first. */
function takeUpTo(active: readonly Active[], cut: number, descending: boolean): ColumnBatch[] {
  const slices: { readonly version: number; readonly batch: ColumnBatch }[] = [];
  for (const one of active) {
    const count = countBefore(one, cut, descending);
    if (count === 0) continue;
    const start = descending ? one.to - count : one.from;
    slices.push({ version: one.version, batch: sliceBatch(one.batch, start, start + count) });
    if (descending) one.to -= count;
    else one.from += count;
  }
  return slices.sort((a, b) => a.version - b.version).map(({ batch }) => batch);
}
