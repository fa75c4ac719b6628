import { ClusterNode, type Ports, type RunningCluster } from "@ringtide/cluster";
import type { Config, Listener } from "@ringtide/common";
import { SessionService } from "@ringtide/session";
import { openClientDoor } from "./client-door.ts";
import { clusterOptions, refuseUnbuilt } from "./options.ts";

const SERVER_VERSION = "0.1.0";

export interface NodeOptions {
  readonly config: Config;
  /** Directory that relative paths of the configuration start from. */
  readonly home: string;
  readonly ports: Ports;
  readonly onFatal: (error: Error) => void;
  /** Ends the wait for the other seeds. */
  readonly signal: AbortSignal;
}

/** As many queries as their share of the memory budget holds at their full size. */
function queriesAtOnce(config: Config): number {
  const share = config.memoryBudgetBytes * (config.queryMemoryPercent / 100);
  return Math.max(1, Math.min(config.maxQueryConcurrency, Math.floor(share / config.queryMemoryBytes)));
}

/** A whole node: cluster, sessions, doors. The composition root of the server. */
export class Node {
  readonly #cluster: ClusterNode;
  readonly #sessions: SessionService;
  readonly #door: Listener;
  readonly #graceMs: number;

  private constructor(cluster: ClusterNode, sessions: SessionService, door: Listener, graceMs: number) {
    this.#cluster = cluster;
    this.#sessions = sessions;
    this.#door = door;
    this.#graceMs = graceMs;
  }

  /** Resolves once clients are served. */
  static async start(options: NodeOptions): Promise<Node> {
    const { config, ports } = options;
    refuseUnbuilt(config);
    const clusterConfig = clusterOptions(config, options.home, ports, options.onFatal);
    const node = await ClusterNode.start(clusterConfig, options.signal);
    const { cluster } = node;
    const sessions = new SessionService({
      cluster,
      clock: ports.clock,
      logger: ports.logger,
      slotStrategy: cluster.record.slotStrategy,
      precision: cluster.record.precision,
      defaultZone: config.timeZone,
      defaultConsistency: config.consistencyLevel,
      autoCreateSchema: config.enableAutoCreateSchema,
      maxWriteBytes: config.raftLogBufferSize,
      queryTimeoutMs: config.queryTimeoutMs,
      queryMemoryBytes: config.queryMemoryBytes,
      maxQueryConcurrency: queriesAtOnce(config),
      sessionTimeoutMs: config.sessionTimeoutMs,
      maxSessions: config.maxConcurrentClientNum,
    });
    try {
      const door = await openClientDoor({
        net: ports.net,
        address: { host: clusterConfig.bindHost, port: config.clusterRpcPort },
        sessions,
        cluster,
        maxConnections: config.maxConcurrentClientNum,
        maxWriteBytes: config.raftLogBufferSize,
        insertWindowRequests: config.insertWindowRequests,
        insertWindowBytes: config.insertWindowBytes,
        serverVersion: SERVER_VERSION,
      });
      return new Node(node, sessions, door, config.shutdownGraceMs);
    } catch (error) {
      sessions.shutdown();
      await node.close();
      throw error;
    }
  }

  /** What runs on this node: its groups and their state. */
  get cluster(): RunningCluster {
    return this.#cluster.cluster;
  }

  /** Stops cleanly: the door first, then sessions, then the cluster. */
  async close(): Promise<void> {
    await this.#door.close(this.#graceMs);
    this.#sessions.shutdown();
    await this.#cluster.close();
  }
}
