import type { GroupNumber, NodeId, RequestId } from "@ringtide/common";
import {
  asRingtideError,
  ByteWriter,
  Deadline,
  groupName,
  hasCode,
  META_GROUP,
  RingtideError,
  sleep,
} from "@ringtide/common";
import { EntryKind } from "@ringtide/raft";
import type { ClusterOptions } from "./cluster-options.ts";
import type { DataGroup } from "./data-group.ts";
import { DiskRoom } from "./disk-room.ts";
import type { DiskWatch } from "./disk-watch.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import { GroupReader, type Served } from "./group-reader.ts";
import { type Consistency, LeaderCall } from "./leader-call.ts";
import { Leaders } from "./leaders.ts";
import { decodeMetaCommand, encodeMetaCommand, type MetaCommand } from "./meta-command.ts";
import { MetaReader } from "./meta-reader.ts";
import type { MetaState } from "./meta-state.ts";
import type { RaftGroup } from "./raft-group.ts";
import type { Transport } from "./transport.ts";

/** The parts of the running node that the coordinator works with. */
export interface CoordinatorParts {
  readonly self: NodeId;
  readonly options: ClusterOptions;
  readonly metaState: MetaState;
  readonly metaRaft: RaftGroup;
  readonly dataGroups: ReadonlyMap<GroupNumber, DataGroup>;
  readonly transport: Transport;
  readonly diskWatch: DiskWatch;
}

const RETRY_PAUSE_MS = 40;
/** How long a writer of metadata waits for its own node to catch up with what was committed. */
const META_LAG_LIMIT_MS = 2000;
/** How long a write that has to know what others made asks the meta leader, four times at most. */
const META_CATCH_UP_MS = 4000;

/** On every node: sends writes and reads to the replicas that have to do them. */
export class Coordinator {
  readonly reader: GroupReader;
  readonly #parts: CoordinatorParts;
  readonly #leaders: Leaders;
  readonly #metaReader: MetaReader;
  readonly #metaRoom: DiskRoom;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    const { self, options } = parts;
    const { clock } = options.ports;
    this.#leaders = new Leaders({ ...parts, heartbeatMs: options.heartbeatMs });
    const leaderCall = new LeaderCall(this.#leaders, self, clock);
    this.reader = new GroupReader({ ...parts, leaders: this.#leaders, leaderCall });
    this.#metaRoom = new DiskRoom({
      ...parts,
      raft: parts.metaRaft,
      diskLevelOf: (peer) => parts.transport.proofOf(peer)?.diskLevel ?? 0,
    });
    this.#metaReader = new MetaReader({ ...parts, clock, leaderCall });
  }

  /** The leader of a group as far as this node knows; 0: unknown. */
  leaderOf(group: GroupNumber): NodeId {
    return this.#leaders.leaderOf(group);
  }

  /** False for a peer that has fallen silent. */
  isAlive(node: NodeId): boolean {
    return this.#leaders.isAlive(node);
  }

  /**
   * Writes to a group: at its leader, wherever that is, trying again while no leader is known. `payload` is asked for each attempt, with true
   * once an earlier attempt may have arrived. Errors: what applying gave; or, after the write time-out, the last one: its
   * code says whether the outcome is known.
   */
  async write(
    group: GroupNumber,
    request: RequestId | undefined,
    payload: (retry: boolean) => Uint8Array,
    kind: EntryKind = EntryKind.PHYSICAL_PLAN,
  ): Promise<Applied> {
    const { clock } = this.#parts.options.ports;
    const deadlineMs = clock.monotonicMs() + this.#parts.options.writeTimeoutMs;
    let retry = request?.retry ?? false;
    for (let attempt = 0; ; attempt++) {
      const leftMs = deadlineMs - clock.monotonicMs();
      try {
        const proposal = {
          group,
          kind,
          session: request?.session ?? 0,
          sequence: request?.sequence ?? 0,
          payload: payload(retry),
        };
        return await this.#proposeAt(this.#target(group, attempt), proposal, leftMs);
      } catch (error) {
        const known = asRingtideError(error);
        this.#leaders.learn(group, known);
        const unknown = !known.spec.outcomeKnown;
        const mayRepeat = known.spec.retryable && !hasCode(known, "OVERLOADED") && (!unknown || request !== undefined);
        if (!mayRepeat || leftMs <= RETRY_PAUSE_MS * 2) throw unresolved(known, retry);
        retry ||= unknown && request !== undefined;
      }
      await sleep(clock, RETRY_PAUSE_MS);
    }
  }

  #target(group: GroupNumber, attempt: number): NodeId {
    const leader = this.leaderOf(group);
    if (leader !== 0 && attempt % 4 !== 3) return leader;
    const members = this.#leaders.membersOf(group);
    return members[attempt % members.length] as NodeId;
  }

  async #proposeAt(node: NodeId, proposal: Proposal, timeoutMs: number): Promise<Applied> {
    const { self, transport } = this.#parts;
    if (node === self) return this.proposeHere(proposal, timeoutMs);
    return transport.forwarder(node, proposal.group === META_GROUP).send(proposal, timeoutMs);
  }

  /** Proposes at this node's replica; NOT_LEADER when it does not lead. Serves forwarded writes too. */
  async proposeHere(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (proposal.group === META_GROUP) {
      if (proposal.kind !== EntryKind.PHYSICAL_PLAN)
        throw new RingtideError("FRAME_MALFORMED", `meta proposal of kind ${proposal.kind}`);
      // What does not decode must not enter the log: apply would stop the group.
      this.#requireMetaRoom(decodeMetaCommand(proposal.payload).command);
      return this.#parts.metaRaft.propose(proposal, timeoutMs);
    }
    return this.#replica(proposal.group).propose(proposal, timeoutMs);
  }

  /** What data groups have done is noted at any time, so that a deletion that has begun can end. */
  #requireMetaRoom({ kind }: MetaCommand): void {
    if (kind === "dropDone" || this.#parts.metaRaft.status().role !== "leader") return;
    this.#metaRoom.require(2);
  }

  #replica(group: GroupNumber): DataGroup {
    const found = this.#parts.dataGroups.get(group);
    if (found === undefined) {
      throw new RingtideError("NOT_LEADER", `node ${this.#parts.self} holds no replica of ${groupName(group)}`, {
        details: { leader: 0 },
      });
    }
    return found;
  }

  /** Commits a command of the meta group and waits until this node has applied it. */
  async writeMeta(request: RequestId | undefined, command: MetaCommand): Promise<Applied> {
    const applied = await this.write(META_GROUP, request, (retry) =>
      encodeMetaCommand(request === undefined ? undefined : { ...request, retry }, command),
    );
    await this.#metaReader.appliedHere(applied.index, META_LAG_LIMIT_MS);
    return applied;
  }

  /** Makes this node's meta state as new as a read at that consistency needs it; see MetaReader. */
  catchUpMeta(consistency: Consistency, deadline: Deadline, signal: AbortSignal): Promise<Served> {
    return this.#metaReader.catchUp(consistency, deadline, signal);
  }

  /** For writes that have to know what other nodes made; when the meta leader does not answer they go on with what is known here. */
  async catchUpMetaForWrite(): Promise<void> {
    const deadline = new Deadline(this.#parts.options.ports.clock, META_CATCH_UP_MS);
    await this.#metaReader.catchUp("mid", deadline, new AbortController().signal);
  }

  /** At the meta leader: the index that a linearizable read of the meta state has to see; see RaftGroup.readIndex. */
  metaReadIndex(withinMs: number): Promise<number> {
    return this.#parts.metaRaft.readIndex(withinMs);
  }

  /** Closes the memtables of a group into files, at its leader. */
  async flush(group: GroupNumber): Promise<void> {
    await this.write(group, undefined, () => new ByteWriter(0).finish(), EntryKind.CLOSE_FILE);
  }
}

/** Errors below are about the command itself: an earlier attempt met the same, or this is what came of it. */
const FIRST_ERROR_OF_PLACE = 3000;

/**
 * What the caller learns: that this node or group refused the last attempt (no leader, a full disk) says nothing of an earlier one whose
 * outcome is not known.
 */
function unresolved(error: RingtideError, mayHaveArrived: boolean): RingtideError {
  if (!mayHaveArrived || !error.spec.outcomeKnown || error.spec.number < FIRST_ERROR_OF_PLACE) return error;
  return new RingtideError("WRITE_TIMEOUT", `an attempt may have taken effect; the last one failed: ${error.message}`, {
    cause: error,
  });
}
