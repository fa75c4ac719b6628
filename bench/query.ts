import { connect, type Session } from "@ringtide/client";
import { flush } from "./support/checkpoint.ts";
import { printTable, type Spread, spread } from "./support/figures.ts";
import { generate, Loader, type Walks } from "./support/load.ts";
import { type Case, casesOf } from "./support/query-cases.ts";
import { benchArguments, openTarget } from "./support/target.ts";
import { loadAverage } from "./support/usage.ts";

const args = benchArguments();

/** Times one query from the call to the last decoded row; the answer is checked outside of the timed part. */
async function time(session: Session, query: Case, repetitions: number): Promise<Spread> {
  const samples: number[] = [];
  for (let repetition = -2; repetition < repetitions; repetition++) {
    const { sql, check } = query.at(repetition + 2);
    const startedMs = performance.now();
    const result = await session.execute(sql);
    const batches = [];
    for await (const batch of result.batches()) batches.push(batch);
    const elapsedMs = performance.now() - startedMs;
    check(batches);
    if (repetition >= 0) samples.push(elapsedMs); // the first two warm up
  }
  return spread(samples);
}

/** A running cluster may have the data from an earlier run: the same values at the same times. */
async function load(walks: Walks, addresses: readonly string[]): Promise<void> {
  const loader = await Loader.open("query", walks, addresses);
  await loader.pass(0);
  await loader.close();
}

async function run(): Promise<void> {
  const target = await openTarget(args);
  try {
    const walks = generate();
    await load(walks, target.addresses);
    await flush(target.addresses);
    const session = await connect({ addresses: target.addresses });
    const queries: Record<string, Spread> = {};
    for (const query of casesOf(walks)) queries[query.name] = await time(session, query, Number(args.repetitions));
    await session.close();
    printTable(
      Object.entries(queries).map(
        ([name, each]) => [name, `${each.minMs} / ${each.medianMs} / ${each.maxMs} ms`] as const,
      ),
    );
    console.log(`machine load at the end ${loadAverage()}`);
    if (args.json) console.log(JSON.stringify({ ...target.header, queries }));
  } finally {
    await target.end();
  }
}

await run();
