import { hasCode, META_GROUP } from "@ringtide/common";
import type { SimNode } from "../sim-node.ts";
import { type Scene, type StartFault, shuffled, upNodes } from "./fault.ts";

const AT_ONCE = { forMs: 0, end: () => undefined };

/** A group that the node leads. */
function ledGroup(scene: Scene): { readonly node: SimNode; readonly group: number } | undefined {
  const led = upNodes(scene).flatMap((node) =>
    (node.node?.cluster.localStatus().replicas ?? [])
      .filter(({ role }) => role === "leader")
      .map(({ group }) => ({ node, group })),
  );
  return led.length === 0 ? undefined : scene.random.pick(led);
}

/** Errors that say that the moment was not right. */
function unlessBusy(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!hasCode(error, "NOT_LEADER", "NO_LEADER", "NOT_A_VOTER", "CONFIG_CHANGE_PENDING", "GROUP_STOPPED"))
      throw error;
  }
}

export const leaderTransfer: StartFault = (scene) => {
  const led = ledGroup(scene);
  const raft = led?.node.node?.cluster.snapshotGroup(led.group)?.raft;
  if (led === undefined || raft === undefined) return undefined;
  const peers = raft.status().peers.filter(({ learner }) => !learner);
  if (peers.length === 0) return undefined;
  const to = scene.random.pick(peers).id;
  scene.say(`group ${led.group}: leadership goes from ${led.node.name} to node ${to}`);
  unlessBusy(() => raft.transferLeadership(to));
  return AT_ONCE;
};

/**
 * Some voters become learners, mostly one, or all learners voters again: through a joint configuration each. Who is asked may have been deposed
 * already, and the change before may be under way.
 */
export const membershipChange: StartFault = (scene) => {
  const led = ledGroup(scene);
  const raft = led?.node.node?.cluster.snapshotGroup(led.group)?.raft;
  if (led === undefined || raft === undefined || led.group === META_GROUP || scene.damaged.size > 0) return undefined;
  const { voters, learners } = raft.status().configuration;
  const demoted = shuffled(scene.random, voters).slice(0, scene.random.chance(0.7) ? 1 : voters.length - 1);
  if (learners.length > 0) {
    scene.say(`group ${led.group}: nodes ${learners.join(", ")} vote again`);
    unlessBusy(() => raft.changeConfiguration({ voters: [...voters, ...learners], learners: [] }));
  } else if (voters.length > 2) {
    scene.say(`group ${led.group}: nodes ${demoted.join(", ")} become learners`);
    const stay = voters.filter((id) => !demoted.includes(id));
    unlessBusy(() => raft.changeConfiguration({ voters: stay, learners: demoted }));
  } else return undefined;
  return AT_ONCE;
};

/** A close of the memtable that no size asked for. */
export const flush: StartFault = (scene) => {
  const led = ledGroup(scene);
  const cluster = led?.node.node?.cluster;
  if (led === undefined || cluster === undefined || led.group === META_GROUP) return undefined;
  scene.say(`group ${led.group} is flushed`);
  cluster.coordinator.flush(led.group).catch((error: unknown) => scene.say(`flush failed: ${String(error)}`));
  return AT_ONCE;
};
