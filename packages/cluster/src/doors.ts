import type { Address, Caller, Listener, NodeId, ServiceHandlers } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";
import {
  decodeMessage,
  encodeMessage,
  FilePartRequest,
  HelloMessage,
  JsonText,
  Nothing,
  OpenSnapshotRequest,
  ReadIndexRequest,
  ReadIndexResponse,
  ReadRequest,
} from "@ringtide/proto";
import type { ClusterOptions } from "./cluster-options.ts";
import type { FormationRecord } from "./formation.ts";
import { memberOf } from "./formation.ts";
import { serveForward } from "./forwarder.ts";
import type { RunningCluster } from "./running-cluster.ts";
import type { SelfDescription } from "./seed-formation.ts";
import { checkAgreement, helloOf } from "./seed-formation.ts";
import { BEAT_SERVICE, DATA_SERVICE, MAX_CONTROL_BYTES, META_SERVICE } from "./wire.ts";

/** Room for an entry's framing beside its payload, and for several entries in a batch. */
const BATCH_ROOM_BYTES = 4 * 1024 * 1024;

export function maxMessageBytes(options: ClusterOptions): number {
  return Math.max(MAX_CONTROL_BYTES, options.maxEntryBytes + BATCH_ROOM_BYTES);
}

/** How a node shows who it is on each internal call. */
export function callMetadata(record: FormationRecord, self: NodeId, secret: string): Record<string, string> {
  const uuid = record.members.find((member) => member.id === self)?.uuid ?? "";
  return {
    "ringtide-cluster": record.clusterUuid,
    "ringtide-node": String(self),
    "ringtide-uuid": uuid,
    "ringtide-secret": secret,
  };
}

/**
 * The four internal ports of a node. They listen from the start, so that an occupied port is found at once; until the cluster has
 * formed, only Hello is answered.
 */
export class InternalDoors {
  readonly #options: ClusterOptions;
  readonly #self: SelfDescription;
  readonly #listeners: Listener[] = [];
  #record: FormationRecord | undefined;
  #running: RunningCluster | undefined;

  constructor(options: ClusterOptions, self: SelfDescription) {
    this.#options = options;
    this.#self = self;
  }

  async open(): Promise<void> {
    const { metaPort, dataPort } = this.#options.addresses;
    await this.#listen(metaPort, META_SERVICE, this.#metaHandlers());
    await this.#listen(metaPort + 1, BEAT_SERVICE, this.#beatHandlers(true));
    await this.#listen(dataPort, DATA_SERVICE, this.#dataHandlers());
    await this.#listen(dataPort + 1, BEAT_SERVICE, this.#beatHandlers(false));
  }

  async #listen(port: number, service: string, handlers: ServiceHandlers): Promise<void> {
    const address: Address = { host: this.#options.bindHost, port };
    const listener = await this.#options.ports.net.listen(address, {
      service,
      handlers,
      maxConnections: this.#options.maxConnections,
      maxMessageBytes: maxMessageBytes(this.#options),
      authorize: (caller) => this.#authorize(caller),
    });
    this.#listeners.push(listener);
  }

  /** From now on Hello names the cluster. */
  formed(record: FormationRecord): void {
    this.#record = record;
  }

  /** From now on everything is answered. */
  run(cluster: RunningCluster): void {
    this.#running = cluster;
  }

  #authorize(caller: Caller): void {
    if ((caller.metadata["ringtide-secret"] ?? "") !== this.#options.internalSecret) {
      throw new RingtideError("UNAUTHENTICATED", `${caller.remote} does not know internal_secret`);
    }
  }

  /** The member that a caller is; throws CLUSTER_MISMATCH or NODE_MISMATCH for any other. */
  #member(caller: Caller): { readonly cluster: RunningCluster; readonly from: NodeId } {
    const cluster = this.#running;
    if (cluster === undefined) throw new RingtideError("NOT_FORMED", "this node is starting");
    const { metadata, remote } = caller;
    if (metadata["ringtide-cluster"] !== cluster.record.clusterUuid) {
      throw new RingtideError(
        "CLUSTER_MISMATCH",
        `${remote} belongs to cluster ${metadata["ringtide-cluster"] ?? "(none)"}, this node to ${cluster.record.clusterUuid}`,
      );
    }
    const from = Number(metadata["ringtide-node"]);
    const member = cluster.record.members.find((candidate) => candidate.id === from);
    if (member === undefined || member.uuid !== metadata["ringtide-uuid"]) {
      throw new RingtideError(
        "NODE_MISMATCH",
        `${remote} says it is node ${from}, but its data directory is not that node's`,
      );
    }
    return { cluster, from };
  }

  #metaHandlers(): ServiceHandlers {
    return {
      unary: {
        Hello: async (request, caller) => this.#hello(request, caller),
        LocalStatus: async (request, caller) => {
          const { cluster } = this.#member(caller);
          decodeMessage(Nothing, request, `status request of ${caller.remote}`);
          return encodeMessage(JsonText, { json: JSON.stringify(cluster.localStatus()) });
        },
        ReadIndex: async (request, caller) => {
          const { cluster } = this.#member(caller);
          const { withinMs } = decodeMessage(ReadIndexRequest, request, "read index request");
          return encodeMessage(ReadIndexResponse, { index: await cluster.coordinator.metaReadIndex(withinMs) });
        },
      },
      duplex: this.#groupHandlers(true),
    };
  }

  /** Of the meta group (true) or of the data groups. */
  #groupHandlers(meta: boolean): NonNullable<ServiceHandlers["duplex"]> {
    return {
      Raft: (stream, caller) => {
        const { cluster, from } = this.#member(caller);
        cluster.transport.acceptRaft(stream, from, caller, meta);
      },
      Forward: (stream, caller) => {
        const { cluster } = this.#member(caller);
        serveForward(stream, (proposal) => cluster.coordinator.proposeHere(proposal, this.#options.writeTimeoutMs));
      },
    };
  }

  #dataHandlers(): ServiceHandlers {
    return {
      duplex: this.#groupHandlers(false),
      unary: {
        OpenSnapshot: async (bytes, caller) => {
          const { cluster } = this.#member(caller);
          const { group } = decodeMessage(OpenSnapshotRequest, bytes, "request for a snapshot");
          return encodeMessage(JsonText, { json: JSON.stringify(await cluster.snapshots.open(group)) });
        },
      },
      serverStream: {
        FilePart: (bytes, caller, signal) => {
          const { cluster } = this.#member(caller);
          return cluster.snapshots.part(decodeMessage(FilePartRequest, bytes, "request for a file"), signal);
        },
        Read: (bytes, caller, signal) => {
          const { cluster } = this.#member(caller);
          const request = decodeMessage(ReadRequest, bytes, "read request");
          const { group, fragment, confirmWithinMs } = request;
          return cluster.coordinator.reader.serve(group, fragment, confirmWithinMs, signal);
        },
      },
    };
  }

  #beatHandlers(meta: boolean): ServiceHandlers {
    return {
      duplex: {
        Beats: (stream, caller) => {
          const { cluster, from } = this.#member(caller);
          cluster.transport.acceptBeats(stream, from, caller, meta);
        },
      },
    };
  }

  #hello(request: Uint8Array, caller: Caller): Uint8Array {
    const other = decodeMessage(HelloMessage, request, `hello of ${caller.remote}`);
    checkAgreement(this.#self, other, caller.remote);
    const record = this.#record;
    if (record === undefined) return encodeMessage(HelloMessage, helloOf(this.#self));
    const known = memberOf(record, other.nodeUuid) !== undefined;
    return encodeMessage(HelloMessage, {
      ...helloOf(this.#self),
      clusterUuid: record.clusterUuid,
      formation: known ? JSON.stringify(record) : "",
    });
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(graceMs)));
  }
}
