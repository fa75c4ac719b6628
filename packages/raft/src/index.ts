export { decodeConfiguration, encodeConfiguration } from "./configuration.ts";
export type { InitialLog, ProposalDraft, RaftOptions, TermRun } from "./options.ts";
export { RaftCore } from "./raft-core.ts";
export type { DiskRead, ReadState, Ready, SnapshotOffer } from "./ready.ts";
export type { HeldSnapshot } from "./snapshots.ts";
export type { IgnoredCounts, PeerState, PeerStatus, RaftStatus } from "./status.ts";
export * from "./types.ts";
