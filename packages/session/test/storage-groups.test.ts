import type { ClusterNode } from "@ringtide/cluster";
import { nullLogger, type SlotStrategy } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { SessionService } from "@ringtide/session";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  chooseAddresses,
  eventually,
  nodeOptions,
  startNode,
  temporaryDirectory,
} from "../../cluster/test/support/nodes.ts";

const SLOTS: SlotStrategy = { name: "device-hash", slotCount: 10_000, salt: 2333 };

let node: ClusterNode;
let sessions: SessionService;
let directory: { readonly path: string; remove(): void };
beforeEach(async () => {
  directory = temporaryDirectory();
  const seeds = await chooseAddresses(1);
  node = await startNode(nodeOptions(directory.path, seeds, 0));
  const { cluster } = node;
  await eventually("the group has a leader", () => cluster.dataGroup(16)?.raft.status().leaderReady === true);
  sessions = new SessionService({
    cluster,
    clock: systemClock,
    logger: nullLogger,
    slotStrategy: SLOTS,
    precision: "ms",
    defaultZone: "UTC",
    defaultConsistency: "mid",
    autoCreateSchema: true,
    maxWriteBytes: 1_000_000,
    queryTimeoutMs: 5000,
    queryMemoryBytes: 1_000_000,
    maxQueryConcurrency: 4,
    sessionTimeoutMs: 60_000,
    maxSessions: 10,
  });
});
afterEach(async () => {
  sessions.shutdown();
  await node.close();
  directory.remove();
});

it("takes no insert for a device that lies in no storage group and cannot get one", async () => {
  const session = sessions.open({ session: 1, principal: { name: "root" }, zone: "" });
  const execute = (sql: string) =>
    sessions.execute(session, {
      sql,
      statementId: 1,
      numbering: undefined,
      timeoutMs: 0,
      consistency: undefined,
      signal: new AbortController().signal,
    });
  await execute("create storage group root.plant.line1");
  await execute("insert into root.plant.line1.d(timestamp, s) values (1, 1)");
  await expect(execute("insert into root.plant.line2.d(timestamp, s) values (1, 1)")).rejects.toMatchObject({
    code: "STORAGE_GROUP_EXISTS",
    message: expect.stringContaining("root.plant.line1"),
  });
  expect(node.cluster.dataGroup(16)?.storage.schema.seriesCount).toBe(1);
}, 20_000);
