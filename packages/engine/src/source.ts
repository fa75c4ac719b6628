import { assert } from "@ringtide/common";
import {
  type Column,
  type ColumnBatch,
  type ColumnStatistics,
  type DataType,
  emptyColumn,
  lowerBound,
} from "@ringtide/tsfile";
import { withoutValues } from "./batches.ts";
import { type Tombstone, tombstonesOver } from "./tombstones.ts";

/** A series that a read asks for. */
export interface Wanted {
  readonly id: number;
  readonly type: DataType;
}

/**
 * Rows of one device in ascending order of time within one era: a block of a file or of memory. Several sources of a device
 * are versions of each other: where they have a value for the same series and time, that of the later one in the list holds.
 */
export interface Source {
  /** Deletions of a later log position apply to it. */
  readonly index: number;
  /** Series of each column. */
  readonly seriesIds: readonly number[];
  readonly rows: number;
  /** Start of the era. */
  readonly base: bigint;
  /** First and last time, as offsets from `base`. */
  readonly first: number;
  readonly last: number;
  /** Of one column; undefined when they are not known without loading. */
  statistics(column: number): ColumnStatistics | undefined;
  /** Decodes these columns, in this order, with the times. */
  load(columns: readonly number[]): Promise<ColumnBatch>;
}

/** Rows that are in memory already. */
export function batchSource(index: number, seriesIds: readonly number[], batch: ColumnBatch): Source {
  const { times, rows } = batch;
  assert(times !== undefined && rows > 0, "a source has rows with times");
  return {
    index,
    seriesIds,
    rows,
    base: times.base,
    first: times.offsets[0] as number,
    last: times.offsets[rows - 1] as number,
    statistics: () => undefined,
    load: (columns) => Promise.resolve({ rows, times, columns: columns.map((c) => batch.columns[c] as Column) }),
  };
}

/** The deletions that take points of a source. */
export function deletionsOf(source: Source, tombstones: readonly Tombstone[]): readonly Tombstone[] {
  const { base, first, last } = source;
  if (tombstones.length === 0) return tombstones;
  return tombstonesOver(tombstones, source.index, base + BigInt(first), base + BigInt(last));
}

/** The source's rows with one column for each wanted series, without what was deleted. */
export async function loadWanted(
  source: Source,
  wanted: readonly Wanted[],
  tombstones: readonly Tombstone[],
): Promise<ColumnBatch> {
  const columnsOfWanted = wanted.map(({ id }, i) => columnOfSeries(source, id, i));
  const found = columnsOfWanted.filter((column) => column >= 0);
  const batch = await source.load(found);
  const deletions = deletionsOf(source, tombstones);
  let next = 0;
  const columns = wanted.map(({ id, type }, i) => {
    if ((columnsOfWanted[i] as number) < 0) return emptyColumn(type, batch.rows);
    const column = batch.columns[next++] as Column;
    assert(column.type === type, `a column of series ${id} has its type`);
    return deletions.length === 0 ? column : withoutDeleted(column, id, batch, deletions);
  });
  return { rows: batch.rows, times: batch.times, columns };
}

/** The column of a series, -1 when there is none. Mostly series and columns are in the same order, so place `guess` is tried first. */
export function columnOfSeries(source: Source, seriesId: number, guess: number): number {
  return source.seriesIds[guess] === seriesId ? guess : source.seriesIds.indexOf(seriesId);
}

function withoutDeleted(
  column: Column,
  seriesId: number,
  { times, rows }: ColumnBatch,
  deletions: readonly Tombstone[],
): Column {
  assert(times !== undefined, "a source has times");
  let kept = column;
  for (const { seriesIds, from, to } of deletions) {
    if (!seriesIds.has(seriesId)) continue;
    // Far ends are beyond 2^53 at worst, where rounding cannot change the order against offsets of an era.
    const start = lowerBound(times.offsets, Number(from - times.base));
    const end = lowerBound(times.offsets, Number(to - times.base + 1n));
    kept = withoutValues(kept, rows, start, end);
  }
  return kept;
}
