import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const SIM = join(import.meta.dirname, "../src/sim");

it("a program that does not start is an error of the run, not a seed that failed", async () => {
  const script = `
    import { runSeeds } from ${JSON.stringify(join(SIM, "seed-pool.ts"))};
    const results = [];
    const options = { firstSeed: 1, seeds: 9, jobs: 2, mutation: "unknown", stopAtFailure: true };
    const run = runSeeds({ ...options, onResult: (result) => results.push(result) });
    const said = await run.then(() => "passed", (error) => error.message);
    process.stdout.write(JSON.stringify({ said, results }));`;
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], (_, printed) => resolve(printed));
  });
  expect(JSON.parse(stdout)).toEqual({ said: "the program did not start: the process ended with 1", results: [] });
});
