import { type Clock, type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import type { RaftStatus } from "@ringtide/raft";

/** One replica at one moment. */
export interface ReplicaView {
  readonly node: NodeId;
  readonly group: GroupNumber;
  /** Changes when the replica's core is another one: after a restart or a snapshot. */
  readonly incarnation: number;
  readonly status: RaftStatus;
  readonly checkpointIndex: number;
  /** Of the process that it runs in. */
  readonly clock: Clock;
}

/** As violations name it. */
export function where({ node, group, status }: ReplicaView): string {
  return `node ${node}, ${groupName(group)}, term ${status.term}`;
}
