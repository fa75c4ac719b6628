import type { BlockView, ColumnBatch } from "@ringtide/tsfile";
import type { Source } from "./source.ts";

/** A block in memory as the source of reads and merges, with the bytes that a file takes as they are. */
export interface BlockSource extends Source {
  readonly view: BlockView;
  readonly bytes: Uint8Array;
}

/** `index` is the log position of the newest row in it. */
export function blockSource(
  index: number,
  seriesIds: readonly number[],
  view: BlockView,
  bytes: Uint8Array,
): BlockSource {
  return {
    index,
    seriesIds,
    view,
    bytes,
    rows: view.rows,
    base: view.base,
    first: view.firstTime,
    last: view.lastTime,
    statistics: (column) => view.statistics(column),
    load: (columns) => Promise.resolve(decodeColumns(view, columns)),
  };
}

/** These columns of a block, with its times. */
export function decodeColumns(view: BlockView, columns: readonly number[]): ColumnBatch {
  return { rows: view.rows, times: view.times(), columns: columns.map((column) => view.column(column)) };
}
