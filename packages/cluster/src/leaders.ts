import type { GroupNumber, NodeId } from "@ringtide/common";
import { hasCode, META_GROUP, type RingtideError } from "@ringtide/common";
import type { DataGroup } from "./data-group.ts";
import type { MetaState } from "./meta-state.ts";
import type { RaftGroup } from "./raft-group.ts";
import type { Transport } from "./transport.ts";

interface LeadersParts {
  readonly self: NodeId;
  readonly heartbeatMs: number;
  readonly metaState: MetaState;
  readonly metaRaft: RaftGroup;
  readonly dataGroups: ReadonlyMap<GroupNumber, DataGroup>;
  readonly transport: Transport;
}

/** A peer that has not beaten for this many beat intervals is not asked first. */
const SILENT_BEATS = 8;

/** What this node knows of who leads which group, and who is up. */
export class Leaders {
  readonly #parts: LeadersParts;
  /** Leaders of groups as answers named them; groups with a replica here know better. */
  readonly #hints = new Map<GroupNumber, NodeId>();

  constructor(parts: LeadersParts) {
    this.#parts = parts;
  }

  /** The leader of a group as far as this node knows; 0: unknown. */
  leaderOf(group: GroupNumber): NodeId {
    const raft = group === META_GROUP ? this.#parts.metaRaft : this.#parts.dataGroups.get(group)?.raft;
    const known = raft === undefined || raft.stopped !== undefined ? 0 : raft.status().leader;
    return known || this.#hints.get(group) || 0;
  }

  /** The leader if it is not silent; 0: none such is known. */
  liveLeaderOf(group: GroupNumber): NodeId {
    const leader = this.leaderOf(group);
    return leader !== 0 && this.isAlive(leader) ? leader : 0;
  }

  membersOf(group: GroupNumber): readonly NodeId[] {
    if (group === META_GROUP) return this.#parts.metaState.members.map((member) => member.id);
    return this.#parts.metaState.table.membersOf(group);
  }

  /** False for a peer that has fallen silent. One that never beat to this node shares no group with it perhaps: it is asked. */
  isAlive(node: NodeId): boolean {
    if (node === this.#parts.self) return true;
    const sinceMs = this.#parts.transport.sinceBeatMs(node);
    return sinceMs === Number.POSITIVE_INFINITY || sinceMs < this.#parts.heartbeatMs * SILENT_BEATS;
  }

  /** Members that are up first. */
  liveFirst(members: readonly NodeId[]): readonly NodeId[] {
    return [...members.filter((member) => this.isAlive(member)), ...members.filter((member) => !this.isAlive(member))];
  }

  /** Takes from an error who leads, or that the leader known so far is none. */
  learn(group: GroupNumber, error: RingtideError): void {
    const leader = error.details["leader"];
    if (typeof leader === "number" && leader !== 0) this.#hints.set(group, leader);
    else if (hasCode(error, "NET_UNREACHABLE", "NET_CLOSED", "NET_TIMEOUT", "NOT_LEADER", "NO_LEADER", "GROUP_STOPPED"))
      this.#hints.delete(group);
  }
}
