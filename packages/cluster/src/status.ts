import type { GroupNumber, NodeId } from "@ringtide/common";
import { groupName } from "@ringtide/common";
import type { RaftGroup } from "./raft-group.ts";

/** One replica of one group, as its node sees it. */
export interface ReplicaStatus {
  readonly group: GroupNumber;
  readonly name: string;
  readonly role: string;
  /** 0: unknown. */
  readonly leader: NodeId;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly durableIndex: number;
  /** State up to here is in files; the log before may be cut. */
  readonly checkpointIndex: number;
  /** Caught up since its start: reads are answered. */
  readonly serves: boolean;
  /** Why the group stopped on this node; empty while it runs. */
  readonly stopped: string;
}

/** What one node says of itself. */
export interface NodeStatus {
  readonly node: NodeId;
  readonly longestTurnMs: number;
  readonly oldestPendingSyncMs: number;
  /** A DiskLevel. */
  readonly diskLevel: number;
  /** Of the fullest file system with data or log; null: not known. */
  readonly diskFreeBytes: number | null;
  readonly replicas: readonly ReplicaStatus[];
}

export function replicaStatus(group: RaftGroup, checkpointIndex: number): ReplicaStatus {
  const status = group.status();
  return {
    group: group.group,
    name: groupName(group.group),
    role: status.role,
    leader: status.leader,
    term: status.term,
    commitIndex: status.commit,
    appliedIndex: status.applied,
    lastIndex: status.lastIndex,
    durableIndex: status.durableIndex,
    checkpointIndex,
    serves: group.serves,
    stopped: group.stopped === undefined ? "" : `${group.stopped.code}: ${group.stopped.message}`,
  };
}
