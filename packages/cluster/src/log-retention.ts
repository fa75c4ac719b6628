import type { RaftStatus } from "@ringtide/raft";

/** How much of the log is kept for replicas that are behind; beyond it they get a snapshot. */
export interface LogRetention {
  /** Bytes of the node's log, of all groups. */
  readonly logRetainBytes: number;
  /** Entries of one group that are kept only for others. */
  readonly logRetainEntries: number;
}

/**
 * First index that has to stay in a group's log: nothing behind the checkpoint may go, nor what the slowest replica needs as long
 * as the log is within its limits, nor what follows a snapshot that is being sent.
 */
export function firstIndexToKeep(
  status: Pick<RaftStatus, "firstIndex" | "lastIndex" | "allMatch">,
  checkpointIndex: number,
  pinnedIndex: number | undefined,
  logBytes: number,
  { logRetainBytes, logRetainEntries }: LogRetention,
): number {
  const { firstIndex, lastIndex, allMatch } = status;
  // A new leader does not know yet what the others have, and never learns it of one that is away: what is kept counts, not what that one may lack.
  const keptForOthers = lastIndex - Math.max(allMatch, firstIndex - 1);
  const isOverLimit = logBytes > logRetainBytes || keptForOthers > logRetainEntries;
  const neededByReplicas = isOverLimit ? Number.POSITIVE_INFINITY : allMatch;
  return Math.min(checkpointIndex, neededByReplicas, pinnedIndex ?? Number.POSITIVE_INFINITY) + 1;
}
