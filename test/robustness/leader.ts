import { numberOf, readArguments, runCommand, wordOf } from "./support/arguments.ts";
import { FAULTS, type LeaderFault, type LeaderLoss, loseLeaders } from "./support/leader-loss.ts";
import { machineLoad, summarise, summaryText } from "./support/summary.ts";

const USAGE = `Usage: npm run robustness:leader -- [--fault FAULT] [--runs N]

Takes the leader of data groups away from a cluster of real processes under load, N times, and tells how long it took until others led all
of its groups, and how long writers waited. Fails when an acknowledged row is lost.`;

runCommand(async () => {
  const args = readArguments(USAGE, {
    fault: { value: "FAULT", help: `one of ${FAULTS.join(", ")}, or all (default)` },
    runs: { value: "N", help: "how often each; 5 when left out" },
  });
  if (args === undefined) return;
  const runs = numberOf(args.values["runs"], 5, "runs");
  const wanted = wordOf(args.values["fault"], [...FAULTS, "all"], "all", "fault");
  const before = machineLoad();
  const report: Record<string, unknown> = {};
  for (const fault of FAULTS) {
    if (wanted !== "all" && wanted !== fault) continue;
    const losses = await loseLeaders(Array(runs).fill(fault) as LeaderFault[], { settings: args.settings }, (loss) =>
      console.log(lineOf(loss)),
    );
    const otherLeads = summarise(losses.map((loss) => loss.otherLeadsMs));
    const pauses = summarise(losses.map((loss) => loss.longestPauseMs));
    console.log(`${fault}: another node led after ${summaryText(otherLeads)}; writers waited ${summaryText(pauses)}`);
    report[fault] = { otherLeadsMs: otherLeads, longestPauseMs: pauses };
  }
  const machine = { before, after: machineLoad() };
  console.log(`load of the machine: ${before.load1} before, ${machine.after.load1} after, on ${before.cores} cores`);
  if (args.isJson) console.log(JSON.stringify({ runs, settings: args.settings, ...report, machine }));
});

function lineOf({ fault, node, groups, otherLeadsMs, longestPauseMs }: LeaderLoss): string {
  return `${fault} of node ${node}, leader of ${groups.join(", ")}: others led after ${Math.round(otherLeadsMs)} ms, a writer waited ${Math.round(longestPauseMs)} ms`;
}
