import {
  type ColumnBatch,
  concatBatches,
  ERA_SPAN,
  MAX_BLOCK_COLUMNS,
  openBlock,
  selectColumns,
  sliceBatch,
} from "@ringtide/tsfile";
import { withoutEmptyRows } from "./batches.ts";
import { type BlockSource, blockSource } from "./block-source.ts";
import { clustersOf } from "./clusters.ts";
import { FlushEntries, type FlushEntry } from "./flush-entries.ts";
import { mergeSources } from "./merge.ts";
import type { Pacer } from "./pacer.ts";
import { deletionsOf, type Wanted } from "./source.ts";
import type { Tombstone } from "./tombstones.ts";

/** The data of one device that a file takes. */
export interface FlushInput {
  /** Oldest first. */
  readonly blocks: readonly BlockSource[];
  readonly deletedSeries: ReadonlySet<number>;
  /** Those that come before the file in the log. */
  readonly tombstones: readonly Tombstone[];
  /** Rows of a merged block. */
  readonly blockRows: number;
}

/** A block of many columns gets fewer rows, so that encoding it does not hold up the main loop. */
const MAX_BLOCK_VALUES = 131_072;
const MIN_BLOCK_ROWS = 128;
/** A block that overlaps no other is taken as it is from this share of a merged block's rows on. */
const SMALL_SHARE = 8;
/** Columns of a block where a device has more series than a block may have columns. */
const SPLIT_COLUMNS = 1024;

/**
 * The blocks of a file for one device: versions merged, deleted points gone, small neighbours joined, everything else as the
 * bytes that came in. What comes out depends on the input alone, so it is the same on every replica.
 */
export async function flushDevice(input: FlushInput, pacer: Pacer): Promise<FlushEntry[]> {
  const entries = new FlushEntries();
  for (const blocks of componentsOf(withoutDeletedSeries(input))) {
    const wanted = seriesOf(blocks);
    if (wanted.length <= MAX_BLOCK_COLUMNS) {
      await flushComponent(entries, blocks, wanted, input, pacer);
      continue;
    }
    for (let at = 0; at < wanted.length; at += SPLIT_COLUMNS)
      await flushComponent(entries, blocks, wanted.slice(at, at + SPLIT_COLUMNS), input, pacer);
  }
  return entries.all;
}

function withoutDeletedSeries({ blocks, deletedSeries }: FlushInput): BlockSource[] {
  if (deletedSeries.size === 0) return blocks.slice();
  const kept: BlockSource[] = [];
  for (const block of blocks) {
    const columns = block.seriesIds.flatMap((id, column) => (deletedSeries.has(id) ? [] : [column]));
    if (columns.length === block.seriesIds.length) {
      kept.push(block);
    } else if (columns.length > 0) {
      const bytes = selectColumns(block.bytes, columns);
      const seriesIds = columns.map((column) => block.seriesIds[column] as number);
      kept.push(blockSource(block.index, seriesIds, openBlock(bytes), bytes));
    }
  }
  return kept;
}

/** Blocks that share a series, directly or through others, together; each list oldest first. */
function componentsOf(blocks: readonly BlockSource[]): BlockSource[][] {
  const components: { readonly ids: Set<number>; readonly blocks: BlockSource[] }[] = [];
  for (const block of blocks) {
    const touched = components.filter(({ ids }) => block.seriesIds.some((id) => ids.has(id)));
    const [home, ...others] = touched;
    if (home === undefined) {
      components.push({ ids: new Set(block.seriesIds), blocks: [block] });
      continue;
    }
    for (const id of block.seriesIds) home.ids.add(id);
    home.blocks.push(block);
    for (const other of others) {
      for (const id of other.ids) home.ids.add(id);
      home.blocks.push(...other.blocks);
      components.splice(components.indexOf(other), 1);
    }
  }
  const order = new Map(blocks.map((block, version) => [block, version]));
  return components.map((one) => one.blocks.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
}

/** The series of the blocks, in the order in which they first appear: mostly that of every block. */
function seriesOf(blocks: readonly BlockSource[]): Wanted[] {
  const types = new Map<number, Wanted>();
  let before: readonly number[] = [];
  for (const { seriesIds, view } of blocks) {
    if (isSame(seriesIds, before)) continue;
    seriesIds.forEach((id, column) => {
      if (!types.has(id)) types.set(id, { id, type: view.type(column) });
    });
    before = seriesIds;
  }
  return Array.from(types.values());
}

async function flushComponent(
  entries: FlushEntries,
  blocks: readonly BlockSource[],
  wanted: readonly Wanted[],
  { tombstones, blockRows }: FlushInput,
  pacer: Pacer,
): Promise<void> {
  const seriesIds = wanted.map(({ id }) => id);
  const types = wanted.map(({ type }) => type);
  const targetRows = Math.max(MIN_BLOCK_ROWS, Math.min(blockRows, Math.floor(MAX_BLOCK_VALUES / wanted.length)));
  const goesAsIs = (block: BlockSource) =>
    block.rows * SMALL_SHARE >= targetRows &&
    isSame(block.seriesIds, seriesIds) &&
    deletionsOf(block, tombstones).length === 0;
  for (const era of erasOf(blocks)) {
    for (const part of partsOf(era, goesAsIs)) {
      if (!Array.isArray(part)) {
        entries.addBlock(seriesIds, types, part.bytes);
        continue;
      }
      const merged = mergeSources({ ...WHOLE_ERA, sources: part, wanted, tombstones, targetRows });
      for await (const batch of rechunked(merged, targetRows)) {
        entries.addRows(seriesIds, batch);
        await pacer.pace();
      }
    }
  }
}

const WHOLE_ERA = { from: 0, to: Number(ERA_SPAN) - 1, descending: false };

/** The blocks of an era in order of time: those that go as they are alone, what is to be merged in lists, oldest version first. */
function* partsOf(
  era: readonly BlockSource[],
  goesAsIs: (block: BlockSource) => boolean,
): Generator<BlockSource | BlockSource[]> {
  let toMerge = new Set<BlockSource>();
  for (const cluster of clustersOf(era)) {
    const [block] = cluster;
    if (cluster.length > 1 || block === undefined || !goesAsIs(block)) {
      for (const one of cluster) toMerge.add(one);
      continue;
    }
    if (toMerge.size > 0) yield era.filter((one) => toMerge.has(one));
    toMerge = new Set();
    yield block;
  }
  if (toMerge.size > 0) yield era.filter((one) => toMerge.has(one));
}

/** Blocks by era, eras ascending, each oldest first. */
function erasOf(blocks: readonly BlockSource[]): BlockSource[][] {
  const eras = new Map<bigint, BlockSource[]>();
  for (const block of blocks) {
    const known = eras.get(block.base);
    if (known === undefined) eras.set(block.base, [block]);
    else known.push(block);
  }
  return Array.from(eras)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, inEra]) => inEra);
}

/** The same rows in batches of `targetRows`, the last one shorter; rows without a value are left out. */
async function* rechunked(batches: AsyncIterable<ColumnBatch>, targetRows: number): AsyncGenerator<ColumnBatch> {
  let pending: ColumnBatch[] = [];
  let rows = 0;
  for await (const batch of batches) {
    const filled = withoutEmptyRows(batch);
    if (filled.rows === 0) continue;
    pending.push(filled);
    rows += filled.rows;
    if (rows < targetRows) continue;
    const joined = concatBatches(pending);
    let at = 0;
    for (; at + targetRows <= rows; at += targetRows) yield sliceBatch(joined, at, at + targetRows);
    pending = at < rows ? [sliceBatch(joined, at, rows)] : [];
    rows -= at;
  }
  if (rows > 0) yield concatBatches(pending);
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
