import { RingtideError } from "./errors.ts";

/** Given by the meta leader, ascending from 1, never reused. */
export type NodeId = number;

/** Number of a Raft group in logs and messages: 0 is the meta group, a data group is header × 16 + k. */
export type GroupNumber = number;

export const META_GROUP: GroupNumber = 0;
/** multi_raft_factor is at most this. */
export const MAX_GROUPS_PER_HEADER = 16;

/** A data group is named by its header node and k < multi_raft_factor. */
export function dataGroup(header: NodeId, k: number): GroupNumber {
  if (k < 0 || k >= MAX_GROUPS_PER_HEADER || header < 1)
    throw new RingtideError("INTERNAL", `no data group (${header}, ${k})`);
  return header * MAX_GROUPS_PER_HEADER + k;
}

export function headerOf(group: GroupNumber): NodeId {
  return Math.floor(group / MAX_GROUPS_PER_HEADER);
}

/** `meta`, or `data(3,0)`. */
export function groupName(group: GroupNumber): string {
  return group === META_GROUP ? "meta" : `data(${headerOf(group)},${group % MAX_GROUPS_PER_HEADER})`;
}

/** Session of the cluster's own commands that may arrive twice and must take effect once; no client gets it. */
export const CLUSTER_SESSION = Number.MAX_SAFE_INTEGER;

/** Who asks for a write: repeats of (session, sequence) take effect once. Session 0: no session (the cluster's own entries). */
export interface RequestId {
  /** Random safe integer, minted when the session opens. */
  readonly session: number;
  /** Ascending from 1 within the session. */
  readonly sequence: number;
  /** Every sequence of this session up to and including this one has been answered: its record may be forgotten. */
  readonly acknowledged: number;
  /** True when the same (session, sequence) may have been sent before. */
  readonly retry: boolean;
}
