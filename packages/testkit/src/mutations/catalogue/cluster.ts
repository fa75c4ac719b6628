import type { Mutation } from "../mutation.ts";

export const CLUSTER_MUTATIONS: readonly Mutation[] = [
  {
    name: "log-cut-beyond-the-checkpoint",
    file: "packages/cluster/src/log-retention.ts",
    pattern: "return Math.min(checkpointIndex, neededByReplicas, pinnedIndex ?? Number.POSITIVE_INFINITY) + 1;",
    replacement: "return Math.min(status.allMatch, neededByReplicas, pinnedIndex ?? Number.POSITIVE_INFINITY) + 1;",
    what: "the log is cut as far as all have it, though files do not have it yet",
  },
  {
    name: "lost-leadership-told-as-a-refusal",
    file: "packages/cluster/src/proposal-table.ts",
    pattern: 'new RingtideError("LEADERSHIP_LOST", ',
    replacement: 'new RingtideError("NOT_LEADER", ',
    what: "a write that may still be committed is answered as one that had no effect",
  },
  {
    name: "write-timeout-told-as-a-refusal",
    file: "packages/common/src/errors.ts",
    pattern: '"The write was not committed in time; it may still be.", {\n    outcomeUnknown: true,',
    replacement: '"The write was not committed in time; it may still be.", {',
    what: "a write that was not committed in time counts as one that had no effect",
  },
  {
    name: "retry-without-its-sequence",
    file: "packages/client/src/session.ts",
    pattern: "this.#statement(link, sql, options, sequence, retry),",
    replacement: "this.#statement(link, sql, options, retry ? 0 : sequence, retry),",
    what: "a session sends a statement again without the number that makes it take effect once",
  },
  {
    name: "vote-by-an-empty-disk",
    file: "packages/cluster/src/cluster-node.ts",
    pattern: "mustExist: storesMade,",
    replacement: "mustExist: storesMade && disk === undefined,",
    what: "a node whose log was lost starts with an empty one, and votes as if it had promised nothing",
  },
  {
    name: "damaged-log-trusted-at-once",
    file: "packages/cluster/src/group-opener.ts",
    pattern: "mayVote: recovered?.damaged !== true,",
    replacement: "mayVote: recovered?.damaged !== null,",
    what: "a replica whose log lost durable entries votes and leads as if it were whole",
  },
  {
    name: "broken-connection-told-as-a-refusal",
    file: "packages/common/src/errors.ts",
    pattern: '"The connection ended before the answer.", { retryable: true, outcomeUnknown: true }),',
    replacement: '"The connection ended before the answer.", { retryable: true }),',
    what: "a write whose connection broke before the answer counts as one that had no effect",
  },
];
