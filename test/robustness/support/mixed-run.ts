import { type CheckResult, checkLinearizable, type Operation, SeededRandom } from "@ringtide/testkit";
import { Cluster } from "./cluster.ts";
import { type FaultName, makeTrouble } from "./faults.ts";
import { type Consistency, HistoryClients, serves } from "./history-clients.ts";
import { Load } from "./load.ts";
import { Proxies } from "./proxies.ts";
import { allWell, filesAgree, type Loss, lossOf } from "./verify.ts";

export interface MixedOptions {
  readonly runMs: number;
  readonly seed: number;
  readonly consistency: Consistency;
  readonly faults: readonly FaultName[];
  readonly settings: Readonly<Record<string, string>>;
}

export interface MixedResult {
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly operations: readonly Operation[];
  readonly failures: ReadonlyMap<string, number>;
  /** Undefined unless the clients read at strong: only then does the history promise anything. */
  readonly verdict: CheckResult | undefined;
  readonly acknowledgedRows: number;
  readonly loss: Loss;
  readonly files: number;
}

/** Clients, and faults of every kind, on a cluster of real processes; then everything that must hold is checked. */
export async function mixedRun(options: MixedOptions): Promise<MixedResult> {
  const { runMs, seed, consistency, settings } = options;
  const proxies = new Proxies();
  const cluster = await Cluster.start({ program: "failpoints", network: proxies, settings });
  try {
    const { addresses } = cluster;
    if (!(await serves(addresses, consistency)))
      throw new Error(`this version has no reads at ${consistency}: choose another with --consistency`);
    const random = new SeededRandom(seed);
    const load = await Load.start({ addresses, writers: 3, textBytes: 100, paceMs: 40 });
    const history = await HistoryClients.start({ addresses, consistency, seed: random.uint32() });
    const untilMs = performance.now() + runMs;
    const faults = await makeTrouble(cluster, proxies, random, options.faults, untilMs);
    await load.goesOn("the last fault");
    await history.stop();
    await load.stop();
    await cluster.caughtUp();
    const loss = await lossOf(cluster, load);
    const files = await filesAgree(cluster);
    await allWell(cluster);
    const operations = history.operations();
    const verdict = consistency === "strong" ? checkLinearizable(operations) : undefined;
    const { acknowledgedRows } = load;
    return { faults, operations, failures: history.failures, verdict, acknowledgedRows, loss, files };
  } finally {
    await cluster.end();
  }
}
