import { addressOf, type LocalClusterState } from "@ringtide/cli";
import { fetchRing, tabletFromArrays } from "@ringtide/client";
import { type Connection, type MessageStream, nullLogger, randomId } from "@ringtide/common";
import { createMetrics, systemClock, systemRandom } from "@ringtide/common/node";
import {
  CLIENT_PROTOCOL,
  CLIENT_SERVICE,
  decodeMessage,
  encodeMessage,
  InsertRequest,
  InsertResponse,
  OpenSessionRequest,
  OpenSessionResponse,
} from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endTestCluster, eventually, rpcAddresses, startTestCluster } from "./support/cluster.ts";

/** Enough for every group to own some. */
const DEVICES = Array.from({ length: 12 }, (_, i) => `root.redirect.d${i}`);

let state: LocalClusterState;
const connections: Connection[] = [];
const streams: MessageStream[] = [];
beforeAll(async () => {
  state = await startTestCluster();
});
afterAll(async () => {
  for (const stream of streams) stream.close();
  for (const connection of connections) connection.close();
  await endTestCluster(state);
});

const session = randomId(systemRandom);
let lastSequence = 0;

/** A session opened at one node, and a stream of inserts there: one at a time, as they are asked for. */
async function openAt(address: string) {
  const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  const connection = net.connect(addressOf(address), {
    service: CLIENT_SERVICE,
    metadata: {},
    maxMessageBytes: 1024 * 1024,
    connectTimeoutMs: 2000,
  });
  connections.push(connection);
  const request = encodeMessage(OpenSessionRequest, {
    session,
    clientName: "test",
    protocolMin: CLIENT_PROTOCOL.min,
    protocolMax: CLIENT_PROTOCOL.max,
  });
  const answer = await connection.unary("OpenSession", request, { timeoutMs: 5000 });
  const { nodeId } = decodeMessage(OpenSessionResponse, answer, "answer to open session");
  const stream = connection.duplex("Insert");
  streams.push(stream);
  let waiting: PromiseWithResolvers<InsertResponse> | undefined;
  stream.onMessage((message) => waiting?.resolve(decodeMessage(InsertResponse, message, "answer to an insert")));
  stream.onClose((error) => waiting?.reject(error ?? new Error(`${address} ended the stream`)));
  const insert = (device: string): Promise<InsertResponse> => {
    const { measurements, blocks } = tabletFromArrays({
      device,
      times: [1],
      columns: [{ name: "s", type: "DOUBLE", values: [1.5] }],
    });
    waiting = Promise.withResolvers();
    const sequence = ++lastSequence;
    stream.write(
      encodeMessage(InsertRequest, {
        session,
        sequence,
        blocks: blocks.map((block) => ({ device, measurements, block })),
      }),
    );
    return waiting.promise;
  };
  return { nodeId, address, insert };
}

/** Every group is led by its header: from then on leadership stays. */
async function settled(): Promise<boolean> {
  const [first = ""] = rpcAddresses(state);
  const { groups } = await fetchRing(addressOf(first));
  return groups.every((group) => group.leader === group.header);
}

it("names, with every insert that another node leads, that leader's address for clients", async () => {
  await eventually("every group is led by its header", 30_000, settled);
  const nodes = await Promise.all(rpcAddresses(state).map(openAt));
  expect(new Set(nodes.map((node) => node.nodeId)).size).toBe(3);
  const leaders = new Set<number>();
  for (const device of DEVICES) {
    const answers: { node: (typeof nodes)[number]; response: InsertResponse }[] = [];
    for (const node of nodes) answers.push({ node, response: await node.insert(device) });
    for (const { response } of answers) expect(response).toMatchObject({ error: null, affected: 1 });
    // The one that leads says nothing; the two others name it.
    const silent = answers.filter(({ response }) => response.redirect === null);
    expect(silent).toHaveLength(1);
    const leader = silent[0]?.node;
    leaders.add(leader?.nodeId ?? 0);
    for (const { node, response } of answers) {
      if (node !== leader) expect(response.redirect).toEqual({ nodeId: leader?.nodeId, address: leader?.address });
    }
  }
  expect(leaders.size).toBe(3);
});
