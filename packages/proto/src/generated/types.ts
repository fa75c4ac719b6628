// Generated from proto/ by `npm run generate --workspace packages/proto`.
import { type MessageType, messageType } from "../codec.ts";
import { ringtide } from "./messages.js";

/** An address on the door that the caller came through. */
export interface NodeAddress {
  readonly nodeId: number;
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
}
export const NodeAddress: MessageType<NodeAddress> = messageType("NodeAddress", ringtide.v1["NodeAddress"] as never);

/** How devices are spread over slots. A client that does not know the name sends tablets unsplit. */
export interface SlotStrategy {
  readonly name: string;
  readonly slotCount: number;
  readonly salt: number;
}
export const SlotStrategy: MessageType<SlotStrategy> = messageType("SlotStrategy", ringtide.v1["SlotStrategy"] as never);

export interface OpenSessionRequest {
  /** Shown in the lists and logs of the node. */
  readonly clientName: string;
  /** Time zone of timestamps in SQL without one, "" = the node's. */
  readonly zone: string;
  readonly user: string;
  readonly password: string;
  readonly session: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
}
export const OpenSessionRequest: MessageType<OpenSessionRequest> = messageType("OpenSessionRequest", ringtide.v1["OpenSessionRequest"] as never);

export interface OpenSessionResponse {
  readonly clusterUuid: string;
  readonly clusterName: string;
  readonly nodeId: number;
  readonly slotStrategy: SlotStrategy | null;
  /** "ms", "us" or "ns". */
  readonly precision: string;
  /** Largest sum of the block bytes of one insert. */
  readonly maxWriteBytes: number;
  /** An Insert stream may have this many requests unanswered, and this many bytes of them. */
  readonly insertWindowRequests: number;
  readonly insertWindowBytes: number;
  readonly serverVersion: string;
  /** The protocol version chosen, within what the client offered. */
  readonly protocol: number;
  /** The other members of the cluster. */
  readonly nodes: readonly NodeAddress[];
}
export const OpenSessionResponse: MessageType<OpenSessionResponse> = messageType("OpenSessionResponse", ringtide.v1["OpenSessionResponse"] as never);

export interface CloseSessionRequest {
  readonly session: number;
}
export const CloseSessionRequest: MessageType<CloseSessionRequest> = messageType("CloseSessionRequest", ringtide.v1["CloseSessionRequest"] as never);

export interface CloseSessionResponse {
}
export const CloseSessionResponse: MessageType<CloseSessionResponse> = messageType("CloseSessionResponse", ringtide.v1["CloseSessionResponse"] as never);

export interface ExecuteRequest {
  readonly session: number;
  /** Ascending from 1 within the session, shared with Insert: a write repeated under the same number takes effect once. 0 for a statement that only reads. */
  readonly sequence: number;
  /** Every sequence up to and including this one has been answered. */
  readonly acknowledged: number;
  /** The same (session, sequence) may have been sent before. */
  readonly retry: boolean;
  /** Minted by the client, unique within the session: what Cancel names. */
  readonly statementId: number;
  readonly sql: string;
  /** 0 = the node's default. */
  readonly timeoutMs: number;
  /** "strong", "mid", "weak", or "" for the node's default. */
  readonly consistency: string;
}
export const ExecuteRequest: MessageType<ExecuteRequest> = messageType("ExecuteRequest", ringtide.v1["ExecuteRequest"] as never);

export interface ColumnHeader {
  readonly name: string;
  /** BOOLEAN, INT32, INT64, FLOAT, DOUBLE or TEXT. */
  readonly type: string;
}
export const ColumnHeader: MessageType<ColumnHeader> = messageType("ColumnHeader", ringtide.v1["ColumnHeader"] as never);

export interface ExecuteHeader {
  readonly columns: readonly ColumnHeader[];
  readonly hasTime: boolean;
  /** Rows come with descending time. */
  readonly descending: boolean;
  /** What the statement was: "select", "insert", "create timeseries", ... */
  readonly operation: string;
  /** Remarks for people. */
  readonly notes: readonly string[];
}
export const ExecuteHeader: MessageType<ExecuteHeader> = messageType("ExecuteHeader", ringtide.v1["ExecuteHeader"] as never);

export interface ExecuteDone {
  readonly rows: number;
  readonly affected: number;
  /** Who answered a read: "leader", "local", ... */
  readonly served: string;
  /** Where the next statement like this is answered without a hop. */
  readonly redirect: NodeAddress | null;
}
export const ExecuteDone: MessageType<ExecuteDone> = messageType("ExecuteDone", ringtide.v1["ExecuteDone"] as never);

export interface ExecuteResponse {
  readonly header: ExecuteHeader | null;
  /** One block: the columns of the header, with ascending times. Rows in another order come in a block without times, whose first column (INT64) is the times. */
  readonly batch: Uint8Array | null;
  readonly done: ExecuteDone | null;
  /** Which of them is set. */
  readonly part: "header" | "batch" | "done" | undefined;
}
export const ExecuteResponse: MessageType<ExecuteResponse> = messageType("ExecuteResponse", ringtide.v1["ExecuteResponse"] as never);

/** Rows of one device, encoded. */
export interface DeviceBlock {
  readonly device: string;
  /** Name of each column of the block, in its order. */
  readonly measurements: readonly string[];
  readonly block: Uint8Array;
}
export const DeviceBlock: MessageType<DeviceBlock> = messageType("DeviceBlock", ringtide.v1["DeviceBlock"] as never);

export interface InsertRequest {
  readonly session: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly retry: boolean;
  readonly blocks: readonly DeviceBlock[];
}
export const InsertRequest: MessageType<InsertRequest> = messageType("InsertRequest", ringtide.v1["InsertRequest"] as never);

export interface WireError {
  /** A stable name of the error table. */
  readonly code: string;
  readonly message: string;
  readonly detailsJson: string;
}
export const WireError: MessageType<WireError> = messageType("WireError", ringtide.v1["WireError"] as never);

export interface InsertResponse {
  readonly sequence: number;
  /** Absent: acknowledged. */
  readonly error: WireError | null;
  /** Rows written. */
  readonly affected: number;
  /** The leader of these devices on the door that the caller came through, when it is another node. */
  readonly redirect: NodeAddress | null;
}
export const InsertResponse: MessageType<InsertResponse> = messageType("InsertResponse", ringtide.v1["InsertResponse"] as never);

export interface CancelRequest {
  readonly session: number;
  readonly statementId: number;
}
export const CancelRequest: MessageType<CancelRequest> = messageType("CancelRequest", ringtide.v1["CancelRequest"] as never);

export interface CancelResponse {
}
export const CancelResponse: MessageType<CancelResponse> = messageType("CancelResponse", ringtide.v1["CancelResponse"] as never);

export interface NodeStatusRequest {
}
export const NodeStatusRequest: MessageType<NodeStatusRequest> = messageType("NodeStatusRequest", ringtide.v1["NodeStatusRequest"] as never);

export interface RingRequest {
}
export const RingRequest: MessageType<RingRequest> = messageType("RingRequest", ringtide.v1["RingRequest"] as never);

export interface JsonResponse {
  readonly json: string;
}
export const JsonResponse: MessageType<JsonResponse> = messageType("JsonResponse", ringtide.v1["JsonResponse"] as never);

export interface Nothing {
}
export const Nothing: MessageType<Nothing> = messageType("Nothing", ringtide.v1["Nothing"] as never);

export interface JsonText {
  readonly json: string;
}
export const JsonText: MessageType<JsonText> = messageType("JsonText", ringtide.v1["JsonText"] as never);

export interface RaftBatch {
  readonly messages: readonly RaftMessage[];
}
export const RaftBatch: MessageType<RaftBatch> = messageType("RaftBatch", ringtide.v1["RaftBatch"] as never);

export const RaftMessageType = {
  NONE: 0,
  APPEND: 1,
  APPEND_RESPONSE: 2,
  VOTE: 3,
  VOTE_RESPONSE: 4,
  HEARTBEAT: 5,
  HEARTBEAT_RESPONSE: 6,
  TIMEOUT_NOW: 7,
  SNAPSHOT: 8,
} as const;

/** One message of the consensus core (packages/raft/src/types.ts); which fields matter depends on the type. */
export interface RaftMessage {
  readonly type: number;
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly term: number;
  /** append: previous index; append response: index; vote: last index; snapshot: index */
  readonly index: number;
  /** append: previous term; append response: hint term; vote: last term; snapshot: term */
  readonly logTerm: number;
  readonly commit: number;
  /** append response: previous index of the rejected request; heartbeat: index durable on every replica */
  readonly otherIndex: number;
  readonly reject: boolean;
  readonly preVote: boolean;
  readonly transfer: boolean;
  readonly granted: boolean;
  /** heartbeat: number of the round of beats; echoed by the response */
  readonly readContext: number;
  /** append: log records as they stand in the sender's log, CRC32C included */
  readonly records: readonly Uint8Array[];
  readonly voters: readonly number[];
  readonly votersOutgoing: readonly number[];
  readonly learners: readonly number[];
  /** heartbeat: the leader goes quiet, and who has all of its log committed and applied does too */
  readonly quiesce: boolean;
}
export const RaftMessage: MessageType<RaftMessage> = messageType("RaftMessage", ringtide.v1["RaftMessage"] as never);

/** Proof of life: a leader whose disk or main loop hangs must not be taken for alive. */
export interface BeatBatch {
  readonly messages: readonly RaftMessage[];
  readonly oldestPendingSyncMs: number;
  readonly longestTurnMs: number;
  /** 0: there is room; 1: less free space than disk_low_water_bytes; 2: less than disk_reserve_bytes */
  readonly diskLevel: number;
}
export const BeatBatch: MessageType<BeatBatch> = messageType("BeatBatch", ringtide.v1["BeatBatch"] as never);

/** What two nodes tell each other when they meet, before and after the cluster formed. */
export interface HelloMessage {
  readonly nodeUuid: string;
  readonly clusterName: string;
  readonly agreement: Readonly<Record<string, string>>;
  readonly protocolMin: number;
  readonly protocolMax: number;
  /** empty: not formed */
  readonly clusterUuid: string;
  /** the formation record (JSON), for a node that it names */
  readonly formation: string;
}
export const HelloMessage: MessageType<HelloMessage> = messageType("HelloMessage", ringtide.v1["HelloMessage"] as never);

export interface ForwardRequest {
  readonly id: number;
  readonly group: number;
  readonly payload: Uint8Array;
  readonly kind: number;
  readonly session: number;
  readonly sequence: number;
}
export const ForwardRequest: MessageType<ForwardRequest> = messageType("ForwardRequest", ringtide.v1["ForwardRequest"] as never);

export interface ForwardResponse {
  readonly id: number;
  /** empty: applied */
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly errorDetails: string;
  readonly affected: number;
  /** log index at which it was applied */
  readonly index: number;
}
export const ForwardResponse: MessageType<ForwardResponse> = messageType("ForwardResponse", ringtide.v1["ForwardResponse"] as never);

export interface ReadRequest {
  readonly group: number;
  readonly fragment: Uint8Array;
  /** 0: run the fragment on what this replica has. Else have a majority confirm within this time that this node leads the group, and run it on all that was committed by then; the first message of the answer is then empty and says that this was done. */
  readonly confirmWithinMs: number;
}
export const ReadRequest: MessageType<ReadRequest> = messageType("ReadRequest", ringtide.v1["ReadRequest"] as never);

/** To the meta leader, which has a majority confirm within this time that it leads. */
export interface ReadIndexRequest {
  readonly withinMs: number;
}
export const ReadIndexRequest: MessageType<ReadIndexRequest> = messageType("ReadIndexRequest", ringtide.v1["ReadIndexRequest"] as never);

export interface ReadIndexResponse {
  /** A member that has applied the meta log up to here knows all that was acknowledged before the request. */
  readonly index: number;
}
export const ReadIndexResponse: MessageType<ReadIndexResponse> = messageType("ReadIndexResponse", ringtide.v1["ReadIndexResponse"] as never);

/** Answer: the manifest of a snapshot that the callee keeps for a while, as JSON (packages/engine SnapshotManifest). */
export interface OpenSnapshotRequest {
  readonly group: number;
}
export const OpenSnapshotRequest: MessageType<OpenSnapshotRequest> = messageType("OpenSnapshotRequest", ringtide.v1["OpenSnapshotRequest"] as never);

export interface FilePartRequest {
  readonly group: number;
  /** 0: a data file of the live replica */
  readonly snapshotIndex: number;
  readonly name: string;
  readonly offset: number;
}
export const FilePartRequest: MessageType<FilePartRequest> = messageType("FilePartRequest", ringtide.v1["FilePartRequest"] as never);
