export { addressText, parseAddress } from "./addresses.ts";
export {
  fetchRing,
  fetchStatus,
  type NodeReport,
  type ReplicaReport,
  type RingReport,
  type StatusReport,
} from "./admin.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export type { Result, ResultColumn, Row } from "./result.ts";
export type { ClusterInfo, ExecuteOptions, InsertOptions, Session } from "./session.ts";
export { Tablet, type TabletColumn, type Times, tabletFromArrays, type Values } from "./tablet.ts";
