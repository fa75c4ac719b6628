import { MAX_BLOCK_ROWS } from "../block/limits.ts";
import type { TextVector } from "../types.ts";

/** Distinct texts, numbered in order of their first row. */
export interface Dictionary {
  readonly entries: number;
  /** First row of each entry. */
  readonly rows: Uint32Array;
  /** Bytes of all entries. */
  readonly textBytes: number;
}

/** Slots of the hash table: twice the most entries, so that probes end. */
const TABLE_SIZE = MAX_BLOCK_ROWS;
const MIN_TEXTS = 8;
/** Mean probes a text; more means texts made to collide, which then stay plain. */
const MAX_PROBES = 8;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const table = new Int32Array(TABLE_SIZE);

/** Writes the entry of each text to `numbers`; undefined when fewer than half of them repeat. */
export function buildDictionary(values: TextVector, numbers: Int32Array): Dictionary | undefined {
  const count = values.offsets.length - 1;
  if (count < MIN_TEXTS) return undefined;
  const limit = count >>> 1;
  const mask = 2 ** Math.ceil(Math.log2(count)) - 1;
  table.fill(-1, 0, mask + 1);
  const rows = new Uint32Array(limit);
  let entries = 0;
  let textBytes = 0;
  let probes = 0;
  for (let i = 0; i < count; i++) {
    let slot = hashOf(values, i) & mask;
    let entry = table[slot] as number;
    while (entry >= 0 && !isEqual(values, rows[entry] as number, i)) {
      slot = (slot + 1) & mask;
      entry = table[slot] as number;
      if (++probes > MAX_PROBES * count) return undefined;
    }
    if (entry < 0) {
      if (entries === limit) return undefined;
      entry = entries++;
      table[slot] = entry;
      rows[entry] = i;
      textBytes += (values.offsets[i + 1] as number) - (values.offsets[i] as number);
    }
    numbers[i] = entry;
  }
  return { entries, rows, textBytes };
}

/** FNV-1a of the bytes. */
function hashOf(values: TextVector, row: number): number {
  const { offsets, bytes } = values;
  const end = offsets[row + 1] as number;
  let hash = FNV_OFFSET;
  for (let k = offsets[row] as number; k < end; k++) hash = Math.imul(hash ^ (bytes[k] as number), FNV_PRIME);
  return hash ^ (hash >>> 15);
}

function isEqual(values: TextVector, a: number, b: number): boolean {
  const { offsets, bytes } = values;
  const startA = offsets[a] as number;
  const startB = offsets[b] as number;
  const length = (offsets[a + 1] as number) - startA;
  if ((offsets[b + 1] as number) - startB !== length) return false;
  for (let k = 0; k < length; k++) if (bytes[startA + k] !== bytes[startB + k]) return false;
  return true;
}
