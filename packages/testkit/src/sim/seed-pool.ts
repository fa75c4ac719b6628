import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import type { SeedResult } from "./run-seed.ts";

export interface SeedPoolOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly jobs: number;
  /** A planted bug, by name. */
  readonly mutation: string | undefined;
  /** Ends the run after the first failure. */
  readonly stopAtFailure: boolean;
  readonly onResult: (result: SeedResult) => void;
}

interface Reply {
  readonly ready?: boolean;
  readonly result?: SeedResult;
  /** A promise that nobody waited for was rejected, or the seed could not be run at all. */
  readonly unhandled?: string;
}

/** A seed takes a second or so; one that takes this long hangs, which is a failure too. */
const SEED_LIMIT_MS = 180_000;
/** What a seed left unfinished stays in memory: after this many their process is replaced. */
const SEEDS_A_PROCESS = 150;
const WORKER = new URL("./worker.ts", import.meta.url);
const HOOK = new URL("../mutations/load-hook.ts", import.meta.url);

/** Runs seeds in processes side by side, each seed in a world of its own. Rejects when a process does not even start: that says nothing of a seed. */
export async function runSeeds(options: SeedPoolOptions): Promise<void> {
  let next = options.firstSeed;
  let end = options.firstSeed + options.seeds;
  let failed = false;
  const take = (): number | undefined => (next < end && !(failed && options.stopAtFailure) ? next++ : undefined);
  const report = (result: SeedResult): void => {
    failed ||= result.failure !== undefined;
    options.onResult(result);
  };
  const workers = Array.from({ length: Math.min(options.jobs, options.seeds) }, () =>
    runWorker(options, take, report).catch((error: unknown) => {
      end = next; // the others end too, after the seeds that they are at
      throw error;
    }),
  );
  // All of them, so that none is left behind.
  for (const worker of await Promise.allSettled(workers)) if (worker.status === "rejected") throw worker.reason;
}

/** How a process is started that has the bug in its code. */
export function planted(mutation: string | undefined): Pick<ForkOptions, "execArgv" | "env"> {
  if (mutation === undefined) return { execArgv: [] };
  return { execArgv: ["--import", HOOK.href], env: { ...process.env, MUTATION: mutation } };
}

function startWorker(mutation: string | undefined): ChildProcess {
  return fork(WORKER, { ...planted(mutation), stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

/** One process after the other, as long as there are seeds: one that a seed has broken is replaced. */
async function runWorker(
  options: SeedPoolOptions,
  take: () => number | undefined,
  report: (result: SeedResult) => void,
): Promise<void> {
  for (let seed = take(); seed !== undefined; ) {
    const child = startWorker(options.mutation);
    try {
      seed = await drive(child, seed, take, report);
    } finally {
      child.kill("SIGKILL");
    }
  }
}

/** Resolves with the seed that another process has to go on with; undefined when there is none. Rejects when the process never got ready. */
function drive(
  child: ChildProcess,
  first: number,
  take: () => number | undefined,
  report: (result: SeedResult) => void,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let seed = first;
    let done = 0;
    let isReady = false;
    let timer: NodeJS.Timeout | undefined;
    const fail = (invariant: string, message: string) => {
      clearTimeout(timer);
      child.removeAllListeners();
      report(brokenSeed(seed, invariant, message));
      resolve(take());
    };
    const send = () => {
      timer = setTimeout(
        () => fail("every seed ends", `not done after ${SEED_LIMIT_MS} ms of real time`),
        SEED_LIMIT_MS,
      );
      child.send(seed);
    };
    child.on("message", ({ ready, result, unhandled }: Reply) => {
      if (ready === true) {
        isReady = true;
        send();
      } else if (unhandled !== undefined) fail("no unhandled error", unhandled);
      else if (result !== undefined) {
        clearTimeout(timer);
        report(result);
        const following = take();
        if (following === undefined || ++done === SEEDS_A_PROCESS) {
          child.removeAllListeners();
          resolve(following);
        } else {
          seed = following;
          send();
        }
      }
    });
    const end = (how: string) => {
      if (isReady) fail("the program runs on", how);
      else reject(new Error(`the program did not start: ${how}`));
    };
    child.on("exit", (code, signal) => end(`the process ended with ${signal ?? code}`));
    child.on("error", (error) => end(error.message));
  });
}

function brokenSeed(seed: number, invariant: string, message: string): SeedResult {
  return {
    seed,
    virtualMs: 0,
    events: 0,
    operations: 0,
    traceHash: "",
    coverage: {},
    failure: { seed, invariant, message },
  };
}
