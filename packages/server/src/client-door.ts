import type { Consistency, RunningCluster } from "@ringtide/cluster";
import type { Address, Caller, Listener, Net, ServiceHandlers } from "@ringtide/common";
import { RingtideError } from "@ringtide/common";
import {
  CancelRequest,
  CancelResponse,
  CLIENT_PROTOCOL,
  CLIENT_SERVICE,
  CloseSessionRequest,
  CloseSessionResponse,
  decodeMessage,
  ExecuteRequest,
  ExecuteResponse,
  encodeMessage,
  JsonResponse,
  NodeStatusRequest,
  OpenSessionRequest,
  OpenSessionResponse,
  RingRequest,
} from "@ringtide/proto";
import type { SessionService, StatementResult } from "@ringtide/session";
import { typeName } from "@ringtide/tsfile";
import { InsertStream } from "./insert-stream.ts";
import { redirectTo } from "./redirect.ts";
import { ringReport, statusReport } from "./reports.ts";
import { encodeResultBatch } from "./result-batch.ts";

export interface ClientDoorOptions {
  readonly net: Net;
  readonly address: Address;
  readonly sessions: SessionService;
  readonly cluster: RunningCluster;
  readonly maxConnections: number;
  readonly maxWriteBytes: number;
  readonly insertWindowRequests: number;
  readonly insertWindowBytes: number;
  readonly serverVersion: string;
}

/** A request may carry its own framing beside the blocks. */
const FRAMING_ROOM_BYTES = 1024 * 1024;

/** Opens the gRPC door for clients: a thin translation to the session service. */
export function openClientDoor(options: ClientDoorOptions): Promise<Listener> {
  return options.net.listen(options.address, {
    service: CLIENT_SERVICE,
    handlers: handlers(options),
    maxConnections: options.maxConnections,
    maxMessageBytes: options.maxWriteBytes + FRAMING_ROOM_BYTES,
  });
}

function handlers(options: ClientDoorOptions): ServiceHandlers {
  const { sessions, cluster } = options;
  return {
    unary: {
      OpenSession: async (bytes, caller) => openSession(options, bytes, caller),
      CloseSession: async (bytes) => {
        sessions.close(decodeMessage(CloseSessionRequest, bytes, "close session").session);
        return encodeMessage(CloseSessionResponse, {});
      },
      Cancel: async (bytes) => {
        const request = decodeMessage(CancelRequest, bytes, "cancel");
        sessions.session(request.session).cancel(request.statementId);
        return encodeMessage(CancelResponse, {});
      },
      NodeStatus: async (bytes) => {
        decodeMessage(NodeStatusRequest, bytes, "node status");
        return encodeMessage(JsonResponse, { json: JSON.stringify(await statusReport(cluster, sessions)) });
      },
      Ring: async (bytes) => {
        decodeMessage(RingRequest, bytes, "ring");
        return encodeMessage(JsonResponse, { json: JSON.stringify(ringReport(cluster)) });
      },
    },
    serverStream: { Execute: (bytes, _caller, signal) => execute(options, bytes, signal) },
    duplex: {
      Insert: (stream) => {
        new InsertStream(stream, options);
      },
    },
  };
}

function openSession(options: ClientDoorOptions, bytes: Uint8Array, caller: Caller): Uint8Array {
  const request = decodeMessage(OpenSessionRequest, bytes, `open session from ${caller.remote}`);
  const protocol = Math.min(request.protocolMax, CLIENT_PROTOCOL.max);
  if (protocol < Math.max(request.protocolMin, CLIENT_PROTOCOL.min)) {
    throw new RingtideError(
      "UNSUPPORTED",
      `the client speaks protocol ${request.protocolMin} to ${request.protocolMax}, this node ${CLIENT_PROTOCOL.min} to ${CLIENT_PROTOCOL.max}`,
    );
  }
  const { record, self } = options.cluster;
  const principal = { name: request.user === "" ? "root" : request.user };
  options.sessions.open({ session: request.session, principal, zone: request.zone });
  return encodeMessage(OpenSessionResponse, {
    clusterUuid: record.clusterUuid,
    clusterName: record.clusterName,
    nodeId: self,
    slotStrategy: record.slotStrategy,
    precision: record.precision,
    maxWriteBytes: options.maxWriteBytes,
    insertWindowRequests: options.insertWindowRequests,
    insertWindowBytes: options.insertWindowBytes,
    serverVersion: options.serverVersion,
    protocol,
    nodes: record.members
      .filter((member) => member.id !== self)
      .map((member) => ({ nodeId: member.id, address: `${member.addresses.host}:${member.addresses.clientPort}` })),
  });
}

function consistencyOf(text: string): Consistency | undefined {
  if (text === "") return undefined;
  if (text === "strong" || text === "mid" || text === "weak") return text;
  throw new RingtideError("CONSISTENCY_UNAVAILABLE", `'${text}' is no consistency level: use strong, mid or weak`);
}

async function* execute(
  options: ClientDoorOptions,
  bytes: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const request = decodeMessage(ExecuteRequest, bytes, "execute");
  const session = options.sessions.session(request.session);
  const result = await options.sessions.execute(session, {
    sql: request.sql,
    statementId: request.statementId,
    numbering: { sequence: request.sequence, acknowledged: request.acknowledged, retry: request.retry },
    timeoutMs: request.timeoutMs,
    consistency: consistencyOf(request.consistency),
    signal,
  });
  if (result.kind === "done") {
    yield encodeMessage(ExecuteResponse, {
      header: { columns: [], hasTime: false, descending: false, operation: "done", notes: [] },
    });
    const redirect = redirectTo(options.cluster, result.group);
    yield encodeMessage(ExecuteResponse, { done: { rows: 0, affected: result.affected, served: "", redirect } });
    return;
  }
  yield* sendRows(result);
}

async function* sendRows(result: Extract<StatementResult, { kind: "rows" }>): AsyncGenerator<Uint8Array> {
  const { rows, served } = result;
  yield encodeMessage(ExecuteResponse, {
    header: {
      columns: rows.columns.map((column) => ({ name: column.name, type: typeName(column.type) })),
      hasTime: rows.hasTime,
      descending: rows.descending,
      operation: rows.operation,
      notes: [],
    },
  });
  let count = 0;
  for await (const batch of rows.batches) {
    count += batch.rows;
    for (const block of encodeResultBatch(batch)) yield encodeMessage(ExecuteResponse, { batch: block });
  }
  yield encodeMessage(ExecuteResponse, { done: { rows: count, affected: 0, served: served() } });
}
