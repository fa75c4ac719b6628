export {
  destroyCluster,
  killNode,
  restartNode,
  type StartOptions,
  startCluster,
  stopCluster,
} from "./local-cluster/local-cluster.ts";
export { choosePorts, type NodePorts } from "./local-cluster/ports.ts";
export { addressOf } from "./local-cluster/readiness.ts";
export type { LocalClusterState, LocalNode } from "./local-cluster/state.ts";
