export { fetchRing, fetchStatus, type NodeReport, type ReplicaReport, type RingReport, type StatusReport } from "./admin.ts";
