import type { NodeId } from "@ringtide/common";
import type { Configuration } from "./types.ts";

export type VoteResult = "won" | "lost" | "pending";

/** Highest index that a majority of `voters` has; no voters restrict nothing. */
function majorityIndex(voters: readonly NodeId[], matchOf: (id: NodeId) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const matches = voters.map(matchOf).sort((a, b) => b - a);
  return matches[Math.floor(voters.length / 2)] as number;
}

/** Highest index that a quorum has: of both voter sets in a joint configuration (thesis section 4.3). */
export function committedIndex(configuration: Configuration, matchOf: (id: NodeId) => number): number {
  return Math.min(majorityIndex(configuration.voters, matchOf), majorityIndex(configuration.votersOutgoing, matchOf));
}

function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  // For no voters the needed number is 0: what does not exist has agreed.
  const needed = voters.length === 0 ? 0 : Math.floor(voters.length / 2) + 1;
  if (granted >= needed) return "won";
  return granted + missing >= needed ? "pending" : "lost";
}

/** What the votes so far amount to: won needs both voter sets, lost either. Votes of others do not count. */
export function voteResult(configuration: Configuration, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(configuration.voters, votes);
  const outgoing = majorityVote(configuration.votersOutgoing, votes);
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}

/** Do the members that `has` holds for make a quorum? */
export function hasQuorum(configuration: Configuration, has: (id: NodeId) => boolean): boolean {
  return committedIndex(configuration, (id) => (has(id) ? 1 : 0)) >= 1;
}

/** Two voter sets must agree: a change is under way (thesis section 4.3). */
export function isJoint(configuration: Configuration): boolean {
  return configuration.votersOutgoing.length > 0;
}

export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.votersOutgoing.includes(id);
}

export function isMember(configuration: Configuration, id: NodeId): boolean {
  return isVoter(configuration, id) || configuration.learners.includes(id);
}

/** Everybody in the configuration once, voters first. */
export function membersOf(configuration: Configuration): readonly NodeId[] {
  return [...new Set([...configuration.voters, ...configuration.votersOutgoing, ...configuration.learners])];
}
