import type { NodeId } from "@ringtide/common";
import { decodeMessage, encodeMessage, JsonText, Nothing } from "@ringtide/proto";
import type { NodeStatus } from "./status.ts";
import type { Transport } from "./transport.ts";

const STATUS_TIMEOUT_MS = 1000;

/** What another node says of itself; NET_TIMEOUT when it does not answer within a second. */
export async function askStatus(transport: Transport, node: NodeId): Promise<NodeStatus> {
  const reply = await transport
    .metaConnection(node)
    .unary("LocalStatus", encodeMessage(Nothing, {}), { timeoutMs: STATUS_TIMEOUT_MS });
  return JSON.parse(decodeMessage(JsonText, reply, "status").json) as NodeStatus;
}
