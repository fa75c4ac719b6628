import type { Mutation } from "../mutation.ts";

const RAFT = "packages/raft/src";

export const READ_MUTATIONS: readonly Mutation[] = [
  {
    name: "read-index-without-a-round",
    file: `${RAFT}/reading.ts`,
    pattern: "if (state.nowMs < leaseUntilMs(state) || hasQuorum(",
    replacement: "if (state.leading !== undefined || hasQuorum(",
    what: "a leader answers reads without asking whether it still leads",
  },
  {
    name: "read-index-before-own-term",
    file: `${RAFT}/reading.ts`,
    pattern: "  if (state.commit < leading.emptyIndex)",
    replacement: "  if (state.commit < 0)",
    what: "a new leader answers reads before it knows what its predecessors committed",
  },
  {
    name: "read-joins-an-old-round",
    file: `${RAFT}/reading.ts`,
    pattern: "round: leading.rounds.last + 1",
    replacement: "round: leading.rounds.confirmed + 1",
    what: "a read takes answers to any round, also to one that left before it was asked for",
  },
  {
    name: "round-answered-by-nobody-counts",
    file: `${RAFT}/rounds.ts`,
    pattern: "(peers.get(id)?.answeredRound ?? 0)",
    replacement: "rounds.last",
    what: "a round of beats counts as answered when it leaves",
  },
  {
    name: "strong-read-does-not-wait-for-applied",
    file: "packages/cluster/src/confirm.ts",
    pattern: "  await appliedWithin(raft, clock, index, deadline.leftMs, signal);\n",
    replacement: "  if (index < 0) await appliedWithin(raft, clock, index, deadline.leftMs, signal);\n",
    what: "a confirmed read looks at what is applied, which may lag behind what it has to see",
  },
];

export const LEASE_MUTATIONS: readonly Mutation[] = [
  {
    name: "lease-without-check-quorum",
    file: `${RAFT}/reading.ts`,
    pattern: "return leading.rounds.leaseFromMs + options.leaseMs;",
    replacement: "return options.leaseMs > 0 && leading.rounds.leaseFromMs >= 0 ? Infinity : -Infinity;",
    what: "a lease that was confirmed once lasts as long as the leader believes to lead",
  },
  {
    name: "lease-from-beats-that-nobody-answered",
    file: `${RAFT}/rounds.ts`,
    pattern: "  rounds.sent.push({ round: rounds.last, atMs: state.nowMs });",
    replacement: "  rounds.sent.push({ round: rounds.last, atMs: state.nowMs });\n  rounds.leaseFromMs = state.nowMs;",
    what: "a leader extends its lease with each beat that it sends, answered or not",
  },
];
