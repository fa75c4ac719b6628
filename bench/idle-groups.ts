/**
 * What Raft groups cost that do nothing: many groups in three processes with the host parts of a real node (one log, one transport, one tick),
 * without storage; first such that never fall quiet, then with the default settings. Ends with the kill of one process.
 */
import { parseArgs } from "node:util";
import { round } from "./support/figures.ts";
import { printHeader } from "./support/header.ts";
import { allLed, RaftNodes } from "./support/raft/nodes.ts";
import { inRunDirectory } from "./support/run-directory.ts";
import { cpuSeconds, fileSystemOf, rssMb } from "./support/usage.ts";

const LEADERS_MS = 120_000;
const SETTLE_MS = 5000;
const VICTIM = 3;

const { values: flags } = parseArgs({
  options: {
    dir: { type: "string", default: ".bench" },
    groups: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "20" },
  },
});
const groups = Number(flags.groups);
const seconds = Number(flags.seconds);

interface NodeFigures {
  /** Of one CPU. */
  readonly cpuPercent: number;
  readonly messagesPerSecond: number;
  readonly packetsPerSecond: number;
  readonly rssMb: number;
}

const sleep = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** What each process uses while nobody wants anything of it, nor asks how it is. */
async function idle(nodes: RaftNodes): Promise<NodeFigures[]> {
  const before = await nodes.reports();
  const cpuBefore = nodes.running.map((node) => cpuSeconds(nodes.pid(node)));
  const startedMs = performance.now();
  await sleep(seconds * 1000);
  const passed = (performance.now() - startedMs) / 1000;
  const cpuAfter = nodes.running.map((node) => cpuSeconds(nodes.pid(node)));
  const after = await nodes.reports();
  const terms = (reports: typeof before) => reports.reduce((sum, each) => sum + each.terms, 0);
  if (terms(after) !== terms(before)) throw new Error("there were elections while nothing happened");
  return nodes.running.map((node, i) => {
    const perSecond = (key: "messages" | "packets") =>
      Math.round(((after[i]?.[key] ?? 0) - (before[i]?.[key] ?? 0)) / passed);
    return {
      cpuPercent: round((((cpuAfter[i] ?? 0) - (cpuBefore[i] ?? 0)) / passed) * 100),
      messagesPerSecond: perSecond("messages"),
      packetsPerSecond: perSecond("packets"),
      rssMb: rssMb(nodes.pid(node)),
    };
  });
}

async function measure(directory: string, quiesce: boolean, onStarted: (nodes: RaftNodes) => void) {
  const startedMs = performance.now();
  const flagsOfNodes: Record<string, string> = quiesce ? {} : { quiesce_after_ms: "0" };
  const nodes = await RaftNodes.start({ directory, groups, flags: flagsOfNodes }, onStarted);
  const processesMs = performance.now() - startedMs;
  const leadersMs = await nodes.until("every group has a leader", allLed(groups), LEADERS_MS);
  const quietMs = quiesce
    ? await nodes.until("every group is quiet", (reports) => reports.every(({ quiet }) => quiet === groups), LEADERS_MS)
    : null;
  if (quietMs === null) await sleep(SETTLE_MS);
  const before = await nodes.reports();
  const figures = await idle(nodes);
  const orphans = before[nodes.running.indexOf(VICTIM)]?.leads ?? 0;
  await nodes.kill(VICTIM);
  const newLeadersMs = await nodes.until("every group has a new leader", allLed(groups), LEADERS_MS);
  await nodes.end();
  return {
    groups: quiesce ? "quiet" : "never quiet",
    processesStartedMs: Math.round(processesMs),
    leadersMs: Math.round(leadersMs),
    quietMs: quietMs === null ? null : Math.round(quietMs),
    nodes: figures,
    orphans,
    newLeadersMs: Math.round(newLeadersMs),
  };
}

type Result = Awaited<ReturnType<typeof measure>>;

function print(results: readonly Result[]): void {
  const each = (result: Result, key: keyof NodeFigures) => result.nodes.map((node) => node[key]).join(", ");
  console.table(
    results.map((result) => ({
      groups: result.groups,
      "leaders after ms": result.leadersMs,
      "quiet after ms": result.quietMs ?? "-",
      "CPU % of each node": each(result, "cpuPercent"),
      "messages/s": each(result, "messagesPerSecond"),
      "packets/s": each(result, "packetsPerSecond"),
      MB: each(result, "rssMb"),
      "led by the killed": result.orphans,
      "new leaders after ms": result.newLeadersMs,
    })),
  );
}

const header = printHeader();
const started: RaftNodes[] = [];
await inRunDirectory(
  flags.dir,
  async (directory) => {
    console.log(
      `${groups} groups, three processes, data in ${directory} (${fileSystemOf(directory)}); idle for ${seconds} s, then kill -9 of node ${VICTIM}`,
    );
    const results: Result[] = [];
    for (const quiesce of [false, true])
      results.push(
        await measure(`${directory}/${quiesce ? "quiet" : "beating"}`, quiesce, (nodes) => started.push(nodes)),
      );
    print(results);
    if (flags.json) console.log(JSON.stringify({ ...header, groupCount: groups, seconds, results }));
  },
  async () => {
    for (const nodes of started) await nodes.end();
  },
);
