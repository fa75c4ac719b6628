/**
 * Full ingest with the shipped settings for minutes on end: no group may elect a leader, however busy disks and loops are. Exits with 1
 * when one did.
 */
import { statfsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { StatusReport } from "@ringtide/client";
import { checkCount } from "./support/count.ts";
import { percentile, printTable, round } from "./support/figures.ts";
import { statusAt } from "./support/groups.ts";
import { generate, Loader } from "./support/load.ts";
import { logLines } from "./support/node-log.ts";
import { openTarget, type Target } from "./support/target.ts";
import { loadAverage } from "./support/usage.ts";
import { groupsOf } from "./support/workload.ts";

/** Leadership goes to its home nodes first; that is done when no term has grown for this long. */
const CALM_MS = 8000;
const CALM_WAIT_MS = 120_000;
const POLL_MS = 500;
/** What a minute of ingest writes on all three nodes, generously: data files and log of 12 M points/s. */
const BYTES_PER_MINUTE = 8e9;
const SAMPLE_EVERY = 16;

const { values: flags } = parseArgs({
  options: {
    dir: { type: "string", default: ".bench" },
    json: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const minutes = Number(flags.minutes);

/** Term and leader of each group. */
type Reigns = ReadonlyMap<string, { readonly term: number; readonly leader: number }>;

function reignsOf({ groups }: StatusReport): Reigns {
  return new Map(groups.map(({ group, term, leader }) => [group, { term, leader }]));
}

function termsOf(reigns: Reigns): number {
  return [...reigns.values()].reduce((sum, { term }) => sum + term, 0);
}

async function calmReigns(address: string): Promise<Reigns> {
  const untilMs = performance.now() + CALM_WAIT_MS;
  let reigns = reignsOf(await statusAt(address));
  for (let sinceMs = performance.now(); performance.now() - sinceMs < CALM_MS; ) {
    await new Promise((wake) => setTimeout(wake, POLL_MS));
    const now = reignsOf(await statusAt(address));
    if (termsOf(now) !== termsOf(reigns) || [...now.values()].some(({ leader }) => leader === 0))
      sinceMs = performance.now();
    reigns = now;
    if (performance.now() > untilMs) throw new Error("the groups do not come to rest before the load");
  }
  return reigns;
}

/** Loads for `minutes`, and keeps account of the longest time in which nothing at all was acknowledged. */
async function load(addresses: readonly string[]) {
  const loader = await Loader.open("elections", generate(), addresses);
  const startedMs = performance.now();
  const untilMs = startedMs + minutes * 60_000;
  const sampled: number[] = [];
  let lastMs = startedMs;
  let longestStallMs = 0;
  let longestTabletMs = 0;
  let asked = 0;
  loader.goOn = () => {
    const nowMs = performance.now();
    longestStallMs = Math.max(longestStallMs, nowMs - lastMs);
    lastMs = nowMs;
    for (const latencyMs of loader.latenciesMs.splice(0)) {
      longestTabletMs = Math.max(longestTabletMs, latencyMs);
      if (asked++ % SAMPLE_EVERY === 0) sampled.push(latencyMs);
    }
    return nowMs < untilMs;
  };
  for (let pass = 0; performance.now() < untilMs; pass++) await loader.pass(pass);
  const seconds = (performance.now() - startedMs) / 1000;
  await loader.close();
  return {
    points: loader.points,
    pointsPerSecond: Math.round(loader.points / seconds),
    tabletP50Ms: percentile(sampled, 0.5),
    tabletP99Ms: percentile(sampled, 0.99),
    longestTabletMs: round(longestTabletMs),
    longestStallMs: round(longestStallMs),
  };
}

function changeCount(target: Target): number {
  return target.nodes.reduce((sum, { logFile }) => sum + logLines(logFile, "leader changed").length, 0);
}

function checkRoom(directory: string | undefined): void {
  if (directory === undefined) return;
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < BYTES_PER_MINUTE * minutes)
    throw new Error(
      `${minutes} minutes need up to ${(BYTES_PER_MINUTE * minutes) / 1e9} GB, ${directory} has ${Math.round((bavail * bsize) / 1e9)}: name another with --dir, or fewer --minutes`,
    );
}

async function run(): Promise<void> {
  const target = await openTarget({ dir: flags.dir, set: flags.set });
  try {
    checkRoom(target.directory);
    const [address = ""] = target.addresses;
    const before = await calmReigns(address);
    const changesBefore = changeCount(target);
    const figures = await load(target.addresses);
    const after = reignsOf(await statusAt(address));
    const elections = termsOf(after) - termsOf(before);
    const leaderChanges = [...after].filter(([group, { leader }]) => before.get(group)?.leader !== leader).length;
    const linesOfChanges = changeCount(target) - changesBefore;
    await checkCount(target.addresses, groupsOf("elections"), figures.points);
    printTable([
      ["groups", String(after.size)],
      ["elections (growth of all terms)", String(elections)],
      ["groups with another leader than before", String(leaderChanges)],
      ["changes of leader in the nodes' logs", String(linesOfChanges)],
      ["ingest", `${(figures.pointsPerSecond / 1e6).toFixed(2)} M points/s over ${minutes} minutes`],
      ["tablet p50 / p99 / longest", `${figures.tabletP50Ms} / ${figures.tabletP99Ms} / ${figures.longestTabletMs} ms`],
      ["longest time without any acknowledgement", `${figures.longestStallMs} ms`],
      ["machine load at the end", loadAverage()],
    ]);
    if (flags.json)
      console.log(JSON.stringify({ ...target.header, minutes, elections, leaderChanges, linesOfChanges, ...figures }));
    if (elections + leaderChanges + linesOfChanges > 0) {
      console.error("THERE WERE ELECTIONS under full load; none is wanted");
      process.exitCode = 1;
    }
  } finally {
    await target.end();
  }
}

await run();
