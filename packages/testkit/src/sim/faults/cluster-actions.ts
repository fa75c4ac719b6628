import { type GroupNumber, hasCode, META_GROUP } from "@ringtide/common";
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

const MAX_CHANGES = 3;

/**
 * Changes of the members of one group, one or a few in a row, asked of whoever believes to lead it. At times that is a node that has just been cut
 * off: then the change must not come into force.
 */
export const membershipChange: StartFault = (scene) => {
  const { cluster, random } = scene;
  const led = ledGroup(scene);
  if (led === undefined || led.group === META_GROUP) return undefined;
  const { network } = cluster.world;
  const isCut = random.chance(0.35);
  if (isCut) {
    scene.say(`${led.node.name} is cut off`);
    for (const other of cluster.nodes) if (other !== led.node) network.cutBoth(led.node.name, other.name);
  }
  changeMembers(scene, led.node, led.group);
  let atMs = 0;
  for (let more = random.below(MAX_CHANGES); more > 0; more--) {
    atMs += random.between(10, 1500);
    network.owner.after(atMs, "another change", () => {
      const leaders = upNodes(scene).filter((node) => leads(node, led.group));
      if (leaders.length > 0) changeMembers(scene, random.pick(leaders), led.group);
    });
  }
  if (!isCut) return AT_ONCE;
  return {
    forMs: random.between(1500, 6000),
    end: () => {
      network.healAll();
      scene.say(`${led.node.name} is back`);
    },
  };
};

function leads(node: SimNode, group: GroupNumber): boolean {
  return (node.node?.cluster.localStatus().replicas ?? []).some((one) => one.group === group && one.role === "leader");
}

/** Some voters become learners, mostly one, or all learners voters again: through a joint configuration each. */
function changeMembers(scene: Scene, node: SimNode, group: GroupNumber): void {
  const raft = node.node?.cluster.snapshotGroup(group)?.raft;
  if (raft === undefined || scene.damaged.size > 0) return;
  const { voters, learners } = raft.status().configuration;
  const demoted = shuffled(scene.random, voters).slice(0, scene.random.chance(0.7) ? 1 : voters.length - 1);
  if (learners.length > 0) {
    scene.say(`group ${group}: ${node.name} has nodes ${learners.join(", ")} vote again`);
    unlessBusy(() => raft.changeConfiguration({ voters: [...voters, ...learners], learners: [] }));
  } else if (voters.length > 2) {
    scene.say(`group ${group}: ${node.name} has nodes ${demoted.join(", ")} become learners`);
    const stay = voters.filter((id) => !demoted.includes(id));
    unlessBusy(() => raft.changeConfiguration({ voters: stay, learners: demoted }));
  }
}

/** A close of the memtable that no size asked for. */
export const flush: StartFault = (scene) => {
  const led = ledGroup(scene);
  const cluster = led?.node.node?.cluster;
  if (led === undefined || cluster === undefined || led.group === META_GROUP) return undefined;
  scene.say(`group ${led.group} is flushed`);
  cluster.coordinator.flush(led.group).catch((error: unknown) => scene.say(`flush failed: ${String(error)}`));
  return AT_ONCE;
};
