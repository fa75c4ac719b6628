export { ClusterNode } from "./cluster-node.ts";
export type { ClusterOptions, Ports } from "./cluster-options.ts";
export type { Coordinator } from "./coordinator.ts";
export type { FormationRecord, NodeAddresses } from "./formation.ts";
export type { Served } from "./group-reader.ts";
export type { Consistency } from "./leader-call.ts";
export type { RunningCluster } from "./running-cluster.ts";
export type { NodeStatus, ReplicaStatus } from "./status.ts";
