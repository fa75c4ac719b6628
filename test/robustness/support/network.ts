import { choosePorts, type NodePorts } from "@ringtide/cli";
import { hasCode } from "@ringtide/common";

/** Where the nodes of a cluster live, and how they reach each other. */
export interface Network {
  /** Address of a node, which all others know it by. */
  hostOf(node: number): string;
  /** What its process is started through. */
  commandOf(node: number): readonly string[];
  /** What it dials instead of the others' addresses. */
  dialOf(node: number): Readonly<Record<string, string>>;
  /** Called once the ports are known. */
  open(ports: readonly NodePorts[]): Promise<void>;
  /** Removes everything that was made. */
  close(): Promise<void>;
}

export const LOOPBACK = "127.0.0.1";

/** All on the loopback interface, without anything between them. */
export const directNetwork: Network = {
  hostOf: () => LOOPBACK,
  commandOf: () => [],
  dialOf: () => ({}),
  open: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Below the range that the system gives to outgoing connections: none of them takes the port of a node that is down. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const PORTS_PER_NODE = 6;
const ATTEMPTS = 100;

export async function freePorts(nodes: number): Promise<NodePorts[]> {
  const span = LAST_PORT - FIRST_PORT - nodes * PORTS_PER_NODE;
  for (let attempt = 1; ; attempt++) {
    try {
      return await choosePorts(nodes, FIRST_PORT + Math.floor(Math.random() * span));
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, "ADDRESS_IN_USE")) throw error;
    }
  }
}
