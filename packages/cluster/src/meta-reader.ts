import type { Clock, Deadline, NodeId } from "@ringtide/common";
import { asRingtideError, hasCode, META_GROUP } from "@ringtide/common";
import { decodeMessage, encodeMessage, ReadIndexRequest, ReadIndexResponse } from "@ringtide/proto";
import { appliedWithin } from "./confirm.ts";
import type { Served } from "./group-reader.ts";
import type { Consistency, LeaderCall } from "./leader-call.ts";
import type { RaftGroup } from "./raft-group.ts";
import type { Transport } from "./transport.ts";

interface MetaReaderParts {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly metaRaft: RaftGroup;
  readonly leaderCall: LeaderCall;
  readonly transport: Transport;
}

/** Makes this node's copy of the meta state as new as a read needs it. */
export class MetaReader {
  readonly #parts: MetaReaderParts;

  constructor(parts: MetaReaderParts) {
    this.#parts = parts;
  }

  /**
   * `strong`: waits until this node has what was acknowledged before the call, or throws CONSISTENCY_UNAVAILABLE. `mid` tries that shortly; then
   * the state as it is here has to do, as it does for `weak`. Returns "leader" when it is as new as that.
   */
  async catchUp(consistency: Consistency, deadline: Deadline, signal: AbortSignal): Promise<Served> {
    if (consistency === "weak") return "local";
    const { leaderCall } = this.#parts;
    const done = await leaderCall.ask(META_GROUP, { consistency, deadline, signal }, async (node, withinMs) => {
      await this.#applied(await this.#indexAt(node, withinMs), withinMs, signal);
      return true;
    });
    return done === true ? "leader" : "local";
  }

  async #applied(index: number, withinMs: number, signal: AbortSignal): Promise<void> {
    await appliedWithin(this.#parts.metaRaft, this.#parts.clock, index, withinMs, signal);
  }

  async #indexAt(node: NodeId, withinMs: number): Promise<number> {
    if (node === this.#parts.self) return this.#parts.metaRaft.readIndex(withinMs);
    const request = encodeMessage(ReadIndexRequest, { withinMs: Math.max(1, Math.floor(withinMs)) });
    const reply = await this.#parts.transport
      .metaConnection(node)
      .unary("ReadIndex", request, { timeoutMs: Math.max(1, Math.ceil(withinMs)) });
    return decodeMessage(ReadIndexResponse, reply, "read index").index;
  }

  /** Waits until this node has applied an entry; one that lags too far behind goes on without. */
  async appliedHere(index: number, withinMs: number): Promise<void> {
    try {
      await this.#applied(index, withinMs, new AbortController().signal);
    } catch (error) {
      if (!hasCode(asRingtideError(error), "CONSISTENCY_UNAVAILABLE")) throw error;
    }
  }
}
