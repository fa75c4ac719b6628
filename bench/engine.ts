import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nullLogger, utf8Bytes } from "@ringtide/common";
import { createCompute, createDisk, createMetrics, openLevelKv, systemClock } from "@ringtide/common/node";
import { Engine, encodeCommand } from "@ringtide/engine";
import { columnFromValues, encodeBlock, MAX_TIME, MIN_TIME, timesFromNumbers } from "@ringtide/tsfile";
import { printHeader } from "./support/header.ts";

/** One replica without a cluster: applying, checking and closing tablets of 1000 rows × 10 DOUBLE series, single rows, and reads. Rates are per second of CPU time. */
const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean" },
    tablets: { type: "string", default: "1000" },
    rows: { type: "string", default: "1000" },
    overlap: { type: "string", default: "0" },
    "block-rows": { type: "string", default: "4096" },
    dir: { type: "string" },
  },
});
const header = printHeader();
const TABLETS = Number(flags.tablets);
const ROWS = Number(flags.rows);
/** Rows that each tablet has in common with the one before it. */
const OVERLAP = Number(flags.overlap);
const SERIES = 10;
const DEVICES = 10;
const START_MS = 1_700_000_000_000;
const range = { from: MIN_TIME, to: MAX_TIME };
const { signal } = new AbortController();
const measurements = Array.from({ length: SERIES }, (_, i) => `s${i}`);

/** Random walks with two decimals, as sensors give them. */
function tablet(number: number): Uint8Array {
  let state = number + 1;
  const step = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return ((state >>> 8) % 21) - 10;
  };
  const first = Math.floor(number / DEVICES) * (ROWS - OVERLAP);
  const block = encodeBlock({
    rows: ROWS,
    times: timesFromNumbers(Array.from({ length: ROWS }, (_, i) => START_MS + (first + i) * 1000)),
    columns: measurements.map(() => {
      let value = 2000;
      const values = Array.from({ length: ROWS }, () => {
        value += step();
        return value / 100;
      });
      return columnFromValues(4, values);
    }),
  });
  return encodeCommand(
    { session: 1, sequence: number + 1, acknowledged: Math.max(0, number - 64), retry: false },
    { kind: "insertBlocks", blocks: [{ device: `root.bench.d${number % DEVICES}`, measurements, block }] },
  );
}

function row(number: number): Uint8Array {
  return encodeCommand(
    { session: 2, sequence: number + 1, acknowledged: Math.max(0, number - 64), retry: false },
    {
      kind: "insertRows",
      rows: [
        {
          device: `root.bench.r${number % DEVICES}`,
          time: BigInt(START_MS + number),
          measurements,
          values: measurements.map((_, i) => ({ kind: "decimal", value: number + i / 4 })),
        },
      ],
    },
  );
}

/** CPU time of this thread: what the machine does besides stays out of the figures. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function timed(run: () => void): number {
  const startMs = cpuMs();
  run();
  return cpuMs() - startMs;
}

/** CPU time of `work`, and of the longest stretch in which it kept the main loop from its turn. */
async function watched(work: () => Promise<unknown>): Promise<{ ms: number; longestTurnMs: number }> {
  let longestTurnMs = 0;
  let isDone = false;
  let beforeMs = cpuMs();
  const startMs = beforeMs;
  const turn = () => {
    const nowMs = cpuMs();
    longestTurnMs = Math.max(longestTurnMs, nowMs - beforeMs);
    beforeMs = nowMs;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return { ms: cpuMs() - startMs, longestTurnMs };
}

async function scanAll(engine: Engine): Promise<number> {
  let points = 0;
  for (let d = 0; d < DEVICES; d++)
    for await (const batch of engine.scan({
      device: `root.bench.d${d}`,
      measurements,
      range,
      descending: false,
      signal,
    }))
      points += batch.rows * SERIES;
  return points;
}

async function countAll(engine: Engine): Promise<void> {
  for (let d = 0; d < DEVICES; d++)
    for (const measurement of measurements)
      for await (const _ of engine.pieces({
        device: `root.bench.d${d}`,
        measurement,
        range,
        useStatistics: () => true,
        signal,
      }));
}

const root = await mkdtemp(join(flags.dir ?? tmpdir(), "bench-engine-"));
const kv = await openLevelKv(join(root, "kv"));
const engine = await Engine.open({
  group: 16,
  directory: join(root, "files"),
  kv,
  kvPrefix: utf8Bytes("g/"),
  disk: createDisk(),
  compute: createCompute({ threads: 1 }),
  clock: systemClock,
  logger: nullLogger,
  metrics: createMetrics(),
  slotStrategy: { name: "device-hash", slotCount: 10_000, salt: 2333 },
  autoCreateSeries: true,
  maxEntryBytes: 16 * 1024 * 1024,
  blockRows: Number(flags["block-rows"]),
});
const payloads = Array.from({ length: TABLETS }, (_, i) => tablet(i));
const rowPayloads = Array.from({ length: 50_000 }, (_, i) => row(i));
let index = 0;
const applyAll = (entries: readonly Uint8Array[]) =>
  timed(() => {
    for (const entry of entries) engine.apply(++index, entry);
  });

const checkMs = timed(() => {
  for (const payload of payloads) engine.check(payload);
});
const applyMs = applyAll(payloads);
const scanMemory = await watched(() => scanAll(engine));
const points = TABLETS * ROWS * SERIES;
const close = await watched(async () => {
  engine.closeFile(++index, new Uint8Array(0));
  await engine.settled();
});
const scanFile = await watched(() => scanAll(engine));
const count = await watched(() => countAll(engine));
const rowsMs = applyAll(rowPayloads);
const closeRows = await watched(async () => {
  engine.closeFile(++index, new Uint8Array(0));
  await engine.settled();
});
const million = (count_: number, ms: number) => Number((count_ / ms / 1000).toFixed(2));
const figures = {
  tablets: TABLETS,
  rows: ROWS,
  overlap: OVERLAP,
  checkTabletsPerSecond: Math.round((TABLETS / checkMs) * 1000),
  applyTabletsPerSecond: Math.round((TABLETS / applyMs) * 1000),
  applyRowsPerSecond: Math.round((rowPayloads.length / rowsMs) * 1000),
  closeMillionPointsPerSecond: million(points, close.ms),
  closeLongestTurnMs: Number(close.longestTurnMs.toFixed(1)),
  closeRowsMillionPointsPerSecond: million(rowPayloads.length * SERIES, closeRows.ms),
  closeRowsLongestTurnMs: Number(closeRows.longestTurnMs.toFixed(1)),
  scanMemoryMillionPointsPerSecond: million(points, scanMemory.ms),
  scanFileMillionPointsPerSecond: million(points, scanFile.ms),
  scanLongestTurnMs: Number(Math.max(scanMemory.longestTurnMs, scanFile.longestTurnMs).toFixed(1)),
  countSeriesMs: Number((count.ms / DEVICES / SERIES).toFixed(3)),
  bytesPerPoint: Number(((engine.files()[0]?.sizeBytes ?? 0) / (engine.files()[0]?.points ?? 1)).toFixed(2)),
};
console.table(figures);
if (flags.json) console.log(JSON.stringify({ ...header, engine: figures }));
await engine.close();
await kv.close();
await rm(root, { recursive: true });
