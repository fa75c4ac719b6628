import type { Cluster } from "./cluster.ts";
import { LeaderWatch } from "./leaders.ts";
import { Load } from "./load.ts";
import { verify } from "./verify.ts";

/** A network whose directions can be cut one by one. */
interface Cuttable {
  cut(from: number, to: number): Promise<void> | void;
  isolate(node: number): Promise<void> | void;
  heal(): Promise<void> | void;
}

const OTHER_LEADS_MS = 60_000;

/** What a leader is left with. */
export const PARTITIONS = ["isolated", "mute", "deaf"] as const;

async function partition(network: Cuttable, cluster: Cluster, leader: number, how: string): Promise<void> {
  if (how === "isolated") return await network.isolate(leader);
  for (const other of cluster.nodes) {
    if (other.number === leader) continue;
    if (how === "mute") await network.cut(leader, other.number);
    else await network.cut(other.number, leader);
  }
}

/**
 * Cuts the leader of some data group off in one way after the other, with clients that write on through any node: others lead, the
 * clients go on, and once the network is whole again nothing is lost. Returns how long it took until others led, ms.
 */
export async function cutLeadersOff(cluster: Cluster, network: Cuttable): Promise<Record<string, number>> {
  const watch = new LeaderWatch(cluster);
  const load = await Load.start({ addresses: cluster.addresses, writers: 3, paceMs: 20, requestTimeoutMs: 2000 });
  const took: Record<string, number> = {};
  for (const how of PARTITIONS) {
    await load.goesOn("the partition before");
    const { groups } = await cluster.status();
    const leader = groups.find(({ group, leader }) => group.startsWith("data") && leader > 0)?.leader ?? 1;
    const led = await cluster.groupsLedBy(leader);
    const sinceMs = Date.now();
    await partition(network, cluster, leader, how);
    took[how] = await watch.allLedByOthers(led, leader, sinceMs, OTHER_LEADS_MS);
    await load.goesOn(`the leader was ${how}`);
    await network.heal();
    await cluster.ready();
    await cluster.caughtUp();
  }
  await verify(cluster, load);
  return took;
}
