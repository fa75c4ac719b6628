import { killNode, type LocalClusterState, restartNode } from "@ringtide/cli";
import { connect, type Session } from "@ringtide/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endTestCluster, rpcAddresses, startTestCluster } from "./support/cluster.ts";

/** Enough for every group to own some. */
const DEVICES = 12;
const ROWS = Array.from({ length: DEVICES }, (_, i) => `INSERT INTO root.level.d${i}(time, s) VALUES (1, ${i})`);
const QUERY = "SELECT s FROM root.level.*";
/** A query's own time-out, and what a busy machine may add to it. */
const TIMEOUT_MS = 3000;
const SLACK_MS = 2000;

let state: LocalClusterState;
let sessions: Session[] = [];
beforeAll(async () => {
  state = await startTestCluster({ flags: { consistency_level: "strong" } });
  sessions = await Promise.all(rpcAddresses(state).map((address) => connect({ addresses: [address] })));
  for (const row of ROWS) await sessions[0]?.execute(row);
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await endTestCluster(state);
});

function at(node: number): Session {
  const session = sessions[node - 1];
  if (session === undefined) throw new Error(`no node ${node}`);
  return session;
}

async function ask(session: Session, sql: string, options = {}) {
  const result = await session.execute(sql, options);
  return { rows: await result.toArray(), served: result.served };
}

it("reads at strong where that is the node's default, at every node right after each write", async () => {
  for (let round = 1; round <= 10; round++) {
    await at((round % 3) + 1).execute(`INSERT INTO root.level.d0(time, s) VALUES (${round + 1}, ${round})`);
    await at((round % 3) + 1).execute(`CREATE STORAGE GROUP root.made${round}`);
    for (const session of sessions) {
      const last = await ask(session, "SELECT LAST s FROM root.level.d0");
      expect(last.rows.map((row) => row.values[1])).toEqual([`${round}.0`]);
      expect(last.served).toBe("leader");
      const groups = await ask(session, "SHOW STORAGE GROUP");
      expect(groups.rows.map((row) => row.values[0])).toContain(`root.made${round}`);
      expect(groups.served).toBe("leader");
    }
  }
});

it("fails at strong and falls back at mid within one time-out, over all groups, with two of three nodes down", async () => {
  await killNode(state.directory, 2);
  await killNode(state.directory, 3);
  for (const sql of [QUERY, "SHOW STORAGE GROUP", "COUNT TIMESERIES root.level"]) {
    const startedMs = performance.now();
    await expect(ask(at(1), sql, { timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({ code: "CONSISTENCY_UNAVAILABLE" });
    expect(performance.now() - startedMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    const fallBackMs = performance.now();
    const { rows, served } = await ask(at(1), sql, { timeoutMs: TIMEOUT_MS, consistency: "mid" });
    expect(served).toBe("local");
    expect(rows.length).toBeGreaterThan(0);
    expect(performance.now() - fallBackMs).toBeLessThan(TIMEOUT_MS);
  }
  await restartNode(state.directory, 2);
  const { rows, served } = await ask(at(1), QUERY, { timeoutMs: 30_000 });
  expect(rows.length).toBeGreaterThan(0);
  expect(served).toBe("leader");
});
