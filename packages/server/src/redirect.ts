import type { RunningCluster } from "@ringtide/cluster";
import type { GroupNumber } from "@ringtide/common";

/** The leader's address on the clients' door, when a group is led by another node: where the next write of it should go. */
export function redirectTo(
  cluster: RunningCluster,
  group: GroupNumber | undefined,
): { readonly nodeId: number; readonly address: string } | undefined {
  if (group === undefined) return undefined;
  const leader = cluster.coordinator.leaderOf(group);
  if (leader === 0 || leader === cluster.self) return undefined;
  const member = cluster.record.members.find((candidate) => candidate.id === leader);
  if (member === undefined) return undefined;
  return { nodeId: leader, address: `${member.addresses.host}:${member.addresses.clientPort}` };
}
