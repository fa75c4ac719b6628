import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterNode, type ClusterOptions, type NodeAddresses } from "@ringtide/cluster";
import { inlineCompute, type Logger, nullLogger } from "@ringtide/common";
import { createDisk, createMetrics, openLevelKv, systemClock, systemRandom } from "@ringtide/common/node";
import { createNet } from "@ringtide/rpc";

/** `count` free ports, each with a free port after it. */
async function freePortPairs(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    // Below those that other tests choose from, which run at the same time, and those that connections get.
    const port = 10_000 + Math.floor(Math.random() * 5_000) * 2;
    if (!found.includes(port) && (await isFree(port)) && (await isFree(port + 1))) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export async function chooseAddresses(count: number): Promise<NodeAddresses[]> {
  const ports = await freePortPairs(count * 3);
  return Array.from({ length: count }, (_, i) => ({
    host: "127.0.0.1",
    metaPort: ports[i * 3] as number,
    dataPort: ports[i * 3 + 1] as number,
    clientPort: ports[i * 3 + 2] as number,
  }));
}

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "ringtide-cluster-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Options of a node with real ports, in this process. */
export function nodeOptions(
  directory: string,
  seeds: readonly NodeAddresses[],
  index: number,
  changes: Partial<ClusterOptions> = {},
  logger: Logger = nullLogger,
): ClusterOptions {
  const metrics = createMetrics();
  return {
    ports: {
      clock: systemClock,
      random: systemRandom,
      disk: createDisk(),
      openKv: openLevelKv,
      net: createNet({ logger, metrics, clock: systemClock }),
      compute: inlineCompute,
      logger,
      metrics,
    },
    dataDirectory: `${directory}/node-${index + 1}`,
    logDirectory: `${directory}/node-${index + 1}/log`,
    clusterName: "test",
    addresses: seeds[index] as NodeAddresses,
    bindHost: "127.0.0.1",
    seeds,
    agreement: { default_replica_num: "3" },
    internalSecret: "",
    replicas: Math.min(3, seeds.length),
    groupsPerHeader: 1,
    slotStrategy: { name: "device-hash", slotCount: 10_000, salt: 2333 },
    precision: "ms",
    autoCreateSchema: true,
    tickMs: 20,
    heartbeatMs: 60,
    electionMinMs: 400,
    electionMaxMs: 800,
    diskStallLimitMs: 10_000,
    loopStallLimitMs: 10_000,
    connectTimeoutMs: 2000,
    writeTimeoutMs: 10_000,
    readTimeoutMs: 10_000,
    diskLowWaterBytes: 0,
    diskReserveBytes: 0,
    maxConnections: 1000,
    maxEntryBytes: 16 * 1024 * 1024,
    segmentBytes: 64 * 1024 * 1024,
    memoryEntriesMin: 1000,
    memoryEntriesMax: 2000,
    memtableCloseBytes: 16 * 1024 * 1024,
    memtableLimitBytes: 256 * 1024 * 1024,
    logCloseBytes: 64 * 1024 * 1024,
    logRetainBytes: 320 * 1024 * 1024,
    logRetainEntries: 1_000_000,
    catchUpTimeoutMs: 60_000,
    snapshotBytesPerSecond: 64 * 1024 * 1024,
    quiesceAfterMs: 1000,
    leaseReads: false,
    shutdownGraceMs: 200,
    runFragment: async function* () {
      yield new Uint8Array(0);
    },
    onFatal: (error) => {
      throw error;
    },
    ...changes,
  };
}

export function startNode(
  options: ClusterOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<ClusterNode> {
  return ClusterNode.start(options, signal);
}

export async function eventually(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
