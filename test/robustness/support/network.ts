import type { NodePorts } from "@ringtide/cli";

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
