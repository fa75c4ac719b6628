import { ByteReader, ByteWriter, RingtideError } from "@ringtide/common";
import {
  type ColumnBatch,
  type DataType,
  encodeBlock,
  MAX_BLOCK_COLUMNS,
  openBlock,
  reverseBatch,
  sliceBatch,
} from "@ringtide/tsfile";
import { batchBytes, dataTypeOf } from "../columns/build.ts";
import { readBatch, writeBatch } from "./batch.ts";
import { readList, writeList } from "./fields.ts";

/** A series that a group has for the fragment's patterns. */
export interface ResolvedSeries {
  readonly device: string;
  readonly measurement: string;
  readonly type: DataType;
  /** Which patterns it matches: indexes into `patterns`, then (from patterns.length on) into `filterPatterns`. */
  readonly patterns: readonly number[];
}

export type Message =
  /** Series of the group in path order; several messages, the last one says so. */
  | { readonly kind: "series"; readonly series: readonly ResolvedSeries[]; readonly last: boolean }
  /** Rows; `device` counts the group's devices in path order, 0 where devices are not apart. */
  | { readonly kind: "rows"; readonly device: number; readonly batch: ColumnBatch };

const VERSION = 1;
const SERIES = 1;
const ROWS = 2;
const BLOCK = 3;
/** Smaller batches are not worth a block's header and statistics. */
const MIN_BLOCK_ROWS = 64;
const SERIES_PER_MESSAGE = 4096;
/** Batches above this are sent in halves, down to single rows. */
const MAX_BATCH_BYTES = 2 << 20;

export function* encodeSeries(series: readonly ResolvedSeries[]): Generator<Uint8Array> {
  let at = 0;
  do {
    const part = series.slice(at, at + SERIES_PER_MESSAGE);
    at += SERIES_PER_MESSAGE;
    const out = new ByteWriter(part.length * 32 + 16);
    out.u8(VERSION).u8(SERIES);
    out.u8(at >= series.length ? 1 : 0);
    let device = "";
    writeList(out, part, (one) => {
      // A device is written once for all its series.
      out.text(one.device === device ? "" : one.device);
      device = one.device;
      out.text(one.measurement).u8(one.type);
      writeList(out, one.patterns, (pattern) => out.u32(pattern));
    });
    yield out.finish();
  } while (at < series.length);
}

export function* encodeRows(device: number, batch: ColumnBatch, compact = false): Generator<Uint8Array> {
  if (batchBytes(batch) > MAX_BATCH_BYTES && batch.rows > 1) {
    const middle = batch.rows >>> 1;
    yield* encodeRows(device, sliceBatch(batch, 0, middle), compact);
    yield* encodeRows(device, sliceBatch(batch, middle, batch.rows), compact);
    return;
  }
  if (compact && batch.rows >= MIN_BLOCK_ROWS && batch.columns.length <= MAX_BLOCK_COLUMNS) {
    yield blockMessage(device, batch);
    return;
  }
  const out = new ByteWriter(batchBytes(batch) + 16);
  out.u8(VERSION).u8(ROWS).u32(device);
  writeBatch(out, batch);
  yield out.view();
}

/** Blocks ascend in time: batches that descend are turned round for the way. */
function blockMessage(device: number, batch: ColumnBatch): Uint8Array {
  const offsets = batch.times?.offsets ?? new Float64Array(0);
  const descends = offsets.length > 1 && (offsets[1] as number) < (offsets[0] as number);
  const block = encodeBlock(descends ? reverseBatch(batch) : batch);
  const out = new ByteWriter(block.length + 16);
  out.u8(VERSION).u8(BLOCK).u32(device);
  out.u8(descends ? 1 : 0).bytes(block);
  return out.view();
}

export function decodeMessage(bytes: Uint8Array): Message {
  const input = new ByteReader(bytes, "query reply");
  const version = input.u8();
  if (version !== VERSION) {
    throw new RingtideError("FORMAT_UNKNOWN", `query reply of version ${version}; this node knows ${VERSION}`);
  }
  const kind = input.u8();
  const read = READERS[kind];
  const message = read === undefined ? input.fail(`unknown kind ${kind}`) : read(input);
  input.end();
  return message;
}

function readSeries(input: ByteReader): Message {
  const last = input.u8() === 1;
  let device = "";
  const series = readList(input, 13, () => {
    const written = input.text();
    if (written !== "") device = written;
    return {
      device,
      measurement: input.text(),
      type: dataTypeOf(input.u8()),
      patterns: readList(input, 4, () => input.u32()),
    };
  });
  return { kind: "series", series, last };
}

function readRows(input: ByteReader): Message {
  return { kind: "rows", device: input.u32(), batch: readBatch(input) };
}

function readBlock(input: ByteReader): Message {
  const device = input.u32();
  const descends = input.u8() === 1;
  const batch = openBlock(input.bytes()).batch();
  return { kind: "rows", device, batch: descends ? reverseBatch(batch) : batch };
}

const READERS: Readonly<Record<number, (input: ByteReader) => Message>> = {
  [SERIES]: readSeries,
  [ROWS]: readRows,
  [BLOCK]: readBlock,
};
