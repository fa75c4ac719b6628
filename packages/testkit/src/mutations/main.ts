import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runMain } from "../run-main.ts";
import { MUTATIONS, mutationNamed } from "./catalogue.ts";
import type { Mutation } from "./mutation.ts";
import { type Outcome, passes, runSimulator } from "./run-simulator.ts";
import { placeTable, type Row, renderTable } from "./table.ts";

const PAGE = new URL("../../../../docs/internals/testing.md", import.meta.url);
const SIMULATOR = [process.execPath, fileURLToPath(new URL("../sim/main.ts", import.meta.url))];
const USAGE = `usage: npm run mutations:table -- [--seeds N] [--jobs N] [--timeout-minutes N] [NAME ...]

Runs the simulator with each planted bug, and writes what caught it into docs/internals/testing.md. The seeds that did are run without it too.
With names: only these, and the table goes to the standard output.
Exit code: 0 when all were caught, by seeds that pass without the bug; 1 when not.
`;

function parse(argv: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: "200" },
      jobs: { type: "string", default: "2" },
      "timeout-minutes": { type: "string", default: "30" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    help: values.help,
    seeds: count("--seeds", values.seeds),
    jobs: count("--jobs", values.jobs),
    timeoutMs: count("--timeout-minutes", values["timeout-minutes"]) * 60_000,
    mutations: positionals.length > 0 ? positionals.map(mutationNamed) : MUTATIONS,
    isWhole: positionals.length === 0,
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} has to be a whole number from 1 on, not '${text}'`);
  return value;
}

/** At most `jobs` at a time; rows in the order of `mutations`. */
async function runAll(
  mutations: readonly Mutation[],
  jobs: number,
  run: (mutation: Mutation) => Promise<Outcome>,
): Promise<Row[]> {
  const rows: Row[] = [];
  const waiting = mutations.entries();
  const worker = async (): Promise<void> => {
    for (const [i, mutation] of waiting) {
      const outcome = await run(mutation);
      rows[i] = { mutation, outcome };
      process.stderr.write(`${mutation.name}: ${JSON.stringify(outcome)}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return rows;
}

/** Of the seeds that caught a bug those that fail without it too: what they say of the bug is worth nothing. */
async function failingUnmutated(rows: readonly Row[]): Promise<number[]> {
  const seeds = new Set(rows.flatMap(({ outcome }) => (outcome.kind === "caught" ? [outcome.seed] : [])));
  const failing: number[] = [];
  for (const seed of seeds) if (!(await passes(SIMULATOR, seed))) failing.push(seed);
  return failing;
}

async function main(argv: readonly string[]): Promise<number> {
  const { help, seeds, jobs, timeoutMs, mutations, isWhole } = parse(argv);
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const run = { command: SIMULATOR, seeds, timeoutMs };
  const rows = await runAll(mutations, jobs, (mutation) => runSimulator(mutation, run));
  const guilty = await failingUnmutated(rows);
  const table = renderTable(rows, guilty);
  if (isWhole) await writeFile(PAGE, placeTable(await readFile(PAGE, "utf8"), table));
  else process.stdout.write(`${table}\n`);
  return guilty.length === 0 && rows.every(({ outcome }) => outcome.kind === "caught") ? 0 : 1;
}

runMain(main);
