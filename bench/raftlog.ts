import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nullLogger } from "@ringtide/common";
import { createDisk, createMetrics, systemClock } from "@ringtide/common/node";
import { type Entry, EntryKind } from "@ringtide/raft";
import { RaftLog } from "@ringtide/raftlog";
import { printHeader } from "./support/header.ts";

/** Appends of one entry each, `outstanding` at a time; and how fast the log is read back at the start. */
const { values: flags } = parseArgs({
  options: { json: { type: "boolean" }, seconds: { type: "string", default: "3" }, dir: { type: "string" } },
});
const CASES = [
  { payloadBytes: 256, outstanding: 1 },
  { payloadBytes: 256, outstanding: 16 },
  { payloadBytes: 256, outstanding: 256 },
  { payloadBytes: 11 * 1024, outstanding: 32 },
];
const GROUP = 16;
const SEGMENT_BYTES = 1024 * 1024 * 1024;

let syncs = 0;
const disk = createDisk({
  fsyncObserver: () => {
    syncs++;
    return () => undefined;
  },
});

function openLog(directory: string): Promise<RaftLog> {
  return RaftLog.open({
    disk,
    clock: systemClock,
    logger: nullLogger,
    metrics: createMetrics(),
    directory,
    segmentBytes: SEGMENT_BYTES,
    maxEntryBytes: 16 * 1024 * 1024,
    onFailure: (error) => {
      throw error;
    },
  });
}

function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

async function run({ payloadBytes, outstanding }: (typeof CASES)[number]) {
  const root = await mkdtemp(join(flags.dir ?? tmpdir(), "bench-raftlog-"));
  const directory = join(root, "log");
  const log = await openLog(directory);
  const payload = new Uint8Array(payloadBytes).map((_, i) => i * 31);
  const latenciesMs: number[] = [];
  let index = 0;
  const next = (): Entry => ({
    index: ++index,
    term: 1,
    kind: EntryKind.PHYSICAL_PLAN,
    session: 1,
    sequence: index,
    payload,
  });
  syncs = 0;
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + Number(flags.seconds) * 1000;
  const worker = async (): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < endMs; ) {
      await log.append(GROUP, { entries: [next()] });
      const nowMs = performance.now();
      latenciesMs.push(nowMs - beganMs);
      beganMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: outstanding }, worker));
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  const appendSyncs = syncs;
  const sizeBytes = log.sizeBytes();
  await log.close();
  const reopenMs = performance.now();
  const again = await openLog(directory);
  const recoverySeconds = (performance.now() - reopenMs) / 1000;
  await again.close();
  await rm(root, { recursive: true });
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    payloadBytes,
    outstanding,
    appendsPerSecond: Math.round(index / seconds),
    megabytesPerSecond: Number((sizeBytes / seconds / 1e6).toFixed(1)),
    p50Ms: Number(percentile(sorted, 0.5).toFixed(3)),
    p99Ms: Number(percentile(sorted, 0.99).toFixed(3)),
    syncs: appendSyncs,
    appendsPerSync: Number((index / appendSyncs).toFixed(1)),
    cpuMicrosPerAppend: Number(((used.user + used.system) / index).toFixed(1)),
    recoveryMegabytesPerSecond: Math.round(sizeBytes / 1e6 / recoverySeconds),
  };
}

const header = printHeader();
const rows = [];
for (const each of CASES) rows.push(await run(each));
console.table(rows);
if (flags.json) console.log(JSON.stringify({ ...header, raftlog: rows }));
