import { type Clock, hasCode, sleep } from "@ringtide/common";
import { checkLinearizable } from "../history/checker/check.ts";
import type { Operation } from "../history/operation.ts";
import { HistoryRecorder } from "../history/recorder.ts";
import type { Process } from "../ports/world.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { KeySpace } from "../workload/key-space.ts";
import type { WorkloadSession } from "../workload/points.ts";
import { prepareWorkload, runWorkload } from "../workload/workload.ts";
import { Violation } from "./checks/violation.ts";
import { Coverage } from "./coverage.ts";
import { PinnedSession } from "./pinned-session.ts";
import { compareReplicas, haveOneCheckpoint, whatIsMissing } from "./quiet-point.ts";
import type { SimCluster } from "./sim-cluster.ts";
import { clientAddress } from "./sim-config.ts";
import { Simulation } from "./simulation.ts";

/** Virtual time of one seed, ms: what is left after the faults and their aftermath is run in peace. */
const SEED_MS = 120_000;
const FAULTS_MS = 90_000;
/** After the faults end, everything has to be well again within this. */
const RECOVERY_LIMIT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 8000;
const READER_TIMEOUT_MS = 1500;
const READER_THINK_MS = 1500;
/** What clients see tells most while a node may still believe to lead, or has just begun to. */
const UNSETTLED_MS = 1200;
/** Of the client library's sessions, as its users have them; and of those that stay at one node each. */
const FREE_CLIENTS = 2;
const PINNED_CLIENTS = 2;
/** Number of the client that reads everything at the end. */
const FINAL_CLIENT = 99;
const MAX_READ_ATTEMPTS = 15;
const MIN_OPERATIONS = 200;
/** Seconds that a seed whose clients could hardly work gets in peace, to work then. */
const MAX_PEACE_ROUNDS = 60;

export interface SeedFailure {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
}

export interface SeedResult {
  readonly seed: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly operations: number;
  readonly traceHash: string;
  readonly coverage: Readonly<Record<string, number>>;
  readonly failure: SeedFailure | undefined;
}

export interface SeedOptions {
  readonly trace?: (line: string) => void;
  readonly onHistory?: (operations: readonly Operation[]) => void;
}

/** Runs one seed from the forming of its cluster to the comparison of all replicas. Never rejects: what goes wrong is the failure. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const random = new SeededRandom(seed);
  const coverage = new Coverage();
  const simulation = new Simulation(seed, random, coverage, options.trace);
  const { scheduler } = simulation.cluster.world;
  const recorder = new HistoryRecorder(() => Math.floor(scheduler.nowMs * 1e6));
  let failure: SeedFailure | undefined;
  try {
    await story(simulation, random, recorder);
    checkHistory(recorder);
  } catch (error) {
    failure = failureOf(seed, error);
    options.trace?.(`failure: ${failure.invariant}: ${failure.message}`);
  }
  simulation.finish();
  options.onHistory?.(recorder.operations());
  return {
    seed,
    virtualMs: scheduler.nowMs,
    events: scheduler.eventCount,
    operations: recorder.size,
    traceHash: scheduler.trace.text,
    coverage: coverage.toJSON(),
    failure,
  };
}

function failureOf(seed: number, error: unknown): SeedFailure {
  if (error instanceof Violation) return { seed, invariant: error.invariant, message: error.message };
  const message = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  return { seed, invariant: "no error of the program", message };
}

async function story(simulation: Simulation, random: SeededRandom, recorder: HistoryRecorder): Promise<void> {
  const { cluster } = simulation;
  const { scheduler } = cluster.world;
  await cluster.form();
  const keys = keySpace(simulation, random);
  const process = cluster.addClientProcess();
  const { clients, readers } = await cluster.runFor(openSessions(simulation), 60_000);
  const [first] = clients[0] ?? [];
  if (first === undefined) throw new Error("no session");
  await cluster.runFor(prepareWorkload(first, keys, process.clock, 60_000), 90_000);
  const stop = new AbortController();
  const work = runWorkload({
    clients,
    keys,
    recorder,
    clock: process.clock,
    random: random.fork(),
    stop: stop.signal,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    thinkMs: random.between(200, 1000),
    readers: { sessions: readers, timeoutMs: READER_TIMEOUT_MS, thinkMs: READER_THINK_MS },
    eager: () => simulation.sinceLeaderChangeMs < UNSETTLED_MS,
    mix: { writes: 0.63, deletes: 0.06, flushes: 0.01, passing: 0.02, tablets: 0.3 },
  });
  work.catch(() => undefined); // looked at below
  simulation.nemesis.start();
  while (scheduler.nowMs < FAULTS_MS) {
    await cluster.run(1000);
    simulation.lookAtDamage();
  }
  await allIsWell(simulation, stop, work);
  if (await simulation.rotInPeace()) await allIsWell(simulation, stop, work);
  for (let round = 0; round < MAX_PEACE_ROUNDS && finishedOf(recorder) < MIN_OPERATIONS; round++)
    await cluster.run(1000);
  stop.abort();
  await cluster.runFor(work, REQUEST_TIMEOUT_MS * 3);
  await finale(simulation, first, keys, recorder, process.clock);
}

/** With clients at work, entries are under way at nearly every moment: if that is all that is missing, they stop. */
async function allIsWell(simulation: Simulation, stop: AbortController, work: Promise<unknown>): Promise<void> {
  if (await simulation.recover(RECOVERY_LIMIT_MS)) return;
  stop.abort();
  await simulation.cluster.runFor(work, REQUEST_TIMEOUT_MS * 3);
  if (!(await simulation.recover(RECOVERY_LIMIT_MS)))
    throw new Violation("all is well again after the faults", whatIsMissing(simulation.cluster));
}

function keySpace(simulation: Simulation, random: SeededRandom): KeySpace {
  const cluster = simulation.cluster.node(0).node?.cluster;
  if (cluster === undefined) throw new Error("node 1 does not run");
  return new KeySpace({
    groups: cluster.metaState.table.groups.length,
    slotStrategy: cluster.record.slotStrategy,
    devicesPerGroup: 2,
    hotTimes: 1,
    coldTimes: 30,
    hotShare: random.between(0.2, 0.7),
  });
}

interface Sessions {
  readonly clients: WorkloadSession[][];
  /** One a node. */
  readonly readers: WorkloadSession[];
}

/** Some clients have one session each, which finds its own way; some have one at each node, so that all nodes are asked. */
async function openSessions({ cluster }: Simulation): Promise<Sessions> {
  const clients: WorkloadSession[][] = [];
  const readers: WorkloadSession[] = [];
  const addresses = cluster.nodes.map(({ name }) => clientAddress(name));
  for (let client = 0; client < FREE_CLIENTS; client++) {
    const rotated = [...addresses.slice(client), ...addresses.slice(0, client)];
    clients.push([(await cluster.connect({ addresses: rotated })).session]);
  }
  for (let client = 0; client < PINNED_CLIENTS; client++) {
    const process = cluster.addClientProcess();
    const sessions: WorkloadSession[] = [];
    for (const address of addresses) sessions.push(await openPinned(cluster, address, process));
    clients.push(sessions);
  }
  for (const address of addresses) readers.push(await openPinned(cluster, address, cluster.addClientProcess()));
  return { clients, readers };
}

async function openPinned(cluster: SimCluster, address: string, process: Process): Promise<PinnedSession> {
  const open = async () => (await cluster.connect({ addresses: [address] }, process)).session;
  return new PinnedSession(await open(), { open, nowMs: () => process.clock.monotonicMs() });
}

/** In peace: every point is read once more, files are closed everywhere, and the replicas are compared. */
async function finale(
  { cluster }: Simulation,
  session: WorkloadSession,
  keys: KeySpace,
  recorder: HistoryRecorder,
  clock: Clock,
): Promise<void> {
  await cluster.runFor(readAll(session, keys, recorder, clock), 120_000);
  await cluster.runFor(session.execute("FLUSH"), 60_000);
  await cluster.runUntil(() => haveOneCheckpoint(cluster), 30_000, "all replicas close the same files");
  await cluster.runFor(compareReplicas(cluster), 60_000);
  const leftMs = SEED_MS - cluster.world.nowMs;
  if (leftMs > 0) await cluster.run(leftMs);
}

/** Damage that this very read finds is refused first, and repaired then. */
async function readOnce(session: WorkloadSession, sql: string, clock: Clock): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await session.execute(sql, { consistency: "strong" });
      return (await result.toArray())[0]?.values[0];
    } catch (error) {
      if (attempt === MAX_READ_ATTEMPTS || !hasCode(error, "DISK_CORRUPT")) throw error;
      await sleep(clock, 1000);
    }
  }
}

async function readAll(
  session: WorkloadSession,
  keys: KeySpace,
  recorder: HistoryRecorder,
  clock: Clock,
): Promise<void> {
  for (const device of keys.devices) {
    const times = new Set<number>();
    for (const { key } of recorder.operations()) {
      const [series = "", time = ""] = key.split("@");
      if (series === `${device}.${keys.measurement}`) times.add(Number(time));
    }
    for (const time of times) {
      const pending = recorder.begin(FINAL_CLIENT, "read", `${device}.${keys.measurement}@${time}`, null);
      const sql = `SELECT ${keys.measurement} FROM ${device} WHERE time = ${time}`;
      const value = await readOnce(session, sql, clock);
      pending.done(value === undefined || value === null ? null : Number(value));
    }
  }
}

function checkHistory(recorder: HistoryRecorder): void {
  const operations = recorder.operations();
  const result = checkLinearizable(operations);
  if (!result.ok) throw new Violation("linearizable histories", `${result.key}: ${result.reason}`);
  const finished = finishedOf(recorder);
  if (finished < MIN_OPERATIONS)
    throw new Violation("every seed does work", `${finished} operations finished, at least ${MIN_OPERATIONS} should`);
}

/** Operations that were answered, with success. */
function finishedOf(recorder: HistoryRecorder): number {
  return recorder.operations().filter(({ return: returned, ok }) => returned !== null && ok !== false).length;
}
