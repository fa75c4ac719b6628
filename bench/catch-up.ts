/**
 * How a node that was away catches up, and what users notice of it: a real cluster of three, of which one is killed, misses much and comes
 * back; once with what it missed still in the others' logs, once with logs kept so short that only snapshots help.
 */
import { parseArgs } from "node:util";
import { killNode, restartNode } from "@ringtide/cli";
import { connect } from "@ringtide/client";
import { flush } from "./support/checkpoint.ts";
import { countPoints } from "./support/count.ts";
import { round } from "./support/figures.ts";
import { committedOf, hasApplied, nodeNumber, statusAt, untilStatus } from "./support/groups.ts";
import { generate, Loader, type Walks } from "./support/load.ts";
import { logLines } from "./support/node-log.ts";
import { SteadyWriter } from "./support/steady-writer.ts";
import { openTarget, type Target } from "./support/target.ts";
import { diskBytes } from "./support/usage.ts";
import { groupsOf } from "./support/workload.ts";

const VICTIM = 3;
const WAIT_MS = 600_000;

const { values: flags } = parseArgs({
  options: {
    dir: { type: "string", default: ".bench" },
    json: { type: "boolean", default: false },
    /** In millions. */
    points: { type: "string", default: "10" },
    repetitions: { type: "string", default: "1" },
    /** Of each span of foreground writes before and after. */
    seconds: { type: "string", default: "10" },
    set: { type: "string", multiple: true, default: [] },
  },
});

interface Way {
  readonly name: "log" | "snapshot";
  readonly set: readonly string[];
}

const MIB = 1024 * 1024;
const WAYS: readonly Way[] = [
  { name: "log", set: [] },
  {
    name: "snapshot",
    set: [
      `raft_log_buffer_size=${MIB}`,
      `max_raft_log_persist_data_size_per_file=${MIB}`,
      "max_number_of_persist_raft_log_files=1",
      `memtable_close_bytes=${4 * MIB}`,
      `log_close_bytes=${4 * MIB}`,
    ],
  },
];

const sleep = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
const spanMs = Number(flags.seconds) * 1000;

/** The three nodes of the run by their part in it. */
function partsOf(target: Target) {
  const victim = target.nodes.find(({ number }) => number === VICTIM);
  const [witness] = target.addresses;
  if (victim === undefined || witness === undefined || target.directory === undefined)
    throw new Error("the cluster is not ours");
  const others = target.addresses.filter((address) => address !== victim.rpc);
  return { victim, witness, others, directory: target.directory };
}

/** Loads what the victim misses. Returns how many points. */
async function loadMissed(way: Way, walks: Walks, others: readonly string[]): Promise<number> {
  const loader = await Loader.open("catchup", walks, others);
  const wanted = Number(flags.points) * 1e6;
  loader.goOn = () => loader.points < wanted;
  for (let pass = 0; loader.goOn(); pass++) await loader.pass(pass);
  await loader.close();
  // What is in files need not stay in the logs: these are cut down to what the settings keep.
  if (way.name === "snapshot") await flush(others);
  return loader.points;
}

/** All of it is on the node that was away, by what it has itself. */
async function checkPresent(address: string, loaded: number, steady: number): Promise<void> {
  const session = await connect({ addresses: [address] });
  const found = {
    loaded: await countPoints(session, groupsOf("catchup"), "weak"),
    steady: await countPoints(session, SteadyWriter.storageGroup, "weak"),
  };
  await session.close();
  if (found.loaded !== loaded || found.steady !== steady)
    throw new Error(
      `the node has ${found.loaded} of ${loaded} points loaded, ${found.steady} of ${steady} written beside`,
    );
}

async function measure(way: Way, walks: Walks) {
  const target = await openTarget({ dir: flags.dir, set: [...way.set, ...flags.set] });
  let writer: SteadyWriter | undefined;
  try {
    const { victim, witness, others, directory } = partsOf(target);
    const node = nodeNumber(await statusAt(witness), victim.rpc);
    writer = await SteadyWriter.start(others);
    await sleep(spanMs);
    await killNode(directory, VICTIM);
    const hasLeaders = (status: Awaited<ReturnType<typeof statusAt>>) =>
      status.groups.every(({ leader }) => leader !== 0 && leader !== node);
    await untilStatus(witness, "new leaders of all groups", hasLeaders, WAIT_MS);
    const points = await loadMissed(way, walks, others);
    const beforeMs = performance.now();
    await sleep(spanMs);

    const missed = committedOf(await statusAt(witness));
    const logBytesBefore = diskBytes(`${victim.dataDirectory}/log`);
    const startedMs = performance.now();
    let aliveMs = 0;
    const restarted = restartNode(directory, VICTIM);
    const caughtUp = untilStatus(
      witness,
      `node ${VICTIM} has caught up`,
      (status) => {
        if (aliveMs === 0 && status.nodes.some((each) => each.node === node && each.alive)) aliveMs = performance.now();
        return hasApplied(status, node, missed);
      },
      WAIT_MS,
    );
    await Promise.all([restarted, caughtUp.then(() => undefined)]);
    const caughtUpMs = performance.now();
    const logBytes = diskBytes(`${victim.dataDirectory}/log`) - logBytesBefore;
    await sleep(spanMs);
    const afterMs = performance.now();
    await writer.end();

    const committed = committedOf(await statusAt(witness));
    await untilStatus(witness, "the rest is applied", (status) => hasApplied(status, node, committed), WAIT_MS);
    await checkPresent(victim.rpc, points, writer.points);
    const snapshots = logLines(victim.logFile, "snapshot installed");
    const snapshotBytes = snapshots.reduce((sum, { receivedBytes }) => sum + Number(receivedBytes), 0);
    if ((way.name === "snapshot") !== snapshots.length > 0)
      throw new Error(`caught up by ${snapshots.length} snapshots: that is not the way by ${way.name}`);
    const seconds = (caughtUpMs - aliveMs) / 1000;
    const bytes = way.name === "log" ? logBytes : snapshotBytes;
    return {
      way: way.name,
      points,
      startSeconds: round((aliveMs - startedMs) / 1000),
      catchUpSeconds: round(seconds),
      pointsPerSecond: Math.round(points / seconds),
      megabytes: round(bytes / 1e6),
      megabytesPerSecond: round(bytes / 1e6 / seconds),
      snapshots: snapshots.length,
      /** Of the time above: asking for snapshots, pulling and installing them, one after the other. */
      snapshotSeconds: round(snapshots.reduce((sum, { ms }) => sum + Number(ms), 0) / 1000),
      ...target.header,
      foreground: {
        before: writer.between(beforeMs, startedMs),
        while: writer.between(startedMs, caughtUpMs),
        after: writer.between(caughtUpMs, afterMs),
      },
    };
  } finally {
    await writer?.end().catch(() => undefined);
    await target.end();
  }
}

type Result = Awaited<ReturnType<typeof measure>>;

function print(results: readonly Result[]): void {
  console.table(
    results.map((result) => ({
      way: result.way,
      "M points": round(result.points / 1e6),
      "process up after s": result.startSeconds,
      "caught up s later": result.catchUpSeconds,
      "M points/s": round(result.pointsPerSecond / 1e6),
      MB: result.megabytes,
      "MB/s": result.megabytesPerSecond,
      snapshots: result.snapshots === 0 ? "-" : `${result.snapshots} in ${result.snapshotSeconds} s`,
    })),
  );
  console.log("foreground: single rows of four clients");
  console.table(
    results.flatMap(({ way, foreground }) =>
      Object.entries(foreground).map(([when, figures]) => ({ way, when, ...figures })),
    ),
  );
}

const walks = generate();
const results: Result[] = [];
for (let i = 0; i < Number(flags.repetitions); i++) for (const way of WAYS) results.push(await measure(way, walks));
print(results);
if (flags.json) console.log(JSON.stringify({ results }));
