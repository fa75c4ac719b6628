import { writeFileSync } from "node:fs";
import { toJsonLines } from "@ringtide/testkit";
import { numberOf, readArguments, runCommand, wordOf } from "./support/arguments.ts";
import { FAULT_NAMES } from "./support/faults.ts";
import { mixedRun } from "./support/mixed-run.ts";
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
  const { operations, verdict, loss } = result;
  if (args.values["history"] !== undefined) writeFileSync(args.values["history"], toJsonLines(operations));

  const listed = (counts: ReadonlyMap<string, number>) =>
    Array.from(counts, ([name, count]) => `${name} ${count}`).join(", ");
  const unknown = operations.filter((operation) => operation.return === null).length;
  console.log(`faults: ${listed(result.faults)}`);
  console.log(
    `${operations.length} operations, ${unknown} of unknown outcome; errors: ${listed(result.failures) || "none"}`,
  );
  console.log(
    `${result.acknowledgedRows} rows acknowledged, ${loss.lostRows} lost, ${loss.wrongRows} wrong, ${result.files} files agree`,
  );
  for (const example of loss.examples) console.log(example);
  if (verdict === undefined) console.log(`history not judged: reads at ${consistency} are not linearizable`);
  else
    console.log(
      verdict.ok ? `linearizable: ${verdict.operations} operations on ${verdict.keys} points` : verdict.reason,
    );
  const isSound = verdict?.ok !== false && loss.lostRows + loss.wrongRows === 0;
  if (args.isJson) {
    const { acknowledgedRows, files } = result;
    const counted = { faults: Object.fromEntries(result.faults), failures: Object.fromEntries(result.failures) };
    const machine = { before, after: machineLoad() };
    const settings = args.settings;
    console.log(
      JSON.stringify({
        seed,
        consistency,
        settings,
        isSound,
        operations: operations.length,
        unknown,
        acknowledgedRows,
        files,
        loss,
        ...counted,
        machine,
      }),
    );
  }
  if (!isSound) process.exitCode = 1;
});
