import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { createDigest } from "@ringtide/tsfile";
import yargs from "yargs";
import { MUTATIONS, mutationNamed } from "../mutations/catalogue.ts";
import { runMain } from "../run-main.ts";
import { Coverage } from "./coverage.ts";
import { runSeed, type SeedFailure, type SeedResult } from "./run-seed.ts";
import { planted, runSeeds } from "./seed-pool.ts";

const DEFAULT_SEEDS = 500;

const args = yargs(process.argv.slice(2))
  .scriptName("npm run sim --")
  .usage("$0 [options]\n\nRuns whole clusters in a simulated world, one a seed, and checks what they promise.")
  .option("seeds", { type: "number", describe: "how many seeds", default: DEFAULT_SEEDS })
  .option("first-seed", { type: "number", describe: "the first of them", default: 1 })
  .option("seed", { type: "number", describe: "replays this one seed" })
  .option("trace", { type: "boolean", describe: "with --seed: prints a line for each event", default: false })
  .option("jobs", { type: "number", describe: "seeds at a time", default: availableParallelism() })
  .option("mutation", { type: "string", describe: "plants this bug first; exit code 1 says that it was caught" })
  .option("list-mutations", { type: "boolean", describe: "prints the names of all planted bugs", default: false })
  .option("json", { type: "boolean", describe: "the last line is a summary as JSON", default: false })
  .strict()
  .parseSync();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function sayFailure({ seed, invariant, message }: SeedFailure): void {
  say(`seed ${seed} failed: ${invariant}: ${message}`);
  say(`  replay: npm run sim -- --seed ${seed} --trace`);
}

async function replay(seed: number): Promise<readonly SeedResult[]> {
  await createDigest();
  const result = await runSeed(seed, args.trace ? { trace: say } : {});
  const { virtualMs, events, operations, traceHash, failure } = result;
  say(
    `seed ${seed}: ${(virtualMs / 1000).toFixed(1)} virtual s, ${events} events, ${operations} operations, trace ${traceHash}`,
  );
  if (failure !== undefined) sayFailure(failure);
  return [result];
}

/** Bugs are planted as code is loaded: by a process of its own. Resolves with its exit code. */
function replayPlanted(mutation: string): Promise<number> {
  mutationNamed(mutation);
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { ...planted(mutation), stdio: "inherit" });
  return new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
}

async function runAll(): Promise<readonly SeedResult[]> {
  const results: SeedResult[] = [];
  const { mutation } = args;
  if (mutation !== undefined) mutationNamed(mutation);
  await runSeeds({
    firstSeed: args.firstSeed,
    seeds: args.seeds,
    jobs: args.jobs,
    mutation,
    stopAtFailure: mutation !== undefined,
    onResult: (result) => {
      results.push(result);
      if (result.failure !== undefined) sayFailure(result.failure);
    },
  });
  return results;
}

function summarize(results: readonly SeedResult[]): number {
  const failures = results.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const coverage = new Coverage();
  for (const result of results) coverage.merge(result.coverage);
  const virtualHours = results.reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 3_600_000;
  const events = results.reduce((sum, result) => sum + result.events, 0);
  const operations = results.reduce((sum, result) => sum + result.operations, 0);
  let exitCode = failures.length > 0 ? 1 : 0;
  if (args.seed === undefined && args.mutation === undefined) {
    say(coverage.table(results.length));
    const missing = coverage.belowFloor(results.length);
    if (missing.length > 0) {
      say(`too seldom to show anything: ${missing.join(", ")}`);
      exitCode = 1;
    }
  }
  const seconds = process.uptime().toFixed(1);
  say(
    `${results.length} seeds, ${virtualHours.toFixed(2)} virtual hours, ${events} events, ${operations} operations, ${failures.length} failures, ${seconds} s`,
  );
  if (args.json) say(JSON.stringify({ seeds: results.length, virtualHours, events, failures }));
  return exitCode;
}

/** Resolves with the exit code. */
async function main(): Promise<number> {
  if (args.listMutations) {
    for (const { name } of MUTATIONS) say(name);
    return 0;
  }
  if (args.seed !== undefined && args.mutation !== undefined && process.env["MUTATION"] === undefined)
    return replayPlanted(args.mutation);
  return summarize(args.seed === undefined ? await runAll() : await replay(args.seed));
}

runMain(main);
