/**
 * Sizes and speeds of device blocks, by kind of data: `node bench/tsfile.ts [--json]`.
 * One block has 1000 rows and 10 columns. Rates are per second of this process's CPU time, as machines are
 * shared; each is the best of five rounds of a fifth of a second. Batches are made beforehand.
 */
import {
  type Column,
  type ColumnBatch,
  checkBlock,
  columnFromValues,
  DataType,
  encodeBlock,
  mergeBatches,
  openBlock,
  timesFromNumbers,
} from "@ringtide/tsfile";
import { printHeader } from "./support/header.ts";

const ROWS = 1000;
const COLUMNS = 10;
const BATCHES = 16;
const ROUNDS = 5;
const ROUND_MS = 200;
const START = 1_600_000_000_000;

/** A small generator with a seed, so that each run has the same data. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomFrom(7);

function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function walk(decimals: number): () => number {
  let at = 100 * random();
  const power = 10 ** decimals;
  return () => {
    at += gaussian();
    return Math.round(at * power) / power;
  };
}

const WORDS = ["running", "stopped", "maintenance", "failed", "starting"];

/** Makers of one column's values, called once a row. */
const KINDS: Record<
  string,
  { readonly type: DataType; readonly maker: () => () => number | boolean | bigint | string | null }
> = {
  tablets: { type: DataType.DOUBLE, maker: () => walk(2) },
  "walk, 6 decimals": { type: DataType.DOUBLE, maker: () => walk(6) },
  "full-entropy doubles": { type: DataType.DOUBLE, maker: () => () => gaussian() },
  "walk, FLOAT, 1 decimal": { type: DataType.FLOAT, maker: () => walk(1) },
  "sparse walk (1 of 10)": { type: DataType.DOUBLE, maker: () => sparse(walk(2)) },
  "INT32, uniform 0–999": { type: DataType.INT32, maker: () => () => Math.floor(random() * 1000) },
  "INT32, counter": { type: DataType.INT32, maker: () => counter(10) },
  "INT64, counter": {
    type: DataType.INT64,
    maker: () => {
      const next = counter(1000);
      return () => 10n ** 15n + BigInt(next());
    },
  },
  BOOLEAN: { type: DataType.BOOLEAN, maker: () => () => random() < 0.5 },
  "TEXT, five words": { type: DataType.TEXT, maker: () => () => WORDS[Math.floor(random() * 5)] ?? "" },
  "TEXT, distinct": { type: DataType.TEXT, maker: () => () => `event ${Math.floor(random() * 1e9)}` },
};

function sparse(next: () => number): () => number | null {
  return () => {
    const value = next();
    return random() < 0.1 ? value : null;
  };
}

function counter(most: number): () => number {
  let at = 0;
  return () => {
    at += Math.floor(random() * most);
    return at;
  };
}

/** `jitterMs`: how far a step may be off one second. */
function makeBatches(kind: string, jitterMs: number): ColumnBatch[] {
  const spec = KINDS[kind];
  if (spec === undefined) throw new Error(`no kind ${kind}`);
  const makers = Array.from({ length: COLUMNS }, spec.maker);
  return Array.from({ length: BATCHES }, (_, b) => {
    const times = new Float64Array(ROWS);
    for (let i = 0; i < ROWS; i++)
      times[i] = START + (b * ROWS + i) * 1000 + Math.floor((random() - 0.5) * 2 * jitterMs);
    const columns: Column[] = makers.map((next) => columnFromValues(spec.type, Array.from({ length: ROWS }, next)));
    return { rows: ROWS, times: timesFromNumbers(times), columns };
  });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Values a second of CPU time. */
function rate(valuesPerCall: number, call: (round: number) => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuMs();
    let calls = 0;
    let elapsed = 0;
    while (elapsed < ROUND_MS) {
      for (let i = 0; i < BATCHES; i++) call(i);
      calls += BATCHES;
      elapsed = cpuMs() - start;
    }
    best = Math.max(best, (calls * valuesPerCall) / (elapsed / 1000));
  }
  return Math.round(best);
}

let sink = 0;

function measure(name: string, kind: string, jitterMs: number) {
  const batches = makeBatches(kind, jitterMs);
  const blocks = batches.map(encodeBlock);
  const points = ROWS * COLUMNS;
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  return {
    name,
    bytesPerPoint: Math.round((1000 * bytes) / (points * BATCHES)) / 1000,
    encodePerCpuSecond: rate(points, (i) => {
      sink += encodeBlock(batches[i] as ColumnBatch).length;
    }),
    decodePerCpuSecond: rate(points, (i) => {
      sink += openBlock(blocks[i] as Uint8Array).batch().rows;
    }),
    checkPerCpuSecond: rate(points, (i) => {
      sink += checkBlock(blocks[i] as Uint8Array).rows;
    }),
  };
}

/** Values a CPU-second of merging two versions that interleave row by row. */
function measureMerge(): number {
  const batches = makeBatches("tablets", 0);
  const shifted = batches.map((batch) => ({
    ...batch,
    times: batch.times && { base: batch.times.base, offsets: batch.times.offsets.map((offset) => offset + 500) },
  }));
  return rate(2 * ROWS * COLUMNS, (i) => {
    sink += mergeBatches([batches[i] as ColumnBatch, shifted[i] as ColumnBatch]).rows;
  });
}

const header = printHeader();
const results = Object.keys(KINDS).map((kind) => measure(kind, kind, 0));
results.push(measure("tablets, times ±5 ms", "tablets", 5));
const mergePerCpuSecond = measureMerge();
const millions = (perSecond: number) => (perSecond / 1e6).toFixed(1).padStart(8);
console.log("kind                      bytes/value   encode   decode    check   (million values a CPU-second)");
for (const row of results)
  console.log(
    `${row.name.padEnd(26)}${row.bytesPerPoint.toFixed(3).padStart(10)} ${millions(row.encodePerCpuSecond)} ${millions(row.decodePerCpuSecond)} ${millions(row.checkPerCpuSecond)}`,
  );
console.log(`merge of two interleaved versions: ${millions(mergePerCpuSecond).trim()} million values a CPU-second`);
if (sink === 0) throw new Error("nothing was measured");
if (process.argv.includes("--json")) console.log(JSON.stringify({ ...header, kinds: results, mergePerCpuSecond }));
