import { numberOf, readArguments, runCommand, wordOf } from "./support/arguments.ts";
import { Cluster } from "./support/cluster.ts";
import { Load, pause } from "./support/load.ts";
import { machineLoad, summarise, summaryText } from "./support/summary.ts";
import { allWell, filesAgree, lossOf } from "./support/verify.ts";

const USAGE = `Usage: npm run robustness:kill -- [--rounds N]

Kills a node of a cluster of real processes under load with SIGKILL and starts it again, N times. Then looks for every acknowledged row on
every node. Exit code 1 when one is lost.`;

/** Load on the nodes that are left, and on all, in each round. */
const LEFT_MS = 300;

runCommand(async () => {
  const args = readArguments(USAGE, {
    rounds: { value: "N", help: "how many kills; 200 when left out" },
    victim: { value: "WHICH", help: "random (default), or leader: of the first data group" },
    writers: { value: "N", help: "clients that write all the time; 4 when left out" },
    rows: { value: "N", help: "rows of one write; 20 when left out" },
  });
  if (args === undefined) return;
  const rounds = numberOf(args.values["rounds"], 200, "rounds");
  const victim = wordOf(args.values["victim"], ["random", "leader"], "random", "victim");
  const writers = numberOf(args.values["writers"], 4, "writers");
  const rows = numberOf(args.values["rows"], 20, "rows");
  const before = machineLoad();
  const cluster = await Cluster.start({ program: "server", settings: args.settings });
  try {
    const load = await Load.start({ addresses: cluster.addresses, writers, rows, paceMs: 10 });
    const pausesMs: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      pausesMs.push(...(await killOnce(cluster, load, victim)));
      if (round % 10 === 0) console.log(`round ${round}: ${load.acknowledgedRows} rows acknowledged`);
    }
    await load.stop();
    await cluster.caughtUp();
    const { lostRows, wrongRows, examples } = await lossOf(cluster, load);
    const files = await filesAgree(cluster);
    await allWell(cluster);
    const pauses = summarise(pausesMs);
    const machine = { before, after: machineLoad() };
    const { acknowledgedRows, failures } = load;
    console.log(
      `${rounds} kills: ${acknowledgedRows} rows acknowledged, ${lostRows} lost, ${wrongRows} wrong, ${files} files agree`,
    );
    console.log(`longest pause of each writer after each kill: ${summaryText(pauses)}`);
    console.log(`load of the machine: ${before.load1} before, ${machine.after.load1} after, on ${before.cores} cores`);
    for (const example of examples) console.log(example);
    if (args.isJson) {
      const { settings } = args;
      console.log(
        JSON.stringify({ rounds, victim, settings, acknowledgedRows, lostRows, wrongRows, failures, pauses, machine }),
      );
    }
    if (lostRows + wrongRows > 0) process.exitCode = 1;
  } finally {
    await cluster.end();
  }
});

/** One kill and restart; returns the longest pause of each writer. */
async function killOnce(cluster: Cluster, load: Load, victim: "random" | "leader"): Promise<number[]> {
  const leader =
    victim === "leader" ? (await cluster.status()).groups.find(({ group }) => group !== "meta")?.leader : 0;
  const number = leader || 1 + Math.floor(Math.random() * cluster.nodes.length);
  const node = cluster.node(number);
  load.takePausesMs();
  await node.kill();
  await load.goesOn(`the kill of node ${number}`);
  await pause(LEFT_MS * (0.5 + Math.random()));
  await cluster.restart(node);
  await load.goesOn(`the restart of node ${number}`);
  return load.takePausesMs();
}
