import { nullLogger, RingtideError } from "@ringtide/common";
import { createMetrics, systemClock } from "@ringtide/common/node";
import { CLIENT_SERVICE, decodeMessage, encodeMessage, JsonResponse, NodeStatusRequest } from "@ringtide/proto";
import { createNet } from "@ringtide/rpc";
import { isNodeRunning, logTail } from "./processes.ts";
import type { LocalNode } from "./state.ts";

const POLL_MS = 100;
const CALL_TIMEOUT_MS = 2000;
const MAX_STATUS_BYTES = 16 * 1024 * 1024;

/** What `nodetool status --format json` prints, as far as the launcher looks at it. */
export interface StatusReport {
  readonly nodes: readonly { readonly node: number; readonly alive: boolean; readonly clientPort: number }[];
  readonly groups: readonly {
    readonly group: string;
    readonly leader: number;
    readonly term: number;
    readonly replicas: readonly {
      readonly node: number;
      readonly alive: boolean;
      readonly role?: string;
      readonly commitIndex?: number;
      readonly appliedIndex?: number;
      readonly lastIndex?: number;
      readonly checkpointIndex?: number;
    }[];
  }[];
}

/** Asks one node for the status of the cluster. */
export async function fetchStatus(rpcAddress: string): Promise<StatusReport> {
  const colon = rpcAddress.lastIndexOf(":");
  const net = createNet({ logger: nullLogger, metrics: createMetrics(), clock: systemClock });
  const connection = net.connect(
    { host: rpcAddress.slice(0, colon), port: Number(rpcAddress.slice(colon + 1)) },
    { service: CLIENT_SERVICE, metadata: {}, maxMessageBytes: MAX_STATUS_BYTES, connectTimeoutMs: CALL_TIMEOUT_MS },
  );
  try {
    const reply = await connection.unary("NodeStatus", encodeMessage(NodeStatusRequest, {}), {
      timeoutMs: CALL_TIMEOUT_MS,
    });
    return JSON.parse(decodeMessage(JsonResponse, reply, "status").json) as StatusReport;
  } finally {
    connection.close();
  }
}

/** Waits until the nodes serve and every group has a leader; fails at once, with the end of its log, when a node's process ends. */
export async function waitReady(nodes: readonly LocalNode[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let problem = "";
  for (const node of nodes) {
    for (;;) {
      if (!isNodeRunning(node.pid)) {
        throw new RingtideError(
          "INTERNAL",
          `node ${node.number} ended; the end of ${node.logFile}:\n${logTail(node.logFile)}`,
        );
      }
      problem = await problemOf(node);
      if (problem === "") break;
      if (Date.now() > deadline) {
        throw new RingtideError(
          "NOT_FORMED",
          `node ${node.number} is not ready after ${timeoutMs} ms: ${problem}; see ${node.logFile}`,
        );
      }
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }
}

async function problemOf(node: LocalNode): Promise<string> {
  try {
    const status = await fetchStatus(node.rpc);
    const without = status.groups.find((group) => group.leader === 0);
    return without === undefined ? "" : `group ${without.group} has no leader`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
