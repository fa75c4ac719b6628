import { connect, tabletFromArrays } from "@ringtide/client";
import { flush, flushEveryReplica } from "./support/checkpoint.ts";
import { checkCount } from "./support/count.ts";
import { percentile, printTable, round } from "./support/figures.ts";
import { generate, Loader } from "./support/load.ts";
import { benchArguments, openTarget, type Target } from "./support/target.ts";
import { cpuSeconds, diskBytes, loadAverage, rssMb } from "./support/usage.ts";
import { groupsOf, POINTS_PER_PASS, SERIES_NAMES } from "./support/workload.ts";

const WARM_UP_MS = 5000;
const SINGLE_MS = 4000;
const SINGLE_CLIENTS = [1, 16, 256] as const;

const args = benchArguments();
const measureMs = Number(args.seconds) * 1000;

/** CPU seconds of all processes of the run; null when the nodes are not ours. */
function allCpu(target: Target): number | null {
  if (target.nodes.length === 0) return null;
  return target.nodes.reduce((sum, node) => sum + cpuSeconds(node.pid), cpuSeconds(process.pid));
}

async function ingest(target: Target) {
  const loader = await Loader.open("ingest", generate(), target.addresses);
  const startedMs = performance.now();
  let pass = 0;
  await loader.pass(pass++);
  const coldPointsPerSecond = loader.points / ((performance.now() - startedMs) / 1000);
  const until = async (ms: number) => {
    const from = performance.now();
    loader.goOn = () => performance.now() - from < ms;
    while (loader.goOn()) await loader.pass(pass++);
  };
  await until(Math.max(0, WARM_UP_MS - (performance.now() - startedMs)));
  loader.latenciesMs = [];
  const pointsBefore = loader.points;
  const cpuBefore = allCpu(target);
  const measuredFrom = performance.now();
  await until(measureMs);
  const seconds = (performance.now() - measuredFrom) / 1000;
  const points = loader.points - pointsBefore;
  const cpuAfter = allCpu(target);
  const total = loader.points;
  const latencies = loader.latenciesMs;
  await loader.close();
  return {
    total,
    coldPointsPerSecond: Math.round(coldPointsPerSecond),
    pointsPerSecond: Math.round(points / seconds),
    pointsPerCpuSecond: cpuBefore === null || cpuAfter === null ? null : Math.round(points / (cpuAfter - cpuBefore)),
    tabletP50Ms: percentile(latencies, 0.5),
    tabletP99Ms: percentile(latencies, 0.99),
  };
}

/** Rows a second of `clients` clients, each with one row of ten values outstanding. */
async function singleRows(target: Target, clients: number): Promise<number> {
  const sessions = await Promise.all(
    Array.from({ length: clients }, (_, i) =>
      connect({ addresses: [...target.addresses.slice(i % 3), ...target.addresses.slice(0, i % 3)] }),
    ),
  );
  let rows = 0;
  const values = SERIES_NAMES.map((name, i) => ({ name, type: "DOUBLE" as const, values: [20 + i / 100] }));
  const endMs = performance.now() + SINGLE_MS;
  const startedMs = performance.now();
  await Promise.all(
    sessions.map(async (session, i) => {
      for (let time = 1; performance.now() < endMs; time++) {
        await session.insert(
          tabletFromArrays({ device: `root.single_${clients}.c${i}`, times: [time], columns: values }),
        );
        rows++;
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  await Promise.all(sessions.map((session) => session.close()));
  return Math.round(rows / seconds);
}

async function run(): Promise<void> {
  const target = await openTarget(args);
  try {
    const result = await ingest(target);
    await (target.nodes.length === 0 ? flush(target.addresses) : flushEveryReplica(target.addresses));
    await checkCount(target.addresses, groupsOf("ingest"), result.total, target.nodes.length === 0);
    const [node] = target.nodes;
    const isDataFile = (path: string) => path.includes("/groups/");
    const fileBytesPerPoint =
      node === undefined ? null : round(diskBytes(node.dataDirectory, isDataFile) / result.total);
    const nodeBytesPerPoint = node === undefined ? null : round(diskBytes(node.dataDirectory) / result.total);
    const rss = target.nodes.length === 0 ? null : target.nodes.map((each) => rssMb(each.pid));
    const single: Record<string, number> = {};
    for (const clients of SINGLE_CLIENTS) single[`clients${clients}`] = await singleRows(target, clients);
    const { total, ...figures } = result;
    const all = { ...figures, fileBytesPerPoint, nodeBytesPerPoint, rssMb: rss, single };
    printTable([
      ["points acknowledged", `${(total / 1e6).toFixed(1)} M (a pass: ${(POINTS_PER_PASS / 1e6).toFixed(1)} M)`],
      ["ingest", `${(all.pointsPerSecond / 1e6).toFixed(2)} M points/s over ${args.seconds} s`],
      ["first pass, cold", `${(all.coldPointsPerSecond / 1e6).toFixed(2)} M points/s`],
      [
        "per CPU second",
        all.pointsPerCpuSecond === null ? "-" : `${(all.pointsPerCpuSecond / 1e6).toFixed(2)} M points, all processes`,
      ],
      ["tablet p50 / p99", `${all.tabletP50Ms} / ${all.tabletP99Ms} ms`],
      ["files, bytes a point", String(fileBytesPerPoint ?? "-")],
      ["node, bytes a point", String(nodeBytesPerPoint ?? "-")],
      ["memory of each node", rss === null ? "-" : `${rss.join(", ")} MB`],
      [
        "single rows a second",
        Object.entries(single)
          .map(([name, rows]) => `${name} ${rows}`)
          .join(", "),
      ],
      ["machine load at the end", loadAverage()],
    ]);
    if (args.json) console.log(JSON.stringify({ ...target.header, ...all }));
  } finally {
    await target.end();
  }
}

await run();
