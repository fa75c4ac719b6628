import type { SeededRandom } from "../../random/seeded-random.ts";
import type { SimCluster } from "../sim-cluster.ts";
import type { SimNode } from "../sim-node.ts";

export const FAULT_KINDS = [
  "kill",
  "power loss",
  "power loss of all",
  "clean restart",
  "pause",
  "partition",
  "one-way partition",
  "isolated node",
  "reset connections",
  "slow link",
  "late answers",
  "drop messages",
  "duplicate messages",
  "reorder messages",
  "clock skew",
  "clock jump",
  "slow disk",
  "stalled disk",
  "disk full",
  "write error",
  "sync error",
  "rotten log",
  "rotten file",
  "empty disk",
  "leader transfer",
  "membership change",
  "flush",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Bytes of a disk that rotted. */
interface Damage {
  /** As from a backup. */
  readonly mend: () => void;
  /** True when the disk does not have the bad bytes any more, or they are in a log, which goes on behind them. */
  readonly isGone: () => boolean;
}

/** Where a disk is, or that of the log, while an empty one stands in its place. */
export const DATA_ASIDE = "/data-aside";
export const LOG_ASIDE = "/log-aside";

/** What a fault works on. */
export interface Scene {
  readonly cluster: SimCluster;
  readonly random: SeededRandom;
  /** The node's disk has damage that is not known to be repaired, and what takes it back: no other may be damaged meanwhile. */
  readonly damaged: Map<SimNode, Damage>;
  /** Nodes that have an empty disk in the place of their own. */
  readonly strangers: Set<SimNode>;
  /** A line for the trace. */
  say(line: string): void;
}

/** Something that goes wrong for a while. */
export interface FaultUnderWay {
  /** For how long, ms of virtual time. */
  readonly forMs: number;
  /** Undoes it. Called once, also when the node has been restarted meanwhile. */
  readonly end: () => void;
}

/** Starts a fault; undefined when it makes no sense now. */
export type StartFault = (scene: Scene) => FaultUnderWay | undefined;

export function upNodes({ cluster }: Scene): SimNode[] {
  return cluster.nodes.filter((node) => node.state === "runs" && !node.isPaused);
}

/** A node that runs, if the others that run still make a majority of all: so that work goes on. */
export function spareNode(scene: Scene): SimNode | undefined {
  const up = upNodes(scene);
  const { nodes } = scene.cluster;
  return (up.length - 1) * 2 > nodes.length ? scene.random.pick(up) : undefined;
}

/** Every group of the cluster has three voters or more, and no change of them is under way: the damage of one node is the damage of a minority. */
export function canSpareCopies({ cluster, damaged }: Scene): boolean {
  if (damaged.size > 0 || cluster.nodes.some((node) => node.state !== "runs")) return false;
  return cluster.nodes.every((node) =>
    (node.node?.cluster.localStatus().replicas ?? []).every(({ group, appliedIndex, commitIndex }) => {
      const configuration = node.node?.cluster.snapshotGroup(group)?.raft.status().configuration;
      if (configuration === undefined) return false;
      const { voters, votersOutgoing, learners } = configuration;
      return voters.length > 2 && votersOutgoing.length === 0 && learners.length === 0 && appliedIndex === commitIndex;
    }),
  );
}

export function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1));
  return out;
}
