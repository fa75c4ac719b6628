import { fetchStatus, parseAddress, type StatusReport } from "@ringtide/client";

const POLL_MS = 100;

/** What the node at an address says of the cluster. */
export function statusAt(address: string): Promise<StatusReport> {
  return fetchStatus(parseAddress(address));
}

/** Index up to which each group is committed. */
export function committedOf({ groups }: StatusReport): ReadonlyMap<string, number> {
  return new Map(
    groups.map(({ group, replicas }) => [group, Math.max(...replicas.map(({ commitIndex }) => commitIndex ?? 0))]),
  );
}

/** The number by which the cluster knows the node with this client address. */
export function nodeNumber(status: StatusReport, address: string): number {
  const { port } = parseAddress(address);
  const found = status.nodes.find(({ clientPort }) => clientPort === port);
  if (found === undefined) throw new Error(`${address} is no node of the cluster`);
  return found.node;
}

/** Has this node's replica of each group applied what was committed? */
export function hasApplied(status: StatusReport, node: number, committed: ReadonlyMap<string, number>): boolean {
  return status.groups.every(({ group, replicas }) => {
    const own = replicas.find((replica) => replica.node === node);
    return own !== undefined && (own.appliedIndex ?? -1) >= (committed.get(group) ?? 0);
  });
}

/** Asks a node again and again until the answer is as wanted. */
export async function untilStatus(
  address: string,
  what: string,
  isDone: (status: StatusReport) => boolean,
  timeoutMs: number,
): Promise<StatusReport> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const status = await statusAt(address);
    if (isDone(status)) return status;
    if (performance.now() > untilMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
