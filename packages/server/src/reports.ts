import type { NodeStatus, ReplicaStatus, RunningCluster } from "@ringtide/cluster";
import { groupName, headerOf } from "@ringtide/common";
import type { SessionService } from "@ringtide/session";

/** A group with what each of its members says of its replica; undefined for a member that does not answer. */
interface GroupReport {
  readonly group: string;
  /** The leader that the answering replicas of the highest term name; 0: none. */
  readonly leader: number;
  readonly term: number;
  readonly replicas: readonly ({ readonly node: number; readonly alive: boolean } & Partial<
    Omit<ReplicaStatus, "group" | "name">
  >)[];
}

/** `nodetool status`. */
export async function statusReport(cluster: RunningCluster, sessions: SessionService) {
  const statuses = await cluster.clusterStatus();
  const { record, self, metaState } = cluster;
  const groups: GroupReport[] = [
    groupReport(
      0,
      record.members.map((member) => member.id),
      statuses,
    ),
    ...metaState.table.groups.map((plan) => groupReport(plan.group, plan.members, statuses)),
  ];
  return {
    cluster: { uuid: record.clusterUuid, name: record.clusterName, replicas: record.replicas },
    answeredBy: self,
    sessions: sessions.sessionCount,
    nodes: record.members.map((member) => {
      const status = statuses.get(member.id);
      return {
        node: member.id,
        ...member.addresses,
        alive: status !== undefined,
        longestTurnMs: status?.longestTurnMs ?? null,
        oldestPendingSyncMs: status?.oldestPendingSyncMs ?? null,
        diskLevel: status?.diskLevel ?? null,
        diskFreeBytes: status?.diskFreeBytes ?? null,
      };
    }),
    groups,
  };
}

function groupReport(
  group: number,
  members: readonly number[],
  statuses: ReadonlyMap<number, NodeStatus | undefined>,
): GroupReport {
  const replicas = members.map((node) => {
    const replica = statuses.get(node)?.replicas.find((candidate) => candidate.group === group);
    if (replica === undefined) return { node, alive: statuses.get(node) !== undefined };
    const { group: _group, name: _name, ...rest } = replica;
    return { node, alive: true, ...rest };
  });
  let term = 0;
  let leader = 0;
  for (const replica of replicas) {
    if (!("term" in replica)) continue;
    if (replica.term > term || (replica.term === term && leader === 0)) {
      term = replica.term;
      leader = replica.leader;
    }
  }
  return { group: groupName(group), leader, term, replicas };
}

/** `nodetool ring`: nodes in ring order, and how the slots are spread over the data groups. */
export function ringReport(cluster: RunningCluster) {
  const { record, metaState } = cluster;
  return {
    cluster: { uuid: record.clusterUuid, name: record.clusterName },
    slotStrategy: record.slotStrategy,
    nodes: record.members.map((member) => ({ node: member.id, ...member.addresses })),
    groups: metaState.table.groups.map((plan) => ({
      group: groupName(plan.group),
      header: headerOf(plan.group),
      members: plan.members,
      leader: cluster.coordinator.leaderOf(plan.group),
      slots: metaState.table.slotsOf(plan.group),
    })),
  };
}
