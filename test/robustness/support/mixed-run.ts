import {
  type CheckResult,
  type Consistency,
  checkLinearizable,
  type Operation,
  SeededRandom,
  type Tally,
} from "@ringtide/testkit";
import { Cluster } from "./cluster.ts";
import { type FaultName, makeTrouble } from "./faults.ts";
import { HistoryClients } from "./history-clients.ts";
import { Load } from "./load.ts";
import { Proxies } from "./proxies.ts";
import { verify } from "./verify.ts";

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
  readonly tally: Tally;
  /** Undefined unless the clients read at strong: only then does the history promise anything. */
  readonly verdict: CheckResult | undefined;
  readonly acknowledgedRows: number;
  /** What should hold and does not; empty after a run without fault of the cluster's. */
  readonly problems: readonly string[];
}

/** Clients, and faults of every kind, on a cluster of real processes; then everything that must hold is checked. */
export async function mixedRun(options: MixedOptions): Promise<MixedResult> {
  const { runMs, seed, consistency, settings } = options;
  const proxies = new Proxies();
  const cluster = await Cluster.start({ program: "failpoints", network: proxies, settings });
  try {
    const { addresses } = cluster;
    const random = new SeededRandom(seed);
    const load = await Load.start({ addresses, writers: 3, textBytes: 100, paceMs: 40 });
    const history = await HistoryClients.start({ addresses, consistency, random: random.fork() });
    const problems: string[] = [];
    const note = (error: unknown) => problems.push(error instanceof Error ? error.message : String(error));
    const faults = new Map<FaultName, number>();
    try {
      const untilMs = performance.now() + runMs;
      await makeTrouble({ cluster, proxies, random, names: options.faults, untilMs, done: faults });
      await load.goesOn("the last fault");
    } catch (error) {
      note(error); // what the clients saw until then is judged all the same
    }
    const tally = await history.stop();
    await verify(cluster, load).catch(note);
    const operations = history.operations();
    const verdict = consistency === "strong" ? checkLinearizable(operations) : undefined;
    if (verdict?.ok === false) problems.push(verdict.reason);
    return { faults, operations, tally, verdict, acknowledgedRows: load.acknowledgedRows, problems };
  } finally {
    await cluster.end();
  }
}
