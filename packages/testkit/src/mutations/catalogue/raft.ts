import type { Mutation } from "../mutation.ts";

const SRC = "packages/raft/src";

export const ELECTION_MUTATIONS: readonly Mutation[] = [
  {
    name: "vote-not-persisted",
    file: `${SRC}/take-ready.ts`,
    pattern: "    hardState,\n    entries:",
    replacement: "    hardState: hardState && { term: hardState.term, vote: 0 },\n    entries:",
    what: "the hard state goes to disk without the vote: after a restart the replica votes again in the same term",
  },
  {
    name: "vote-answered-before-it-is-durable",
    file: `${SRC}/election.ts`,
    pattern: "if (granted && !message.preVote) sendPromise(state, response);",
    replacement: "if (granted && !message.preVote) state.outbox.messages.push(response);",
    what: "a vote leaves before it is on disk, and a crash in between forgets it",
  },
  {
    name: "own-vote-not-awaited",
    file: `${SRC}/election.ts`,
    pattern: "else sendPromise(state, request);",
    replacement: "else state.outbox.messages.push(request);",
    what: "a candidate asks for votes before its own is on disk: it may lead a term in which it votes for another after a crash",
  },
  {
    name: "several-votes-in-a-term",
    file: `${SRC}/election.ts`,
    pattern: "    state.vote === message.from ||\n",
    replacement: "    state.vote !== state.options.self ||\n",
    what: "a replica gives its vote of one term to everybody who asks",
  },
  {
    name: "vote-forgotten-within-its-term",
    file: `${SRC}/roles.ts`,
    pattern: "  if (term === state.term) return;\n",
    replacement: "",
    what: "becoming a follower in the same term forgets the vote that was given in it",
  },
  {
    name: "vote-for-a-shorter-log",
    file: `${SRC}/election.ts`,
    pattern: "(message.lastTerm === log.lastTerm && message.lastIndex >= log.lastIndex)",
    replacement: "message.lastTerm === log.lastTerm",
    what: "of two logs with the same last term the shorter one gets the vote too",
  },
  {
    name: "election-restriction-dropped",
    file: `${SRC}/election.ts`,
    pattern: "const granted = state.mayVote && upToDate && free &&",
    replacement: "const granted = state.mayVote && free &&",
    what: "votes do not ask whether the candidate's log is as complete as their own",
  },
  {
    name: "damaged-replica-votes",
    file: `${SRC}/election.ts`,
    pattern: "const granted = state.mayVote && upToDate &&",
    replacement: "const granted = upToDate &&",
    what: "a replica that lost durable entries votes as if its log were whole",
  },
];

export const REPLICATION_MUTATIONS: readonly Mutation[] = [
  {
    name: "entry-of-an-old-term-committed-by-counting",
    file: `${SRC}/commit.ts`,
    pattern: " || state.log.term(index) !== state.term) return",
    replacement: ") return",
    what: "a leader commits entries of former terms by counting replicas (thesis figure 3.7)",
  },
  {
    name: "own-disk-counted-early",
    file: `${SRC}/commit.ts`,
    pattern: "const durableHere = state.durable.index;",
    replacement: "const durableHere = state.log.lastIndex;",
    what: "the leader counts itself for entries that are not on its own disk yet",
  },
  {
    name: "quorum-of-one-less",
    file: `${SRC}/quorum.ts`,
    pattern: "matches[Math.floor(voters.length / 2)]",
    replacement: "matches[Math.max(0, Math.floor(voters.length / 2) - 1)]",
    what: "one replica less than a majority commits",
  },
  {
    name: "joint-quorum-of-the-new-voters-only",
    file: `${SRC}/quorum.ts`,
    pattern:
      "Math.min(majorityIndex(configuration.voters, matchOf), majorityIndex(configuration.votersOutgoing, matchOf))",
    replacement: "majorityIndex(configuration.voters, matchOf)",
    what: "during a membership change the majority of the old voters is not asked for",
  },
  {
    name: "stale-match-trusted",
    file: `${SRC}/leading.ts`,
    pattern: "if (rejectedPrevIndex === peer.match) peer.match = Math.max(0, Math.min(hint, peer.match - 1));",
    replacement: "",
    what: "a leader goes on counting what a follower matched before its log was damaged, and asks for nothing below",
  },
  {
    name: "acknowledged-beyond-what-was-compared",
    file: `${SRC}/following.ts`,
    pattern: "const matched = Math.max(prevIndex + entries.length,",
    replacement: "const matched = Math.max(log.lastIndex,",
    what: "a follower acknowledges all of its log, not the part that the request compared",
  },
  {
    name: "acknowledged-before-it-is-durable",
    file: `${SRC}/following.ts`,
    pattern: "if (state.durable.index >= following.matched) acknowledge(state, message.from);",
    replacement:
      "sendPromise(state, appendResponse(state, message.from, { reject: false, index: following.matched, hintTerm: 0, rejectedPrevIndex: 0 }));",
    what: "a follower acknowledges entries that are on their way to its disk",
  },
  {
    name: "acknowledged-entries-truncated",
    file: `${SRC}/following.ts`,
    pattern: "const skip = firstNew(state, entries);",
    replacement: "const skip = Math.min(firstNew(state, entries), Math.max(0, state.commit - prevIndex));",
    what: "a request that comes late or twice cuts off the entries behind it, though they match",
  },
  {
    name: "beat-tells-an-uncompared-commit",
    file: `${SRC}/rounds.ts`,
    pattern: "commit: Math.min(peer.match, state.commit),",
    replacement: "commit: state.commit,",
    what: "a beat tells followers to commit what their logs were never compared for",
  },
  {
    name: "commit-beyond-what-was-compared",
    file: `${SRC}/following.ts`,
    pattern: "learnCommit(state, message.commit, following.matched);",
    replacement: "learnCommit(state, message.commit, log.lastIndex);",
    what: "a follower commits up to the leader's commit index, also where its log was not compared",
  },
  {
    name: "replaced-entries-stay-durable",
    file: `${SRC}/following.ts`,
    pattern: "    state.durable.truncateFrom(firstIndex);\n",
    replacement: "",
    what: "entries that replace others are taken for durable, and never written",
  },
  {
    name: "replaced-write-counts-as-durable",
    file: `${SRC}/durability.ts`,
    pattern: "    for (const later of this.#writes) stable = Math.min(stable, later.firstIndex - 1);\n",
    replacement: "",
    what: "the end of a write tells entries durable that a later write, still under way, replaces",
  },
  {
    name: "trust-regained-by-length",
    file: `${SRC}/following.ts`,
    pattern: "state.mayVote = sound >= following.trustAt && log.term(following.trustAt) === state.term;",
    replacement: "state.mayVote = sound > 0;",
    what: "a replica that lost entries votes again as soon as its log matches a leader's anywhere",
  },
];
