import { groupName, META_GROUP } from "@ringtide/common";
import type { SnapshotManifest } from "@ringtide/engine";
import { Violation } from "./checks/violation.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { SimNode } from "./sim-node.ts";

function replicas(node: SimNode) {
  const cluster = node.node?.cluster;
  if (cluster === undefined) return [];
  const groups = [META_GROUP, ...cluster.metaState.table.groups.map(({ group }) => group)];
  return groups.flatMap((group) => {
    const found = cluster.snapshotGroup(group);
    return found === undefined ? [] : [{ group, ...found }];
  });
}

/** Every replica of every group is up, whole, and has what is committed. */
export function isSettled(cluster: SimCluster): boolean {
  if (!cluster.nodes.every((node) => node.state === "runs")) return false;
  const commits = new Map<number, number>();
  for (const node of cluster.nodes)
    for (const { group, raft } of replicas(node))
      commits.set(group, Math.max(commits.get(group) ?? 0, raft.status().commit));
  return cluster.nodes.every((node) =>
    replicas(node).every(({ group, raft, storage }) => {
      const { applied, mayVote, leader, lastIndex } = raft.status();
      const commit = commits.get(group) ?? 0;
      const isWhole = storage === undefined || storage.damagedFiles().length === 0;
      return (
        raft.stopped === undefined && leader !== 0 && mayVote && isWhole && applied === commit && lastIndex === commit
      );
    }),
  );
}

/** Why `isSettled` does not hold, for people. */
export function whatIsMissing(cluster: SimCluster): string {
  return cluster.nodes
    .map((node) => {
      const groups = replicas(node).map(({ group, raft, storage }) => {
        const { role, leader, term, commit, applied, lastIndex, mayVote } = raft.status();
        const problem = raft.stopped === undefined ? "" : ` stopped: ${raft.stopped.message}`;
        const damaged = (storage?.damagedFiles().length ?? 0) > 0 ? " damaged files" : "";
        return `${groupName(group)} ${role} leader ${leader} term ${term} ${applied}/${commit}/${lastIndex}${mayVote ? "" : " may not vote"}${damaged}${problem}`;
      });
      return `${node.name} ${node.state}${node.failure === undefined ? "" : ` (${node.failure.message})`}: ${groups.join("; ")}`;
    })
    .join("\n");
}

/** All replicas of a group have the same checkpoint. */
export function haveOneCheckpoint(cluster: SimCluster): boolean {
  const byGroup = new Map<number, Set<number>>();
  for (const node of cluster.nodes)
    for (const { group, storage } of replicas(node)) {
      if (storage === undefined) continue;
      const known = byGroup.get(group) ?? new Set();
      byGroup.set(group, known.add(storage.checkpointIndex));
    }
  return [...byGroup.values()].every((indexes) => indexes.size === 1);
}

/** Equal digests of caught-up replicas: of all their files, and of everything else that they keep, as a snapshot would carry it. */
export async function compareReplicas(cluster: SimCluster): Promise<void> {
  const seen = new Map<number, { readonly node: string; readonly manifest: SnapshotManifest }>();
  for (const node of cluster.nodes) {
    for (const { group, storage } of replicas(node)) {
      if (storage === undefined || storage.checkpointIndex === 0) continue;
      const manifest = await storage.exportSnapshot(`/data/compare/${group}`);
      const known = seen.get(group);
      if (known === undefined) seen.set(group, { node: node.name, manifest });
      else if (JSON.stringify(known.manifest) !== JSON.stringify(manifest))
        throw new Violation(
          "equal digests of caught-up replicas",
          `${groupName(group)}: ${known.node} has ${JSON.stringify(known.manifest)}, ${node.name} has ${JSON.stringify(manifest)}`,
        );
    }
  }
  const [first, ...others] = cluster.nodes.map((node) => node.node?.cluster.metaState);
  for (const other of others)
    if (JSON.stringify(other?.storageGroups) !== JSON.stringify(first?.storageGroups))
      throw new Violation("equal digests of caught-up replicas", "the meta states differ");
}
