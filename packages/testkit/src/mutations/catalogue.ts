import { CLUSTER_MUTATIONS } from "./catalogue/cluster.ts";
import { APPLY_MUTATIONS, FLUSH_MUTATIONS } from "./catalogue/engine.ts";
import { MEMBERSHIP_MUTATIONS, SNAPSHOT_MUTATIONS } from "./catalogue/membership.ts";
import { ELECTION_MUTATIONS, REPLICATION_MUTATIONS } from "./catalogue/raft.ts";
import { RAFTLOG_MUTATIONS } from "./catalogue/raftlog.ts";
import { LEASE_MUTATIONS, READ_MUTATIONS } from "./catalogue/reads.ts";
import { STRANGER_MUTATIONS } from "./catalogue/strangers.ts";
import type { Mutation } from "./mutation.ts";

/** All planted bugs. A change of the code that one edits has to bring it up to date: a test tells. */
export const MUTATIONS: readonly Mutation[] = [
  ...ELECTION_MUTATIONS,
  ...REPLICATION_MUTATIONS,
  ...READ_MUTATIONS,
  ...LEASE_MUTATIONS,
  ...MEMBERSHIP_MUTATIONS,
  ...RAFTLOG_MUTATIONS,
  ...APPLY_MUTATIONS,
  ...FLUSH_MUTATIONS,
  ...SNAPSHOT_MUTATIONS,
  ...CLUSTER_MUTATIONS,
  ...STRANGER_MUTATIONS,
];

/** Throws, and lists the names, when there is no such mutation. */
export function mutationNamed(name: string): Mutation {
  const found = MUTATIONS.find((mutation) => mutation.name === name);
  if (found === undefined)
    throw new Error(`no mutation '${name}'; there are: ${MUTATIONS.map((mutation) => mutation.name).join(", ")}`);
  return found;
}
