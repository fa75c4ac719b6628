import type {
  Caller,
  Clock,
  Connection,
  GroupNumber,
  Logger,
  MessageStream,
  Metrics,
  Net,
  NodeId,
} from "@ringtide/common";
import { asRingtideError, META_GROUP, RingtideError } from "@ringtide/common";
import { BeatBatch, decodeMessage, encodeMessage, RaftBatch } from "@ringtide/proto";
import type { Message } from "@ringtide/raft";
import type { DiskLevel } from "./disk-watch.ts";
import type { MemberRecord } from "./formation.ts";
import { Forwarder } from "./forwarder.ts";
import { Outbox } from "./outbox.ts";
import { BEAT_SERVICE, DATA_SERVICE, fromWire, META_SERVICE, toWire } from "./wire.ts";

/** What a beat says of the life of its sender. */
export interface ProofOfLife {
  /** Age of the oldest append that is not on disk yet, ms. */
  readonly oldestPendingSyncMs: number;
  /** Longest recent turn of the main loop, ms. */
  readonly longestTurnMs: number;
  readonly diskLevel: DiskLevel;
}

export interface TransportOptions {
  readonly self: NodeId;
  readonly members: readonly MemberRecord[];
  /** Sent with each call: who this node is. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly connectTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxQueuedBytesPerPeer: number;
  readonly proofOfLife: () => ProofOfLife;
  readonly onMessage: (message: Message) => void;
  /** Messages to a peer were lost on the meta (true) or data port. */
  readonly onLoss: (peer: NodeId, meta: boolean) => void;
}

const MAX_BATCH_BYTES = 1024 * 1024;
const SMALL_MESSAGE_BYTES = 64;

/** The links to one peer, a channel each, so that big messages never delay beats. */
interface PeerLinks {
  readonly meta: Connection;
  readonly data: Connection;
  /** Snapshots and repair: on the data port, beside its other connection. */
  readonly bulk: Connection;
  readonly metaRaft: Outbox<Message>;
  readonly dataRaft: Outbox<Message>;
  readonly metaBeat: Outbox<Message>;
  readonly dataBeat: Outbox<Message>;
  readonly metaForward: Forwarder;
  readonly dataForward: Forwarder;
  readonly close: () => void;
}

/** Carries messages of the consensus cores between nodes: appends on the meta and data ports, beats and elections on the heartbeat ports. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #peers = new Map<NodeId, PeerLinks>();
  /** Streams of peers by their kind. */
  readonly #accepted = new Map<string, MessageStream>();
  /** By port of the beats: when the last one of each peer came. */
  readonly #lastBeatMs = { meta: new Map<NodeId, number>(), data: new Map<NodeId, number>() };
  readonly #proofs = new Map<NodeId, ProofOfLife>();
  readonly #malformed;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#malformed = options.metrics.counter({
      name: "ringtide_peer_messages_malformed_total",
      help: "Messages of peers that could not be decoded; their stream was closed.",
    });
    for (const member of options.members) {
      if (member.id !== options.self) this.#peers.set(member.id, this.#link(member));
    }
  }

  /** Queues a message; a beat or vote leaves on the heartbeat port of its kind of group. */
  send(message: Message): void {
    const links = this.#peers.get(message.to);
    if (links === undefined) return;
    const meta = message.group === META_GROUP;
    if (isBeat(message)) (meta ? links.metaBeat : links.dataBeat).send(message);
    else (meta ? links.metaRaft : links.dataRaft).send(message);
  }

  /** Connection to the data port of a peer, for reads. */
  dataConnection(peer: NodeId): Connection {
    return this.#require(peer).data;
  }

  /** Connection for what is big and may take its time. */
  bulkConnection(peer: NodeId): Connection {
    return this.#require(peer).bulk;
  }

  metaConnection(peer: NodeId): Connection {
    return this.#require(peer).meta;
  }

  forwarder(peer: NodeId, meta: boolean): Forwarder {
    const links = this.#require(peer);
    return meta ? links.metaForward : links.dataForward;
  }

  #require(peer: NodeId): PeerLinks {
    const links = this.#peers.get(peer);
    if (links === undefined)
      throw new RingtideError("INTERNAL", `node ${peer} is no peer of node ${this.#options.self}`);
    return links;
  }

  /** Writes on their way to another node than the group's new leader will not be answered there: they fail now, with an unknown outcome. */
  leaderChanged(group: GroupNumber, leader: NodeId): void {
    if (leader === 0) return;
    for (const [peer, links] of this.#peers) {
      if (peer !== leader) (group === META_GROUP ? links.metaForward : links.dataForward).failGroup(group);
    }
  }

  /** Milliseconds since the last beat batch of a peer came in, on either port; Infinity before the first. */
  sinceBeatMs(peer: NodeId): number {
    return Math.min(this.sinceBeatOnMs(peer, true), this.sinceBeatOnMs(peer, false));
  }

  /** The same for the meta (true) or data heartbeat port. */
  sinceBeatOnMs(peer: NodeId, meta: boolean): number {
    const at = this.#lastBeatMs[meta ? "meta" : "data"].get(peer);
    return at === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.monotonicMs() - at;
  }

  /** Beats to peers that got none for this long: groups that are quiet send none of their own, and count on these. */
  beatIfSilent(intervalMs: number): void {
    const dueMs = this.#options.clock.monotonicMs() - intervalMs;
    for (const { metaBeat, dataBeat } of this.#peers.values()) {
      if (metaBeat.lastSentMs <= dueMs) metaBeat.sendEmpty();
      if (dataBeat.lastSentMs <= dueMs) dataBeat.sendEmpty();
    }
  }

  /** What the peer's last beat said of its life. */
  proofOf(peer: NodeId): ProofOfLife | undefined {
    return this.#proofs.get(peer);
  }

  #link(member: MemberRecord): PeerLinks {
    const { net, clock, logger, metadata, maxMessageBytes, connectTimeoutMs } = this.#options;
    const connect = (service: string, port: number) =>
      net.connect({ host: member.addresses.host, port }, { service, metadata, maxMessageBytes, connectTimeoutMs });
    const meta = connect(META_SERVICE, member.addresses.metaPort);
    const metaBeat = connect(BEAT_SERVICE, member.addresses.metaPort + 1);
    const data = connect(DATA_SERVICE, member.addresses.dataPort);
    const dataBeat = connect(BEAT_SERVICE, member.addresses.dataPort + 1);
    const bulk = connect(DATA_SERVICE, member.addresses.dataPort);
    const outbox = (
      connection: Connection,
      method: string,
      encode: (batch: readonly Message[]) => Uint8Array,
      isMeta: boolean,
    ) =>
      new Outbox<Message>({
        open: () => connection.duplex(method),
        encode,
        sizeOf: sizeOfMessage,
        maxBatchBytes: MAX_BATCH_BYTES,
        maxQueuedBytes: this.#options.maxQueuedBytesPerPeer,
        onLoss: () => this.#options.onLoss(member.id, isMeta),
        clock,
        logger: logger.child({ peer: member.id, link: `${isMeta ? "meta" : "data"} ${method}` }),
      });
    const links = {
      metaRaft: outbox(meta, "Raft", encodeRaftBatch, true),
      dataRaft: outbox(data, "Raft", encodeRaftBatch, false),
      metaBeat: outbox(metaBeat, "Beats", (batch) => this.#encodeBeats(batch), true),
      dataBeat: outbox(dataBeat, "Beats", (batch) => this.#encodeBeats(batch), false),
      metaForward: new Forwarder(() => meta.duplex("Forward"), clock),
      dataForward: new Forwarder(() => data.duplex("Forward"), clock),
    };
    const closeAll = () => {
      for (const link of Object.values(links)) link.close();
      for (const connection of [meta, metaBeat, data, dataBeat, bulk]) connection.close();
    };
    return { ...links, meta, data, bulk, close: closeAll };
  }

  #encodeBeats(batch: readonly Message[]): Uint8Array {
    const proof = this.#options.proofOfLife();
    return encodeMessage(BeatBatch, {
      messages: batch.map(toWire),
      oldestPendingSyncMs: Math.round(proof.oldestPendingSyncMs),
      longestTurnMs: Math.round(proof.longestTurnMs),
      diskLevel: proof.diskLevel,
    });
  }

  /** Serves the Raft stream of a peer, of the meta group (true) or of the data groups. */
  acceptRaft(stream: MessageStream, from: NodeId, caller: Caller, meta: boolean): void {
    this.#accept(stream, `${meta ? "meta" : "data"} raft ${from}`, caller, (bytes) => {
      for (const wire of decodeMessage(RaftBatch, bytes, "raft batch").messages) this.#deliver(fromWire(wire), from);
    });
  }

  /** Serves the beat stream of a peer, of the meta group (true) or of the data groups. */
  acceptBeats(stream: MessageStream, from: NodeId, caller: Caller, meta: boolean): void {
    this.#accept(stream, `${meta ? "meta" : "data"} beats ${from}`, caller, (bytes) => {
      const batch = decodeMessage(BeatBatch, bytes, "beat batch");
      this.#lastBeatMs[meta ? "meta" : "data"].set(from, this.#options.clock.monotonicMs());
      const { oldestPendingSyncMs, longestTurnMs } = batch;
      const diskLevel = batch.diskLevel >= 2 ? 2 : batch.diskLevel === 1 ? 1 : 0;
      this.#proofs.set(from, { oldestPendingSyncMs, longestTurnMs, diskLevel });
      for (const wire of batch.messages) this.#deliver(fromWire(wire), from);
    });
  }

  #deliver(message: Message, from: NodeId): void {
    if (message.from !== from || message.to !== this.#options.self) {
      throw new RingtideError("FRAME_MALFORMED", `node ${from} sent a message from ${message.from} to ${message.to}`);
    }
    this.#options.onMessage(message);
  }

  /**
   * A peer has one stream of each kind: what an earlier one still holds was sent before, at times by a process that is gone and whose log was
   * damaged since. Its acknowledgements must not count any more.
   */
  #accept(stream: MessageStream, kind: string, caller: Caller, handle: (bytes: Uint8Array) => void): void {
    const earlier = this.#accepted.get(kind);
    this.#accepted.set(kind, stream);
    earlier?.close(new RingtideError("NET_CLOSED", "a later stream of the same node has taken its place"));
    stream.onMessage((bytes) => {
      if (this.#accepted.get(kind) !== stream) return;
      try {
        handle(bytes);
      } catch (error) {
        const known = asRingtideError(error);
        this.#malformed.add(1);
        this.#options.logger.warn("closed a peer's stream", {
          code: known.code,
          remote: caller.remote,
          reason: known.message,
        });
        stream.close(known);
      }
    });
    stream.onClose(() => {
      if (this.#accepted.get(kind) === stream) this.#accepted.delete(kind);
    });
  }

  close(): void {
    for (const links of this.#peers.values()) links.close();
  }
}

function isBeat(message: Message): boolean {
  switch (message.type) {
    case "heartbeat":
    case "heartbeatResponse":
    case "vote":
    case "voteResponse":
      return true;
    case "append":
    case "appendResponse":
    case "timeoutNow":
    case "snapshot":
      return false;
  }
}

function encodeRaftBatch(batch: readonly Message[]): Uint8Array {
  return encodeMessage(RaftBatch, { messages: batch.map(toWire) });
}

function sizeOfMessage(message: Message): number {
  if (message.type !== "append") return SMALL_MESSAGE_BYTES;
  let bytes = SMALL_MESSAGE_BYTES;
  for (const entry of message.entries) bytes += entry.payload.length + SMALL_MESSAGE_BYTES;
  return bytes;
}
