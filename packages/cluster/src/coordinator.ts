import type { GroupNumber, NodeId, RequestId } from "@ringtide/common";
import { asRingtideError, ByteWriter, groupName, hasCode, META_GROUP, RingtideError, sleep } from "@ringtide/common";
import { encodeMessage, ReadRequest } from "@ringtide/proto";
import { EntryKind } from "@ringtide/raft";
import type { ClusterOptions } from "./cluster-options.ts";
import type { DataGroup } from "./data-group.ts";
import { eachWithin } from "./each-within.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import { decodeMetaCommand, encodeMetaCommand, type MetaCommand } from "./meta-command.ts";
import type { MetaState } from "./meta-state.ts";
import { askStatus } from "./node-status.ts";
import type { RaftGroup } from "./raft-group.ts";
import type { Transport } from "./transport.ts";

export type Consistency = "strong" | "mid" | "weak";

/** CONSISTENCY_UNAVAILABLE for `strong`: it needs the leader to confirm its leadership for each read. */
export function refuseStrong(consistency: Consistency): void {
  if (consistency !== "strong") return;
  throw new RingtideError(
    "CONSISTENCY_UNAVAILABLE",
    "consistency level strong is not built in this version: use mid or weak",
  );
}

/** Where a read was served, for the result's notes. */
export type Served = "leader" | "local" | "replica";

export interface ReadOptions {
  readonly consistency: Consistency;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onServed: (group: GroupNumber, served: Served) => void;
}

/** The parts of the running node that the coordinator works with. */
export interface CoordinatorParts {
  readonly self: NodeId;
  readonly options: ClusterOptions;
  readonly metaState: MetaState;
  readonly metaRaft: RaftGroup;
  readonly dataGroups: ReadonlyMap<GroupNumber, DataGroup>;
  readonly transport: Transport;
}

const RETRY_PAUSE_MS = 40;
/** The query's own time-out ends its reads (QUERY_TIMEOUT); the deadline of the call only backs it up. */
const READ_MARGIN_MS = 2000;
/** A peer that has not beaten for this many beat intervals is not asked first. */
const SILENT_BEATS = 8;
/** How long a writer of metadata waits for its own node to catch up with what was committed. */
const META_LAG_LIMIT_MS = 2000;

/** On every node: finds who leads a group, and sends writes and reads there. */
export class Coordinator {
  readonly #parts: CoordinatorParts;
  /** Leaders of groups as answers named them; groups with a replica here know better. */
  readonly #hints = new Map<GroupNumber, NodeId>();

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  /** The leader of a group as far as this node knows; 0: unknown. */
  leaderOf(group: GroupNumber): NodeId {
    const raft = group === META_GROUP ? this.#parts.metaRaft : this.#parts.dataGroups.get(group)?.raft;
    const known = raft === undefined || raft.stopped !== undefined ? 0 : raft.status().leader;
    return known || this.#hints.get(group) || 0;
  }

  /** False for a peer that has fallen silent. One that never beat to this node shares no group with it perhaps: it is asked. */
  isAlive(node: NodeId): boolean {
    if (node === this.#parts.self) return true;
    const sinceMs = this.#parts.transport.sinceBeatMs(node);
    return sinceMs === Number.POSITIVE_INFINITY || sinceMs < this.#parts.options.heartbeatMs * SILENT_BEATS;
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
        this.#learn(group, known);
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
    const members = this.membersOf(group);
    return members[attempt % members.length] as NodeId;
  }

  membersOf(group: GroupNumber): readonly NodeId[] {
    if (group === META_GROUP) return this.#parts.metaState.members.map((member) => member.id);
    return this.#parts.metaState.table.membersOf(group);
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
      decodeMetaCommand(proposal.payload); // what does not decode must not enter the log: apply would stop the group
      return this.#parts.metaRaft.propose(proposal, timeoutMs);
    }
    return this.#replica(proposal.group).propose(proposal, timeoutMs);
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

  #learn(group: GroupNumber, error: RingtideError): void {
    const leader = error.details["leader"];
    if (typeof leader === "number" && leader !== 0) this.#hints.set(group, leader);
    else if (hasCode(error, "NET_UNREACHABLE", "NET_CLOSED", "NET_TIMEOUT", "NOT_LEADER", "NO_LEADER", "GROUP_STOPPED"))
      this.#hints.delete(group);
  }

  /** Commits a command of the meta group and waits until this node has applied it. */
  async writeMeta(request: RequestId | undefined, command: MetaCommand): Promise<Applied> {
    const applied = await this.write(META_GROUP, request, (retry) =>
      encodeMetaCommand(request === undefined ? undefined : { ...request, retry }, command),
    );
    await this.#appliedHere(applied.index);
    return applied;
  }

  /**
   * Waits until this node's meta state has what the meta leader's had at the call, as a read at `mid` does. When the leader is unknown or does
   * not answer, the state as it is here has to do.
   */
  async catchUpMeta(): Promise<void> {
    const leader = this.leaderOf(META_GROUP);
    if (leader === 0 || leader === this.#parts.self || !this.isAlive(leader)) return;
    try {
      const { replicas } = await askStatus(this.#parts.transport, leader);
      const meta = replicas.find(({ group }) => group === META_GROUP);
      if (meta !== undefined) await this.#appliedHere(meta.appliedIndex);
    } catch (error) {
      const known = asRingtideError(error);
      if (!known.spec.retryable) throw known;
    }
  }

  /** Waits until this node's meta state has an entry; a node that lags too far behind answers all the same. */
  async #appliedHere(index: number): Promise<void> {
    const { clock } = this.#parts.options.ports;
    const abort = new AbortController();
    const timer = clock.setTimer(META_LAG_LIMIT_MS, () => abort.abort());
    try {
      await this.#parts.metaRaft.whenApplied(index, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Closes the memtables of a group into files, at its leader. */
  async flush(group: GroupNumber): Promise<void> {
    await this.write(group, undefined, () => new ByteWriter(0).finish(), EntryKind.CLOSE_FILE);
  }

  /** Runs a fragment at one replica: `mid` at the leader, falling back to local data; `weak` on local data. */
  async *read(group: GroupNumber, fragment: Uint8Array, options: ReadOptions): AsyncGenerator<Uint8Array> {
    refuseStrong(options.consistency);
    let lastError: RingtideError | undefined;
    for (const place of this.#places(group, options.consistency)) {
      let started = false;
      try {
        for await (const message of this.#readAt(place.node, group, fragment, place.served === "leader", options)) {
          if (!started) options.onServed(group, place.served);
          started = true;
          yield message;
        }
        return;
      } catch (error) {
        lastError = asRingtideError(error);
        if (started || options.signal.aborted || !lastError.spec.retryable) throw lastError;
        this.#learn(group, lastError);
      }
    }
    throw lastError ?? new RingtideError("NO_LEADER", `${groupName(group)} has no replica that answers`);
  }

  /** True when a read would be tried on this node first: then its rows need no encoding. */
  readsHere(group: GroupNumber, consistency: Consistency): boolean {
    return this.#places(group, consistency)[0]?.node === this.#parts.self;
  }

  #places(group: GroupNumber, consistency: Consistency): { readonly node: NodeId; readonly served: Served }[] {
    const { self } = this.#parts;
    const members = this.membersOf(group);
    const places: { node: NodeId; served: Served }[] = [];
    const leader = this.leaderOf(group);
    if (consistency === "mid" && leader !== 0 && this.isAlive(leader)) places.push({ node: leader, served: "leader" });
    if (members.includes(self)) places.push({ node: self, served: "local" });
    const others = members.filter((member) => member !== self);
    for (const member of [...others.filter((m) => this.isAlive(m)), ...others.filter((m) => !this.isAlive(m))]) {
      places.push({ node: member, served: "replica" });
    }
    return places;
  }

  #readAt(
    node: NodeId,
    group: GroupNumber,
    fragment: Uint8Array,
    atLeader: boolean,
    options: ReadOptions,
  ): AsyncIterable<Uint8Array> {
    if (node === this.#parts.self) return this.readHere(group, fragment, atLeader, options.signal);
    const request = encodeMessage(ReadRequest, { group, fragment, atLeader });
    const messages = this.#parts.transport
      .dataConnection(node)
      .serverStream("Read", request, { timeoutMs: options.timeoutMs + READ_MARGIN_MS, signal: options.signal });
    const { readTimeoutMs, ports } = this.#parts.options;
    return eachWithin(
      messages,
      ports.clock,
      readTimeoutMs,
      `node ${node} did not go on with a read of ${groupName(group)}`,
    );
  }

  /** Runs a fragment on this node's replica. */
  async *readHere(
    group: GroupNumber,
    fragment: Uint8Array,
    atLeader: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const replica = this.#replica(group);
    if (replica.raft.stopped !== undefined) throw replica.raft.stopped;
    if (!replica.raft.serves) {
      throw new RingtideError(
        "NO_LEADER",
        `${groupName(group)} on node ${this.#parts.self} has not caught up since its start`,
      );
    }
    if (atLeader) {
      const { leaderReady, leader } = replica.raft.status();
      if (!leaderReady) {
        throw new RingtideError("NOT_LEADER", `node ${this.#parts.self} does not lead ${groupName(group)}`, {
          details: { leader: leader === this.#parts.self ? 0 : leader },
        });
      }
    }
    yield* this.#parts.options.runFragment(fragment, replica.storage, signal);
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
