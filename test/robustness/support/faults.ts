import type { SeededRandom } from "@ringtide/testkit";
import type { Cluster } from "./cluster.ts";
import { pause } from "./load.ts";
import type { NodeProcess } from "./node-process.ts";
import type { Proxies } from "./proxies.ts";

interface Scene {
  readonly cluster: Cluster;
  readonly proxies: Proxies;
  readonly random: SeededRandom;
  readonly node: NodeProcess;
  /** Any other node. */
  readonly other: NodeProcess;
}

interface Fault {
  begin(scene: Scene): Promise<void> | void;
  /** Nodes that have ended are started again after it, and the network is healed. */
  end(scene: Scene): Promise<void> | void;
}

const nothing = () => undefined;

/** What happens to a cluster in a mixed run. A minority is concerned, but for `power`: then all nodes end at once. */
const FAULTS = {
  kill: { begin: ({ node }) => node.kill(), end: nothing },
  power: {
    begin: async ({ cluster }) => void (await Promise.all(cluster.nodes.map((node) => node.kill()))),
    end: nothing,
  },
  pause: { begin: ({ node }) => node.freeze(), end: ({ node }) => node.thaw() },
  isolate: { begin: ({ proxies, node }) => proxies.isolate(node.number), end: nothing },
  "cut-one-way": { begin: ({ proxies, node, other }) => proxies.cut(node.number, other.number), end: nothing },
  deaf: {
    begin: ({ cluster, proxies, node }) => eachOther(cluster, node, (other) => proxies.cut(other, node.number)),
    end: nothing,
  },
  mute: {
    begin: ({ cluster, proxies, node }) => eachOther(cluster, node, (other) => proxies.cut(node.number, other)),
    end: nothing,
  },
  slow: {
    begin: ({ cluster, proxies, random, node }) =>
      eachOther(cluster, node, (other) => {
        proxies.slow(node.number, other, random.between(5, 80), random.between(0, 0.1));
        proxies.slow(other, node.number, random.between(5, 80), random.between(0, 0.1));
      }),
    end: nothing,
  },
  reset: { begin: ({ proxies, node, other }) => proxies.reset(node.number, other.number), end: nothing },
  stall: {
    begin: ({ node }) => node.order({ hang: ["log.segment.sync", "log.hardstate.sync"] }),
    end: ({ node }) => node.order({}),
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

function eachOther(cluster: Cluster, node: NodeProcess, act: (other: number) => void): void {
  for (const other of cluster.nodes) if (other !== node) act(other.number);
}

const FAULT_MS = { least: 500, most: 5000 };
const QUIET_MS = { least: 500, most: 2500 };

export interface Trouble {
  readonly cluster: Cluster;
  readonly proxies: Proxies;
  readonly random: SeededRandom;
  readonly names: readonly FaultName[];
  /** Of performance.now(). */
  readonly untilMs: number;
  /** Counts how often each happened. */
  readonly done: Map<FaultName, number>;
}

/** Lets one fault after the other happen; the cluster serves after each. */
export async function makeTrouble({ cluster, proxies, random, names, untilMs, done }: Trouble): Promise<void> {
  while (performance.now() < untilMs) {
    await pause(random.between(QUIET_MS.least, QUIET_MS.most));
    const name = random.pick(names);
    const node = random.pick(cluster.nodes);
    const other = random.pick(cluster.nodes.filter((each) => each !== node));
    const fault: Fault = FAULTS[name];
    const scene = { cluster, proxies, random, node, other };
    await fault.begin(scene);
    await pause(random.between(FAULT_MS.least, FAULT_MS.most));
    await fault.end(scene);
    proxies.heal();
    await cluster.revive();
    done.set(name, (done.get(name) ?? 0) + 1);
  }
}
