import { type Connection, dataGroup, type ErrorCode } from "@ringtide/common";
import {
  CancelRequest,
  CLIENT_SERVICE,
  CloseSessionRequest,
  decodeMessage,
  encodeMessage,
  ForwardRequest,
  ForwardResponse,
  HelloMessage,
  type Init,
  Nothing,
  OpenSessionRequest,
  RaftBatch,
  RaftMessageType,
  ReadRequest,
} from "@ringtide/proto";
import { call, collect, dial, exchange, Refused, withConnection } from "./raw-client.ts";
import { type Door, MAX_CONNECTIONS, type Target } from "./target.ts";
import type { OnlineCase } from "./types.ts";

const META = "ringtide.v1.Meta";
const DATA = "ringtide.v1.Data";
const BEAT = "ringtide.v1.Beat";
export const SERVICES: Record<Door, string> = {
  meta: META,
  "meta heartbeat": BEAT,
  data: DATA,
  "data heartbeat": BEAT,
  client: CLIENT_SERVICE,
};

type Send = (connection: Connection, method: string, message: Uint8Array) => Promise<unknown>;

const METHODS: readonly (readonly [door: Door, method: string, send: Send])[] = [
  ["client", "OpenSession", call],
  ["client", "CloseSession", call],
  ["client", "Cancel", call],
  ["client", "NodeStatus", call],
  ["client", "Ring", call],
  ["client", "Execute", collect],
  ["client", "Insert", exchange],
  ["meta", "Hello", call],
  ["meta", "LocalStatus", call],
  ["meta", "Raft", exchange],
  ["meta", "Forward", exchange],
  ["data", "Raft", exchange],
  ["data", "Forward", exchange],
  ["data", "Read", collect],
  ["meta heartbeat", "Beats", exchange],
  ["data heartbeat", "Beats", exchange],
];

/** No protobuf message begins so. */
const GARBAGE = new Uint8Array(64).fill(0xff);

/** Calls a port of node 2 the way that node 1 would. */
function asPeer<T>(
  target: Target,
  door: Door,
  work: (connection: Connection) => Promise<T>,
  metadata = {},
): Promise<T> {
  const all = { ...target.metadata(1), ...metadata };
  return withConnection(dial(target.address(2, door), SERVICES[door], all), work);
}

async function forward(target: Target, door: Door, request: Init<ForwardRequest>): Promise<void> {
  await asPeer(target, door, async (connection) => {
    const answer = await exchange(connection, "Forward", encodeMessage(ForwardRequest, { id: 1, ...request }));
    const { errorCode, errorMessage } = decodeMessage(ForwardResponse, answer, "answer");
    if (errorCode !== "") throw new Refused(errorCode, errorMessage);
  });
}

function raft(name: string, message: (target: Target) => Init<RaftBatch>, says: RegExp): OnlineCase {
  return {
    name: `raft: ${name}`,
    code: "FRAME_MALFORMED",
    says,
    logs: { node: 2, door: "data" },
    send: (target) => asPeer(target, "data", (c) => exchange(c, "Raft", encodeMessage(RaftBatch, message(target)))),
  };
}

/** The group that node 2 leads. */
const GROUP = dataGroup(2, 0);
const PLAN = 1;
const utf8 = new TextEncoder();

/** A command of the meta group: no session, then a text. */
function metaPayload(json: string): Uint8Array {
  const text = utf8.encode(json);
  const bytes = new Uint8Array(29 + text.length);
  new DataView(bytes.buffer).setUint32(25, text.length, true);
  bytes.set(text, 29);
  return bytes;
}

const FORWARDS: readonly (readonly [string, Door, ErrorCode, Init<ForwardRequest>])[] = [
  ["garbage as a command", "data", "FORMAT_UNKNOWN", { group: GROUP, kind: PLAN, payload: GARBAGE }],
  ["half of a command", "data", "FRAME_MALFORMED", { group: GROUP, kind: PLAN, payload: Uint8Array.of(1, 0, 1, 9) }],
  ["no command", "data", "FRAME_MALFORMED", { group: GROUP, kind: PLAN }],
  ["an entry of unknown kind", "data", "FRAME_MALFORMED", { group: GROUP, kind: 99, payload: GARBAGE }],
  ["a change of configuration", "data", "FRAME_MALFORMED", { group: GROUP, kind: 3, payload: GARBAGE }],
  ["a group that does not exist", "data", "NOT_LEADER", { group: 4711, kind: PLAN, payload: GARBAGE }],
];

const META_FORWARDS: readonly (readonly [string, ErrorCode, Uint8Array])[] = [
  ["garbage", "FRAME_MALFORMED", GARBAGE],
  ["a command that is no JSON", "FRAME_MALFORMED", metaPayload("{")],
  ["null", "FRAME_MALFORMED", metaPayload("null")],
  ["a command of unknown kind", "FRAME_MALFORMED", metaPayload('{"kind":"explode","path":"root.x"}')],
  ["a command without its path", "FRAME_MALFORMED", metaPayload('{"kind":"createStorageGroup"}')],
  ["paths that are none", "FRAME_MALFORMED", metaPayload('{"kind":"deleteStorageGroups","paths":[1]}')],
  ["a malformed path", "PATH_INVALID", metaPayload('{"kind":"createStorageGroup","path":"root..x"}')],
];

const READS: readonly (readonly [string, ErrorCode, Uint8Array])[] = [
  ["a later version", "FORMAT_UNKNOWN", GARBAGE],
  ["garbage", "FRAME_MALFORMED", Uint8Array.of(1, ...GARBAGE)],
  ["nothing", "FRAME_MALFORMED", new Uint8Array(0)],
];

function openSession(target: Target, request: Init<OpenSessionRequest>): Promise<Uint8Array> {
  const bytes = encodeMessage(OpenSessionRequest, { protocolMin: 1, protocolMax: 1, ...request });
  return asPeer(target, "client", (connection) => call(connection, "OpenSession", bytes));
}

const STRANGERS: readonly (readonly [string, ErrorCode, Record<string, string>])[] = [
  ["a foreign cluster UUID", "CLUSTER_MISMATCH", { "ringtide-cluster": "00000000-0000-4000-8000-000000000000" }],
  ["no cluster UUID", "CLUSTER_MISMATCH", { "ringtide-cluster": "" }],
  ["a wrong node UUID", "NODE_MISMATCH", { "ringtide-uuid": "00000000-0000-4000-8000-000000000000" }],
  ["an unknown node", "NODE_MISMATCH", { "ringtide-node": "9" }],
  ["a node that is no number", "NODE_MISMATCH", { "ringtide-node": "one" }],
  ["a wrong secret", "UNAUTHENTICATED", { "ringtide-secret": "guessed" }],
];

const PEER_METHODS = METHODS.filter(([door, method]) => door !== "client" && method !== "Hello");

export const CALL_CASES: readonly OnlineCase[] = [
  ...METHODS.map(
    ([door, method, send]): OnlineCase => ({
      name: `garbage in a message to ${method} on the ${door} port`,
      code: "FRAME_MALFORMED",
      logs: { node: 2, door },
      send: (target) => asPeer(target, door, (connection) => send(connection, method, GARBAGE)),
    }),
  ),
  ...PEER_METHODS.flatMap(([door, method, send]) =>
    STRANGERS.map(
      ([who, code, metadata]): OnlineCase => ({
        name: `${method} on the ${door} port from ${who}`,
        code,
        send: (target) => asPeer(target, door, (c) => send(c, method, encodeMessage(Nothing, {})), metadata),
      }),
    ),
  ),
  ...FORWARDS.map(
    ([name, door, code, request]): OnlineCase => ({
      name: `forward: ${name}`,
      code,
      send: (target) => forward(target, door, request),
    }),
  ),
  ...META_FORWARDS.map(
    ([name, code, payload]): OnlineCase => ({
      name: `forward to the meta group: ${name}`,
      code,
      // Whoever leads refuses it; the others refuse to lead.
      send: async (target) => {
        const leader = (await target.status()).groups[0]?.leader ?? 0;
        const address = target.address(leader, "meta");
        await withConnection(dial(address, META, target.metadata((leader % 3) + 1)), async (connection) => {
          const request = encodeMessage(ForwardRequest, { id: 1, group: 0, kind: PLAN, payload });
          const answer = await exchange(connection, "Forward", request);
          const { errorCode, errorMessage } = decodeMessage(ForwardResponse, answer, "answer");
          throw new Refused(errorCode, errorMessage);
        });
      },
    }),
  ),
  raft(
    "a message in another node's name",
    () => ({ messages: [{ type: RaftMessageType.VOTE, group: GROUP, from: 3, to: 2 }] }),
    /from 3/,
  ),
  raft(
    "a message for another node",
    () => ({ messages: [{ type: RaftMessageType.VOTE, group: GROUP, from: 1, to: 3 }] }),
    /to 3/,
  ),
  raft("a message of unknown type", () => ({ messages: [{ type: 99, group: GROUP, from: 1, to: 2 }] }), /type 99/),
  raft(
    "entries that are none",
    () => ({ messages: [{ type: RaftMessageType.APPEND, group: GROUP, from: 1, to: 2, records: [GARBAGE] }] }),
    /log entry/,
  ),
  ...READS.map(
    ([name, code, fragment]): OnlineCase => ({
      name: `a read: ${name}`,
      code,
      send: (target) =>
        asPeer(target, "data", (c) => collect(c, "Read", encodeMessage(ReadRequest, { group: GROUP, fragment }))),
    }),
  ),
  {
    name: "a session of a later protocol",
    code: "UNSUPPORTED",
    says: /protocol/,
    send: (target) => openSession(target, { session: 5, protocolMin: 7, protocolMax: 9 }),
  },
  { name: "a session without number", code: "SEQUENCE_INVALID", send: (target) => openSession(target, {}) },
  {
    name: "a session in an unknown time zone",
    code: "CONFIG_INVALID_VALUE",
    says: /Mars/,
    send: (target) => openSession(target, { session: 6, zone: "Mars/Base" }),
  },
  {
    name: "more sessions than allowed",
    code: "TOO_MANY_CONNECTIONS",
    send: async (target) => {
      const numbers = Array.from({ length: MAX_CONNECTIONS }, (_, i) => 100 + i);
      const opened = await Promise.allSettled(numbers.map((session) => openSession(target, { session })));
      const close = (session: number) =>
        asPeer(target, "client", (c) => call(c, "CloseSession", encodeMessage(CloseSessionRequest, { session })));
      await Promise.all(numbers.filter((_, i) => opened[i]?.status === "fulfilled").map(close));
      throw opened.find((result) => result.status === "rejected")?.reason;
    },
  },
  {
    name: "a statement to cancel that does not run",
    code: "STATEMENT_UNKNOWN",
    send: (target) => {
      const request = { session: target.client(2).session, statementId: 999 };
      return asPeer(target, "client", (c) => call(c, "Cancel", encodeMessage(CancelRequest, request)));
    },
  },
  {
    name: "hello with another cluster name",
    code: "CLUSTER_MISMATCH",
    says: /stranger/,
    send: (target) => {
      const hello = { nodeUuid: "x", clusterName: "stranger", protocolMin: 1, protocolMax: 1 };
      return asPeer(target, "meta", (connection) => call(connection, "Hello", encodeMessage(HelloMessage, hello)));
    },
  },
  {
    name: "hello with other settings",
    code: "CONFIG_MISMATCH",
    says: /must agree/,
    send: (target) => {
      const hello = { nodeUuid: "x", clusterName: "default", protocolMin: 1, protocolMax: 1 };
      const agreement = { default_replica_num: "2" };
      return asPeer(target, "meta", (c) => call(c, "Hello", encodeMessage(HelloMessage, { ...hello, agreement })));
    },
  },
  ...(Object.keys(SERVICES) as Door[]).map(
    (door): OnlineCase => ({
      name: `an unknown method on the ${door} port`,
      code: "UNSUPPORTED",
      send: (target) => asPeer(target, door, (connection) => call(connection, "Explode", GARBAGE)),
    }),
  ),
];
