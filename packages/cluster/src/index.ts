export { ClusterNode } from "./cluster-node.ts";
export type { ClusterOptions, Ports } from "./cluster-options.ts";
export { type Consistency, type Coordinator, refuseStrong, type Served } from "./coordinator.ts";
export type { FormationRecord, NodeAddresses } from "./formation.ts";
export type { RunningCluster } from "./running-cluster.ts";
export type { NodeStatus, ReplicaStatus } from "./status.ts";
