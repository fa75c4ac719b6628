import { fetchStatus } from "@ringtide/client";
import { type Address, RingtideError } from "@ringtide/common";
import { isNodeRunning, logTail } from "./processes.ts";
import type { LocalNode } from "./state.ts";

const POLL_MS = 100;

/** Waits until the nodes serve and every group has a leader; fails at once, with the end of its log, when a node's process ends. */
export async function waitReady(nodes: readonly LocalNode[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let problem = "";
  for (const node of nodes) {
    for (;;) {
      if (!isNodeRunning(node)) {
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
    const status = await fetchStatus(addressOf(node.rpc));
    const without = status.groups.find((group) => group.leader === 0);
    if (without !== undefined) return `group ${without.group} has no leader`;
    const behind = status.groups.find((group) =>
      group.replicas.some((replica) => replica.node === status.answeredBy && replica.serves !== true),
    );
    return behind === undefined ? "" : `its replica of group ${behind.group} has not caught up`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `host:port` as an address. */
export function addressOf(text: string): Address {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
