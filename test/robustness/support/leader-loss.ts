import { Cluster, type ClusterOptions } from "./cluster.ts";
import { LeaderWatch } from "./leaders.ts";
import { Load, type LoadOptions } from "./load.ts";
import type { NodeProcess } from "./node-process.ts";
import { verify } from "./verify.ts";

/**
 * What may happen to a leader:
 * - `kill`: it ends, as in a power cut;
 * - `pause`: nothing of it runs (SIGSTOP), its sockets stay open;
 * - `hang`: its disk does not answer fdatasync of the log any more, the rest of it lives;
 * - `full`: every write to its disk fails as on a full one.
 */
export const FAULTS = ["kill", "pause", "hang", "full"] as const;
export type LeaderFault = (typeof FAULTS)[number];

export interface LeaderLoss {
  readonly fault: LeaderFault;
  readonly node: number;
  readonly groups: readonly string[];
  /** Until the last of its groups had another leader. */
  readonly otherLeadsMs: number;
  /** Longest time that a writer was without an acknowledgement. */
  readonly longestPauseMs: number;
}

const OTHER_LEADS_MS = 120_000;

async function strike(node: NodeProcess, fault: LeaderFault): Promise<void> {
  switch (fault) {
    case "kill":
      return await node.kill();
    case "pause":
      return node.freeze();
    case "hang":
      return await node.order({ hang: ["log.segment.sync"] });
    case "full":
      return await node.order({ full: true });
  }
}

/** Ends the fault; a node that did not survive it is started again. All serve on return, and none is short of disk: two at a time are another test. */
async function mend(cluster: Cluster, node: NodeProcess, fault: LeaderFault): Promise<void> {
  if (fault === "pause") node.thaw();
  else if (node.isRunning) await node.order({});
  await cluster.revive();
  await cluster.caughtUp();
  await cluster.haveRoom();
}

/** Takes the leader of some data group away from a cluster under load, by each of the faults in turn; fails when a row is lost. */
export async function loseLeaders(
  faults: readonly LeaderFault[],
  options: Pick<ClusterOptions, "settings"> & Pick<LoadOptions, "requestTimeoutMs">,
  onRun: (loss: LeaderLoss) => void = () => undefined,
): Promise<LeaderLoss[]> {
  const { settings = {}, ...clients } = options;
  const cluster = await Cluster.start({ program: "failpoints", settings });
  try {
    const watch = new LeaderWatch(cluster);
    const load = await Load.start({ addresses: cluster.addresses, writers: 6, paceMs: 20, ...clients });
    const losses: LeaderLoss[] = [];
    for (const [turn, fault] of faults.entries()) {
      await load.goesOn("the fault before");
      const { node, groups } = await someLeader(cluster, turn);
      load.takePausesMs();
      const sinceMs = Date.now();
      await strike(node, fault);
      const otherLeadsMs = await watch.allLedByOthers(groups, node.number, sinceMs, OTHER_LEADS_MS);
      await load.goesOn(fault);
      const longestPauseMs = Math.max(...load.takePausesMs());
      const loss = { fault, node: node.number, groups, otherLeadsMs, longestPauseMs };
      losses.push(loss);
      onRun(loss);
      await mend(cluster, node, fault);
    }
    await verify(cluster, load);
    return losses;
  } finally {
    await cluster.end();
  }
}

/** The nodes take turns; one that leads nothing just now is passed over. */
async function someLeader(cluster: Cluster, turn: number): Promise<{ node: NodeProcess; groups: readonly string[] }> {
  for (let i = 0; i < cluster.nodes.length; i++) {
    const node = cluster.node(((turn + i) % cluster.nodes.length) + 1);
    const groups = await cluster.groupsLedBy(node.number);
    if (groups.some((group) => group.startsWith("data"))) return { node, groups };
  }
  throw new Error("no node leads a data group");
}
