import { connect, fetchStatus, parseAddress, type StatusReport } from "@ringtide/client";

const FLUSH_TIMEOUT_MS = 120_000;
const CHECKPOINT_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

export async function flush(addresses: readonly string[]): Promise<void> {
  const session = await connect({ addresses });
  await session.execute("FLUSH", { timeoutMs: FLUSH_TIMEOUT_MS });
  await session.close();
}

/** Flushes, and waits until every replica has in files what was committed before: FLUSH itself waits for the leaders only. */
export async function flushEveryReplica(addresses: readonly string[]): Promise<void> {
  const committed = new Map<string, number>();
  for (const { group, replicas } of await dataGroups(addresses))
    committed.set(group, Math.max(...replicas.map(({ commitIndex }) => commitIndex ?? 0)));
  await flush(addresses);
  const untilMs = performance.now() + CHECKPOINT_TIMEOUT_MS;
  for (;;) {
    const behind = (await dataGroups(addresses)).filter(({ group, replicas }) =>
      replicas.some(({ checkpointIndex }) => (checkpointIndex ?? -1) < (committed.get(group) ?? 0)),
    );
    if (behind.length === 0) return;
    if (performance.now() > untilMs)
      throw new Error(`no checkpoint on every replica of ${behind.map(({ group }) => group).join(", ")} after 60 s`);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

/** The groups that FLUSH concerns: the meta group has checkpoints at its own pace. */
async function dataGroups(addresses: readonly string[]): Promise<StatusReport["groups"]> {
  const [first = ""] = addresses;
  return (await fetchStatus(parseAddress(first))).groups.filter(({ group }) => group !== "meta");
}
