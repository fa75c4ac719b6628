import type { Mutation } from "../mutation.ts";

const RAFT = "packages/raft/src";

export const READ_MUTATIONS: readonly Mutation[] = [
  {
    name: "read-index-without-a-round",
    file: `${RAFT}/reading.ts`,
    pattern: "if (holdsLease(state, leading) || hasQuorum(",
    replacement: "if (state.leading !== undefined || hasQuorum(",
    what: "a leader answers reads without asking whether it still leads",
    catchBy: "sim",
  },
  {
    name: "read-index-before-own-term",
    file: `${RAFT}/reading.ts`,
    pattern: "  if (state.commit < leading.emptyIndex)",
    replacement: "  if (state.commit < 0)",
    what: "a new leader answers reads before it knows what its predecessors committed",
    catchBy: "sim",
  },
  {
    name: "read-joins-an-old-round",
    file: `${RAFT}/reading.ts`,
    pattern: "round: leading.rounds.last + 1",
    replacement: "round: leading.rounds.last",
    what: "a read takes answers to a round that left before it was asked for",
    catchBy: "sim",
  },
  {
    name: "round-answered-by-nobody-counts",
    file: `${RAFT}/rounds.ts`,
    pattern: "(peers.get(id)?.answeredRound ?? 0)",
    replacement: "rounds.last",
    what: "a round of beats counts as answered when it leaves",
    catchBy: "sim",
  },
  {
    name: "round-answered-by-one-counts",
    file: `${RAFT}/rounds.ts`,
    pattern:
      "const round = committedIndex(state.configurations.current, (id) =>\n    id === self ? rounds.last : (peers.get(id)?.answeredRound ?? 0),\n  );",
    replacement:
      "const round = Math.max(committedIndex(state.configurations.current, () => 0), ...Array.from(peers.values(), ({ answeredRound }) => answeredRound), self - self);",
    what: "one answer to a round of beats counts as a quorum's, also of five voters or of a learner",
    catchBy: "sim",
  },
  {
    name: "strong-read-does-not-wait-for-applied",
    file: "packages/cluster/src/confirm.ts",
    pattern: "  await appliedWithin(raft, clock, index, deadline.leftMs, signal);\n",
    replacement: "  if (index < 0) await appliedWithin(raft, clock, index, deadline.leftMs, signal);\n",
    what: "a confirmed read looks at what is applied, which may lag behind what it has to see",
    catchBy: "sim",
  },
];

export const LEASE_MUTATIONS: readonly Mutation[] = [
  {
    name: "lease-without-check-quorum",
    file: `${RAFT}/reading.ts`,
    pattern: "return state.nowMs < rounds.leaseFromMs + state.options.leaseMs;",
    replacement: "return state.options.leaseMs > 0 && rounds.leaseFromMs >= 0;",
    what: "a lease that was confirmed once lasts as long as the leader believes to lead",
    catchBy: "sim",
  },
  {
    name: "lease-from-beats-that-nobody-answered",
    file: `${RAFT}/rounds.ts`,
    pattern: "  rounds.sent.push({ round: rounds.last, atMs: state.nowMs });",
    replacement: "  rounds.sent.push({ round: rounds.last, atMs: state.nowMs });\n  rounds.leaseFromMs = state.nowMs;",
    what: "a leader extends its lease with each beat that it sends, answered or not",
    catchBy: "sim",
  },
  {
    name: "lease-begins-with-the-answer",
    file: `${RAFT}/rounds.ts`,
    pattern: "rounds.sent.shift()?.atMs ?? rounds.leaseFromMs",
    replacement: "rounds.sent.shift() === undefined ? rounds.leaseFromMs : state.nowMs",
    what: "a lease counts from when answers arrive, not from when the round left",
    catchBy: "sim",
  },
  {
    name: "lease-kept-in-a-transfer",
    file: `${RAFT}/reading.ts`,
    pattern: "if (transfer !== undefined || rounds.leaseForfeited) return false;",
    replacement: "if (transfer !== undefined && transfer.elapsed < 0) return false;",
    what: "a leader that asked another to campaign goes on reading under its lease",
    catchBy: "sim",
  },
  {
    name: "lease-without-loyal-voters",
    file: `${RAFT}/election.ts`,
    pattern: "return state.leader !== message.from && state.leaderHeardElapsed < state.options.electionTicksMin;",
    replacement: "return state.leader !== message.from && state.leaderHeardElapsed < 0;",
    what: "voters that have just heard a leader, which may hold a lease, vote for another",
    catchBy: "sim",
  },
  {
    name: "lease-forgotten-by-a-restarted-voter",
    file: `${RAFT}/state.ts`,
    pattern: "leaderHeardElapsed: options.leaseMs > 0 ? 0 : options.electionTicksMin,",
    replacement: "leaderHeardElapsed: options.electionTicksMin,",
    what: "a voter that restarts votes at once, while the lease that it granted before may still hold",
    catchBy: "sim",
  },
];
