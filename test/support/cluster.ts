import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, destroyCluster, type LocalClusterState, startCluster } from "@ringtide/cli";
import { fetchStatus, type StatusReport } from "@ringtide/client";

/** Starts real node processes on free ports in a temporary directory. */
export function startTestCluster(options: { nodes?: number; replicas?: number; flags?: Record<string, string> } = {}) {
  const nodes = options.nodes ?? 3;
  return startCluster({
    directory: mkdtempSync(join(tmpdir(), "ringtide-test-")),
    nodes,
    replicas: options.replicas ?? nodes,
    basePort: undefined,
    flags: { log_level: "info", ...options.flags },
  });
}

/** Ends every process that the cluster started, by its pid, and removes its directory. */
export async function endTestCluster(state: LocalClusterState | undefined): Promise<void> {
  if (state !== undefined) await destroyCluster(state.directory);
}

export function rpcAddresses(state: LocalClusterState): string[] {
  return state.nodes.map((node) => node.rpc);
}

/** Asks the first node that answers. */
export async function statusOf(addresses: readonly string[]): Promise<StatusReport> {
  let last: unknown;
  for (const address of addresses) {
    try {
      return await fetchStatus(addressOf(address));
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Polls until `holds` is true; fails with `what` after the time-out. */
export async function eventually(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await holds()) return;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Waits until every replica of every group has applied what its group had committed at the call. */
export async function caughtUp(addresses: readonly string[], timeoutMs = 60_000): Promise<void> {
  const before = await statusOf(addresses);
  const commits = new Map(before.groups.map((g) => [g.group, Math.max(...g.replicas.map((r) => r.commitIndex ?? 0))]));
  await eventually("all replicas caught up", timeoutMs, async () => {
    const now = await statusOf(addresses);
    return now.groups.every((g) => g.replicas.every((r) => (r.appliedIndex ?? -1) >= (commits.get(g.group) ?? 0)));
  });
}
