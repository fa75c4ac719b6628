import type { Deadline, GroupNumber, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, RingtideError } from "@ringtide/common";
import { encodeMessage, ReadRequest } from "@ringtide/proto";
import type { ClusterOptions } from "./cluster-options.ts";
import { confirmHere } from "./confirm.ts";
import type { DataGroup } from "./data-group.ts";
import { eachWithin } from "./each-within.ts";
import type { Consistency, LeaderCall } from "./leader-call.ts";
import type { Leaders } from "./leaders.ts";
import type { Transport } from "./transport.ts";

/** The query's own end comes before that of its calls, which run by other clocks: it says what happened. */
const CALL_SLACK_MS = 1000;

/** Where a read was served: at the leader, which confirmed that it leads; or on what this node's or another replica had. */
export type Served = "leader" | "local" | "replica";

export interface ReadOptions {
  readonly consistency: Consistency;
  /** Of the whole query. */
  readonly deadline: Deadline;
  readonly signal: AbortSignal;
  readonly onServed: (served: Served) => void;
}

interface GroupReaderParts {
  readonly self: NodeId;
  readonly options: ClusterOptions;
  readonly leaders: Leaders;
  readonly leaderCall: LeaderCall;
  readonly dataGroups: ReadonlyMap<GroupNumber, DataGroup>;
  readonly transport: Transport;
}

interface Fragment {
  readonly group: GroupNumber;
  readonly fragment: Uint8Array;
  /** 0: on what the replica has. Else the replica has to be the leader, and to confirm that within this time. */
  readonly confirmWithinMs: number;
  /** Longest wait for the answer to begin. */
  readonly beginWithinMs: number;
}

const NOTHING = new Uint8Array(0);

/** Runs fragments at replicas, here or on other nodes, as new as the consistency level asks for. */
export class GroupReader {
  readonly #parts: GroupReaderParts;

  constructor(parts: GroupReaderParts) {
    this.#parts = parts;
  }

  /**
   * Runs a fragment at one replica: `strong` at the leader, once it has confirmed that it leads, or CONSISTENCY_UNAVAILABLE; `mid` tries
   * that shortly, then does as `weak`: local data, or another replica's.
   */
  async *read(group: GroupNumber, fragment: Uint8Array, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const { consistency, onServed } = options;
    if (consistency !== "weak") {
      const messages = await this.#parts.leaderCall.ask(group, { ...options, consistency }, (node, withinMs) =>
        this.#begin(node, { group, fragment, confirmWithinMs: withinMs, beginWithinMs: withinMs }, options),
      );
      if (messages !== undefined) {
        onServed("leader");
        yield* messages;
        return;
      }
    }
    const { node, messages } = await this.#unconfirmed(group, fragment, options);
    onServed(node === this.#parts.self ? "local" : "replica");
    yield* messages;
  }

  /** True when a read would be tried on this node first: then its rows need no encoding. */
  readsHere(group: GroupNumber, consistency: Consistency): boolean {
    const { self, leaders } = this.#parts;
    const leader = consistency === "weak" ? 0 : leaders.liveLeaderOf(group);
    return leader === 0 ? leaders.membersOf(group).includes(self) : leader === self;
  }

  /** At this node's replica, or at the first other one that answers: each but the last has half of what is left to begin. */
  async #unconfirmed(
    group: GroupNumber,
    fragment: Uint8Array,
    options: ReadOptions,
  ): Promise<{ readonly node: NodeId; readonly messages: AsyncIterable<Uint8Array> }> {
    const { self, leaders } = this.#parts;
    const { deadline, signal } = options;
    const members = leaders.membersOf(group);
    const others = leaders.liveFirst(members.filter((member) => member !== self));
    const places = members.includes(self) ? [self, ...others] : others;
    let last = new RingtideError("NO_LEADER", `${groupName(group)} has no replica that answers`);
    for (const [position, node] of places.entries()) {
      const beginWithinMs = position === places.length - 1 ? deadline.leftMs : deadline.leftMs / 2;
      try {
        const asked = { group, fragment, confirmWithinMs: 0, beginWithinMs };
        return { node, messages: await this.#begin(node, asked, options) };
      } catch (error) {
        last = asRingtideError(error);
        if (signal.aborted || !last.spec.retryable) throw last;
        leaders.learn(group, last);
        if (deadline.isOver) throw queryTimeout(deadline, last);
      }
    }
    throw last;
  }

  /** Resolves when the answer begins; what fails before that may be tried elsewhere. */
  async #begin(node: NodeId, asked: Fragment, options: ReadOptions): Promise<AsyncIterable<Uint8Array>> {
    const { group, fragment, confirmWithinMs } = asked;
    if (node !== this.#parts.self) return begun(this.#readAt(node, asked, options));
    if (confirmWithinMs > 0) await this.#confirm(group, confirmWithinMs, options.signal);
    return begun(this.#run(group, fragment, options.signal));
  }

  async *#readAt(node: NodeId, asked: Fragment, { deadline, signal }: ReadOptions): AsyncGenerator<Uint8Array> {
    const { group, fragment, confirmWithinMs, beginWithinMs } = asked;
    const { readTimeoutMs, ports } = this.#parts.options;
    const request = encodeMessage(ReadRequest, { group, fragment, confirmWithinMs: wholeMs(confirmWithinMs) });
    const connection = this.#parts.transport.dataConnection(node);
    const callTimeoutMs = Math.ceil(deadline.leftMs) + CALL_SLACK_MS;
    const messages = (ended: AbortSignal) =>
      connection.serverStream("Read", request, { timeoutMs: callTimeoutMs, signal: ended });
    const timeoutMs = (position: number): number =>
      Math.min(readTimeoutMs, position === 0 ? beginWithinMs : deadline.leftMs);
    const what = `node ${node} did not go on with a read of ${groupName(group)}`;
    let isConfirmed = confirmWithinMs === 0;
    for await (const message of eachWithin(messages, { clock: ports.clock, timeoutMs, what, signal })) {
      if (isConfirmed) yield message;
      isConfirmed = true;
    }
  }

  /** Serves a read of another node; see ReadRequest. */
  async *serve(
    group: GroupNumber,
    fragment: Uint8Array,
    confirmWithinMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    if (confirmWithinMs > 0) {
      await this.#confirm(group, confirmWithinMs, signal);
      yield NOTHING;
    }
    yield* this.#run(group, fragment, signal);
  }

  async #confirm(group: GroupNumber, withinMs: number, signal: AbortSignal): Promise<void> {
    await confirmHere(this.#replica(group).raft, this.#parts.options.ports.clock, withinMs, signal);
  }

  async *#run(group: GroupNumber, fragment: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const replica = this.#replica(group);
    if (replica.raft.stopped !== undefined) throw replica.raft.stopped;
    if (!replica.raft.serves) {
      throw new RingtideError(
        "NO_LEADER",
        `${groupName(group)} on node ${this.#parts.self} has not caught up since its start`,
      );
    }
    yield* this.#parts.options.runFragment(fragment, replica.storage, signal);
  }

  #replica(group: GroupNumber): DataGroup {
    const found = this.#parts.dataGroups.get(group);
    if (found !== undefined) return found;
    throw new RingtideError("NOT_LEADER", `node ${this.#parts.self} holds no replica of ${groupName(group)}`, {
      details: { leader: 0 },
    });
  }
}

/** The messages, once the first of them is there. */
async function begun(messages: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await messages.next();
  return (async function* () {
    try {
      if (first.done === true) return;
      yield first.value;
      yield* messages;
    } finally {
      await messages.return(undefined);
    }
  })();
}

function queryTimeout(deadline: Deadline, last: RingtideError): RingtideError {
  return new RingtideError(
    "QUERY_TIMEOUT",
    `the query took longer than ${deadline.timeoutMs} ms; the last replica failed: ${last.message}`,
    { cause: last },
  );
}

/** As it travels: what is left of a time is at least 1, and 0 stays 0. */
function wholeMs(ms: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.floor(ms));
}
