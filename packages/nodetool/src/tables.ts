import type { NodeReport, ReplicaReport, RingReport, StatusReport } from "@ringtide/client";
import Table from "cli-table3";

const MIB = 1_048_576;
const plain = { style: { head: [], border: [], compact: true } };

/** The tables of `status`: nodes, then a row for each replica of each group. */
export function statusTables(report: StatusReport): string {
  const nodes = new Table({ head: ["Node", "Address", "Meta", "Data", "Client", "State", "Disk"], ...plain });
  for (const node of report.nodes) {
    const { host, metaPort, dataPort, clientPort, alive } = node;
    nodes.push([node.node, host, metaPort, dataPort, clientPort, alive ? "up" : "DOWN", disk(node)]);
  }
  const groups = new Table({
    head: ["Group", "Leader", "Node", "Role", "Term", "Commit", "Applied", "Last", "Checkpoint", "Serves"],
    ...plain,
  });
  for (const group of report.groups) {
    for (const replica of group.replicas) {
      groups.push([
        group.group,
        group.leader === 0 ? "none" : group.leader,
        replica.node,
        replica.stopped ? `STOPPED ${replica.stopped}` : (replica.role ?? "DOWN"),
        replica.term ?? "",
        replica.commitIndex ?? "",
        replica.appliedIndex ?? "",
        replica.lastIndex ?? "",
        replica.checkpointIndex ?? "",
        serves(replica),
      ]);
    }
  }
  const { uuid, name, replicas } = report.cluster;
  return `Cluster ${name} (${uuid}), ${replicas} replicas, as node ${report.answeredBy} sees it\n${nodes.toString()}\n${groups.toString()}`;
}

/** What the disk of a node still takes, and how much of it is free. */
function disk({ diskLevel, diskFreeBytes }: NodeReport): string {
  if (diskLevel === null) return "";
  const state = diskLevel === 0 ? "ok" : diskLevel === 1 ? "LOW" : "FULL";
  return diskFreeBytes === null ? state : `${state}, ${Math.floor(diskFreeBytes / MIB)} MiB free`;
}

/** Whether the replica answers reads; after a start it has to catch up first. */
function serves({ serves }: ReplicaReport): string {
  if (serves === undefined) return "";
  return serves ? "yes" : "not yet";
}

/** The tables of `ring`: nodes in ring order, then the data groups with their share of the slots. */
export function ringTables(report: RingReport): string {
  const nodes = new Table({ head: ["Ring", "Node", "Address", "Meta", "Data", "Client"], ...plain });
  report.nodes.forEach((node, position) => {
    nodes.push([position + 1, node.node, node.host, node.metaPort, node.dataPort, node.clientPort]);
  });
  const groups = new Table({ head: ["Group", "Header", "Members", "Leader", "Slots"], ...plain });
  for (const group of report.groups) {
    const leader = group.leader === 0 ? "none" : group.leader;
    groups.push([group.group, group.header, group.members.join(", "), leader, group.slots]);
  }
  const { name, slotCount } = report.slotStrategy;
  return `Cluster ${report.cluster.name}: ${slotCount} slots by ${name}\n${nodes.toString()}\n${groups.toString()}`;
}
