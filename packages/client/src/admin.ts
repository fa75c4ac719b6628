import { type Address, type Net, nullLogger } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import {
  CLIENT_SERVICE,
  decodeMessage,
  encodeMessage,
  JsonResponse,
  NodeStatusRequest,
  RingRequest,
} from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";
import { noMetrics } from "./no-metrics.ts";

/** One replica of a group; the numbers are missing while its node does not answer. */
export interface ReplicaReport {
  readonly node: number;
  readonly alive: boolean;
  readonly role?: string;
  readonly leader?: number;
  readonly term?: number;
  readonly commitIndex?: number;
  readonly appliedIndex?: number;
  readonly lastIndex?: number;
  readonly durableIndex?: number;
  readonly checkpointIndex?: number;
  /** Caught up since its start: it answers reads. */
  readonly serves?: boolean;
  readonly stopped?: string;
}

export interface NodeReport {
  readonly node: number;
  readonly host: string;
  readonly metaPort: number;
  readonly dataPort: number;
  readonly clientPort: number;
  readonly alive: boolean;
  readonly longestTurnMs: number | null;
  readonly oldestPendingSyncMs: number | null;
  /** 0: there is room; 1: inserts are refused; 2: all writes are. */
  readonly diskLevel: number | null;
  /** Of the fullest file system with data or log. */
  readonly diskFreeBytes: number | null;
}

/** What a node knows of the whole cluster: it asks the others, each for a second at most. */
export interface StatusReport {
  readonly cluster: { readonly uuid: string; readonly name: string; readonly replicas: number };
  readonly answeredBy: number;
  readonly sessions: number;
  readonly nodes: readonly NodeReport[];
  readonly groups: readonly {
    readonly group: string;
    /** 0: none known. */
    readonly leader: number;
    readonly term: number;
    readonly replicas: readonly ReplicaReport[];
  }[];
}

/** The partition table. */
export interface RingReport {
  readonly cluster: { readonly uuid: string; readonly name: string };
  readonly slotStrategy: { readonly name: string; readonly slotCount: number; readonly salt: number };
  readonly nodes: readonly Pick<NodeReport, "node" | "host" | "metaPort" | "dataPort" | "clientPort">[];
  readonly groups: readonly {
    readonly group: string;
    readonly header: number;
    readonly members: readonly number[];
    readonly leader: number;
    readonly slots: number;
  }[];
}

const TIMEOUT_MS = 5000;
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** Asks a node, on its client port, for the status of the cluster. NET_UNREACHABLE, NET_TIMEOUT. */
export function fetchStatus(address: Address, net?: Net): Promise<StatusReport> {
  return ask<StatusReport>(address, "NodeStatus", encodeMessage(NodeStatusRequest, {}), net);
}

/** Asks a node, on its client port, for the partition table. NET_UNREACHABLE, NET_TIMEOUT. */
export function fetchRing(address: Address, net?: Net): Promise<RingReport> {
  return ask<RingReport>(address, "Ring", encodeMessage(RingRequest, {}), net);
}

async function ask<T>(address: Address, method: string, request: Uint8Array, net?: Net): Promise<T> {
  const used = net ?? createNet({ logger: nullLogger, metrics: noMetrics, clock: systemClock });
  const connection = used.connect(address, {
    service: CLIENT_SERVICE,
    metadata: {},
    maxMessageBytes: MAX_REPLY_BYTES,
    connectTimeoutMs: TIMEOUT_MS,
  });
  try {
    const reply = await connection.unary(method, request, { timeoutMs: TIMEOUT_MS });
    return JSON.parse(decodeMessage(JsonResponse, reply, method).json) as T;
  } finally {
    connection.close();
  }
}
