export type { InitialLog, ProposalDraft, RaftOptions, TermRun } from "./options.ts";
export { RaftCore } from "./raft-core.ts";
export type { DiskRead, Ready } from "./ready.ts";
export type { IgnoredCounts, PeerState, PeerStatus, RaftStatus } from "./status.ts";
export * from "./types.ts";
