/**
 * Raft alone: one group of three processes with the host parts of a real node (log with fdatasync, transport, tick, default settings) and a
 * state machine that does nothing; with `--etcd` the same against a local etcd, turn by turn.
 */
import { parseArgs } from "node:util";
import { closedLoop, type LoopResult } from "./support/closed-loop.ts";
import { EtcdCluster, etcdVersion } from "./support/etcd/cluster.ts";
import { type Range, range, round, short } from "./support/figures.ts";
import { printHeader } from "./support/header.ts";
import { ProposalClient } from "./support/raft/client.ts";
import { allLed, RaftNodes } from "./support/raft/nodes.ts";
import { groupNumbers } from "./support/raft/settings.ts";
import { inRunDirectory } from "./support/run-directory.ts";
import { cpuSeconds, fileSystemOf } from "./support/usage.ts";

const OUTSTANDING = [1, 16, 256];
const VALUE_BYTES = 256;
const READY_MS = 30_000;
const SETTLE_MS = 10_000;

const { values: flags } = parseArgs({
  options: {
    dir: { type: "string", default: ".bench" },
    etcd: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    repetitions: { type: "string", default: "3" },
    seconds: { type: "string", default: "10" },
    "warm-up": { type: "string", default: "5" },
  },
});

/** What is measured: puts a value durably, and knows afterwards how many took effect. */
interface Contender {
  readonly name: string;
  readonly pids: readonly number[];
  put(number: number, value: Uint8Array): Promise<void>;
  putsSince(): Promise<number>;
}

async function startRaft(directory: string, nodes: RaftNodes): Promise<Contender & { close(): void }> {
  await nodes.until("a leader", allLed(1), READY_MS);
  const leaders = (await nodes.reports()).flatMap(({ leads }, i) => (leads === 1 ? [nodes.members[i]] : []));
  const [leader] = leaders;
  const [group = 0] = groupNumbers(1);
  if (leader === undefined) throw new Error(`no leader in ${directory}`);
  const client = new ProposalClient(leader.addresses, group);
  let applied = 0;
  return {
    name: "ringtide",
    pids: nodes.running.map((node) => nodes.pid(node)),
    put: (_number, value) => client.propose(value),
    async putsSince() {
      // The followers apply the last ones with the next beat.
      const isEqual = (reports: readonly { readonly applied: number; readonly digest: number }[]) =>
        reports.every((each) => each.applied === reports[0]?.applied && each.digest === reports[0].digest);
      await nodes.until("all three replicas have applied the same values", isEqual, SETTLE_MS);
      const before = applied;
      applied = (await nodes.reports())[0]?.applied ?? 0;
      return applied - before;
    },
    close: () => client.close(),
  };
}

type Sample = LoopResult & { readonly serverCpuMicros: number };

async function measure(contender: Contender, outstanding: number): Promise<Sample> {
  const cpuOf = () => contender.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const value = Buffer.alloc(VALUE_BYTES, 7);
  const cpuBefore = cpuOf();
  const result = await closedLoop({
    outstanding,
    warmUpMs: Number(flags["warm-up"]) * 1000,
    measureMs: Number(flags.seconds) * 1000,
    put: (number) => {
      const own = Buffer.from(value); // it goes out later, and every value is another
      own.writeUInt32BE(number);
      return contender.put(number, own);
    },
  });
  const serverCpuMicros = round(((cpuOf() - cpuBefore) * 1e6) / result.acknowledged);
  const effective = await contender.putsSince();
  if (effective !== result.acknowledged)
    throw new Error(`${contender.name}: ${result.acknowledged} acknowledged, ${effective} took effect`);
  return { ...result, serverCpuMicros };
}

interface Row {
  readonly system: string;
  readonly outstanding: number;
  readonly perSecond: Range;
  readonly p50Ms: Range;
  readonly p99Ms: Range;
  readonly maxMs: Range;
  readonly serverCpuMicros: Range;
  readonly clientCpuMicros: Range;
}

async function compare(contenders: readonly Contender[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const outstanding of OUTSTANDING) {
    const samples = contenders.map((): Sample[] => []);
    for (let i = 0; i < Number(flags.repetitions); i++)
      for (const [at, contender] of contenders.entries()) samples[at]?.push(await measure(contender, outstanding));
    for (const [at, { name }] of contenders.entries()) {
      const of = (key: keyof Sample) => range((samples[at] ?? []).map((sample) => sample[key]));
      rows.push({
        system: name,
        outstanding,
        perSecond: of("perSecond"),
        p50Ms: of("p50Ms"),
        p99Ms: of("p99Ms"),
        maxMs: of("maxMs"),
        serverCpuMicros: of("serverCpuMicros"),
        clientCpuMicros: of("clientCpuMicros"),
      });
    }
  }
  return rows;
}

/** Ours by etcd's, at the medians: above 1 is more, for rates and latencies alike. */
function ratios(rows: readonly Row[]) {
  return OUTSTANDING.flatMap((outstanding) => {
    const [ours, theirs] = rows.filter((row) => row.outstanding === outstanding);
    if (ours === undefined || theirs === undefined) return [];
    const ratio = (key: "perSecond" | "p50Ms" | "p99Ms") => round(ours[key].median / theirs[key].median);
    return [{ outstanding, perSecond: ratio("perSecond"), p50: ratio("p50Ms"), p99: ratio("p99Ms") }];
  });
}

function print(rows: readonly Row[]): void {
  const text = ({ min, median, max }: Range) => [min, median, max].map(short).join(" / ");
  console.log(
    "min / median / max of the repetitions; the CPU time of all three servers, and of the client, is for one value",
  );
  console.table(
    rows.map(({ system, outstanding, ...figures }) => ({
      system,
      outstanding,
      ...Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, text(figure)])),
    })),
  );
}

const header = printHeader();
const version = flags.etcd ? etcdVersion() : undefined;
if (flags.etcd && version === undefined) {
  console.error("NO ETCD: `etcd` is not installed, so nothing is compared (apt-get install etcd-server)");
  process.exitCode = 1;
}
const etcd = new EtcdCluster();
let nodes: RaftNodes | undefined;
await inRunDirectory(
  flags.dir,
  async (directory) => {
    console.log(
      `one group, three processes, data in ${directory} (${fileSystemOf(directory)}); ${VALUE_BYTES} B values, ${flags["warm-up"]} s of warm-up and ${flags.seconds} s measured, ${flags.repetitions} times each`,
    );
    const started = await RaftNodes.start({ directory, groups: 1, flags: {} }, (each) => {
      nodes = each;
    });
    const contenders: Contender[] = [];
    const raft = await startRaft(directory, started);
    contenders.push(raft);
    if (version !== undefined) {
      await etcd.start(`${directory}/etcd`);
      console.log(`etcd ${version}, three members, its default settings, one unary call a put, to the leader`);
      contenders.push({
        name: "etcd",
        pids: etcd.pids,
        put: (number, value) => etcd.put(number, value),
        putsSince: () => etcd.putsSince(),
      });
    }
    const rows = await compare(contenders);
    raft.close();
    print(rows);
    const byEtcd = ratios(rows);
    if (byEtcd.length > 0) {
      console.log("ringtide by etcd, medians");
      console.table(byEtcd);
    }
    if (flags.json)
      console.log(JSON.stringify({ ...header, etcd: version ?? null, valueBytes: VALUE_BYTES, rows, byEtcd }));
  },
  async () => {
    await nodes?.end();
    await etcd.end();
  },
);
