import { writeFileSync } from "node:fs";
import { type Consistency, toJsonLines } from "@ringtide/testkit";
import { numberOf, readArguments, runCommand, wordOf } from "./support/arguments.ts";
import { FAULT_NAMES } from "./support/faults.ts";
import { type MixedResult, mixedRun } from "./support/mixed-run.ts";
import { machineLoad } from "./support/summary.ts";

const USAGE = `Usage: npm run robustness -- [--minutes N] [--history FILE]

Runs clients against a cluster of real processes to which all kinds of things happen, and checks what they saw: that it is linearizable, that
no acknowledged row is lost, and that replicas have the same files. Exit code 1 when one of these does not hold.`;

const MINUTE_MS = 60_000;

runCommand(async () => {
  const args = readArguments(USAGE, {
    minutes: { value: "N", help: "how long; 1 when left out" },
    history: { value: "FILE", help: "where what clients saw is written, one JSON object a line" },
    consistency: {
      value: "LEVEL",
      help: "of the reads: strong (default), or mid or weak, whose history is not judged",
    },
    faults: { value: "LIST", help: `comma-separated, of ${FAULT_NAMES.join(", ")}; all when left out` },
    seed: { value: "N", help: "of the faults and the clients; random when left out" },
  });
  if (args === undefined) return;
  const seed = numberOf(args.values["seed"], 1 + Math.floor(Math.random() * 1e6), "seed");
  const runMs = numberOf(args.values["minutes"], 1, "minutes") * MINUTE_MS;
  const consistency = wordOf(args.values["consistency"], ["strong", "mid", "weak"], "strong", "consistency");
  const faults = args.values["faults"]?.split(",").map((name) => wordOf(name, FAULT_NAMES, "kill", "faults"));
  const before = machineLoad();
  console.log(`seed ${seed}, reads at ${consistency}`);
  const result = await mixedRun({ runMs, seed, consistency, faults: faults ?? FAULT_NAMES, settings: args.settings });
  if (args.values["history"] !== undefined) writeFileSync(args.values["history"], toJsonLines(result.operations));
  const machine = { before, after: machineLoad() };
  print(result, consistency);
  console.log(`load of the machine: ${before.load1} before, ${machine.after.load1} after, on ${before.cores} cores`);
  if (args.isJson)
    console.log(JSON.stringify({ seed, consistency, settings: args.settings, ...summary(result), machine }));
  if (result.problems.length > 0) process.exitCode = 1;
});

function summary({ operations, faults, tally, acknowledgedRows, problems }: MixedResult) {
  const unknown = operations.filter((operation) => operation.return === null).length;
  return {
    faults: Object.fromEntries(faults),
    operations: operations.length,
    unknown,
    tally,
    acknowledgedRows,
    problems,
  };
}

function print(result: MixedResult, consistency: Consistency): void {
  const { faults, operations, unknown, tally, acknowledgedRows, problems } = summary(result);
  const { verdict } = result;
  console.log(`faults: ${JSON.stringify(faults)}`);
  console.log(`${operations} operations, ${unknown} of unknown outcome; requests: ${JSON.stringify(tally)}`);
  if (verdict === undefined) console.log(`history not judged: reads at ${consistency} are not linearizable`);
  else if (verdict.ok) console.log(`linearizable: ${verdict.operations} operations on ${verdict.keys} points`);
  console.log(`${acknowledgedRows} rows acknowledged`);
  if (problems.length === 0) console.log("none is lost, and replicas have the same files");
  for (const problem of problems) console.log(`PROBLEM: ${problem}`);
}
