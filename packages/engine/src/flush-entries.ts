import { type ColumnBatch, type DataType, decodedBytesOf, encodeBlock, sliceBatch } from "@ringtide/tsfile";

/** Blocks of one device with the same series in their columns, in order of time: what a file's index has one entry for. */
export interface FlushEntry {
  readonly seriesIds: readonly number[];
  readonly types: readonly DataType[];
  readonly blocks: Uint8Array[];
}

/** Decoded bytes of a block that the flush encodes; only texts come near it. */
const MAX_DECODED_BYTES = 16 * 1024 * 1024;

/** The blocks of a device on their way to a file. */
export class FlushEntries {
  readonly #entries = new Map<string, FlushEntry>();

  /** In order of first use. */
  get all(): FlushEntry[] {
    return Array.from(this.#entries.values());
  }

  /** Adds a block; later than those of the same series before it. */
  addBlock(seriesIds: readonly number[], types: readonly DataType[], block: Uint8Array): void {
    const key = seriesIds.join();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, { seriesIds, types, blocks: [block] });
    else entry.blocks.push(block);
  }

  /** Adds rows as one block, or as several when they take too much memory for one: then halves of rows, of one row halves of columns. */
  addRows(seriesIds: readonly number[], batch: ColumnBatch): void {
    const { rows, times, columns } = batch;
    const isSmall = decodedBytesOf(batch) <= MAX_DECODED_BYTES;
    if (isSmall || (rows === 1 && columns.length === 1)) {
      const types = columns.map(({ type }) => type);
      this.addBlock(seriesIds, types, encodeBlock(batch));
    } else if (rows > 1) {
      this.addRows(seriesIds, sliceBatch(batch, 0, rows >> 1));
      this.addRows(seriesIds, sliceBatch(batch, rows >> 1, rows));
    } else {
      const half = columns.length >> 1;
      this.addRows(seriesIds.slice(0, half), { rows, times, columns: columns.slice(0, half) });
      this.addRows(seriesIds.slice(half), { rows, times, columns: columns.slice(half) });
    }
  }
}
