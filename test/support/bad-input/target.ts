import { readFileSync } from "node:fs";
import { addressOf, type LocalClusterState, type LocalNode } from "@ringtide/cli";
import { fetchStatus, type StatusReport } from "@ringtide/client";
import { type Address, dataGroup, groupName } from "@ringtide/common";
import { eventually } from "../cluster.ts";
import { RawClient } from "./raw-client.ts";

/** Connections that one door takes in this test. */
export const MAX_CONNECTIONS = 10;
/** raft_log_buffer_size in this test. */
export const MAX_WRITE_BYTES = 128 * 1024;

export const DOORS = ["meta", "meta heartbeat", "data", "data heartbeat", "client"] as const;
export type Door = (typeof DOORS)[number];

/** The cluster that all bad input goes to, and what the test must know of it. */
export class Target {
  readonly state: LocalClusterState;
  readonly clients: readonly RawClient[];
  readonly clusterUuid: string;
  /** By node, from 0. */
  readonly nodeUuids: readonly string[];

  private constructor(state: LocalClusterState, clients: readonly RawClient[], clusterUuid: string) {
    this.state = state;
    this.clients = clients;
    this.clusterUuid = clusterUuid;
    this.nodeUuids = state.nodes.map(({ dataDirectory }) => {
      const identity = JSON.parse(readFileSync(`${dataDirectory}/identity.json`, "utf8")) as { nodeUuid: string };
      return identity.nodeUuid;
    });
  }

  static async open(state: LocalClusterState): Promise<Target> {
    const { cluster } = await fetchStatus(addressOf(state.nodes[0]?.rpc ?? ""));
    const session = Math.floor(Math.random() * 1e15) + 1;
    const clients = await Promise.all(state.nodes.map((node) => RawClient.open(addressOf(node.rpc), session)));
    return new Target(state, clients, cluster.uuid);
  }

  node(number: number): LocalNode {
    const node = this.state.nodes[number - 1];
    if (node === undefined) throw new Error(`no node ${number}`);
    return node;
  }

  client(number: number): RawClient {
    const client = this.clients[number - 1];
    if (client === undefined) throw new Error(`no node ${number}`);
    return client;
  }

  address(number: number, door: Door): Address {
    const { meta, data, rpc } = this.node(number);
    switch (door) {
      case "meta":
        return addressOf(meta);
      case "meta heartbeat":
        return next(addressOf(meta));
      case "data":
        return addressOf(data);
      case "data heartbeat":
        return next(addressOf(data));
      case "client":
        return addressOf(rpc);
    }
  }

  /** What node `number` sends with each internal call. */
  metadata(number: number): Record<string, string> {
    return {
      "ringtide-cluster": this.clusterUuid,
      "ringtide-node": String(number),
      "ringtide-uuid": this.nodeUuids[number - 1] ?? "",
    };
  }

  status(number = 1): Promise<StatusReport> {
    return fetchStatus(this.address(number, "client"));
  }

  /** Lines of a node's log about malformed input on a port. */
  malformedLines(number: number, port: number): number {
    const lines = readFileSync(this.node(number).logFile, "utf8").split("\n");
    return lines.filter((line) => line.includes('"code":"FRAME_MALFORMED"') && line.includes(`"port":${port}`)).length;
  }

  /** Waits until each node leads the group that it heads, so that no change of leader comes between. */
  async settle(): Promise<void> {
    await eventually("every group is led by its header", 30_000, async () => {
      const { groups } = await this.status();
      const led = this.state.nodes.every(({ number }) =>
        groups.some((group) => group.group === groupName(dataGroup(number, 0)) && group.leader === number),
      );
      return led && groups.every(({ replicas }) => new Set(replicas.map((replica) => replica.lastIndex)).size === 1);
    });
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

function next({ host, port }: Address): Address {
  return { host, port: port + 1 };
}

/** Where the logs stand: term and last index of each group, at its leader. */
export interface LogPositions {
  readonly terms: string;
  readonly meta: number;
  /** Sum over the data groups. */
  readonly data: number;
}

export function positionsOf(status: StatusReport): LogPositions {
  const last = status.groups.map((group) => Math.max(...group.replicas.map((replica) => replica.lastIndex ?? 0)));
  const [meta = 0, ...data] = last;
  return {
    terms: status.groups.map((group) => `${group.group}@${group.term}`).join(" "),
    meta,
    data: data.reduce((sum, index) => sum + index, 0),
  };
}
