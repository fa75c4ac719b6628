import type { Mutation } from "../mutation.ts";

const RAFT = "packages/raft/src";

export const MEMBERSHIP_MUTATIONS: readonly Mutation[] = [
  {
    name: "election-won-in-the-new-voters-only",
    file: `${RAFT}/quorum.ts`,
    pattern: 'return incoming === "won" && outgoing === "won" ? "won" : "pending";',
    replacement: 'return incoming === "won" ? "won" : "pending";',
    what: "during a membership change the majority of the old voters need not elect the leader",
  },
  {
    name: "change-without-joint",
    file: `${RAFT}/membership.ts`,
    pattern: "votersStay ? final : { ...final, votersOutgoing: current.voters }",
    replacement: "votersStay || voters.length > 0 ? final : { ...final, votersOutgoing: current.voters }",
    what: "several voters change at once, without a joint configuration in between",
  },
  {
    name: "change-before-the-last-is-committed",
    file: `${RAFT}/membership.ts`,
    pattern: "if (isJoint(current) || index > state.commit || state.commit < leading.emptyIndex)",
    replacement: "if (isJoint(current) && index > state.commit)",
    what: "members are changed while the change before is not committed, or by a leader that does not know yet whether it is",
  },
  {
    name: "configuration-in-force-when-committed",
    file: `${RAFT}/following.ts`,
    pattern: "  state.configurations.note(entries, skip, state.commit);\n",
    replacement: "  if (skip === 0) state.configurations.note(entries, skip, state.commit);\n",
    what: "a change of members that comes behind entries which the follower has already does not come into force there",
  },
  {
    name: "configuration-not-truncated",
    file: `${RAFT}/following.ts`,
    pattern: "    state.configurations.truncateFrom(firstIndex);\n",
    replacement: "",
    what: "a change of members stays in force when its entry was replaced",
  },
  {
    name: "learner-counted",
    file: `${RAFT}/quorum.ts`,
    pattern: "Math.min(majorityIndex(configuration.voters, matchOf), majorityIndex(",
    replacement:
      "Math.min(majorityIndex([...configuration.voters, ...configuration.learners], matchOf), majorityIndex(",
    what: "learners count for the quorum that commits",
  },
];

export const SNAPSHOT_MUTATIONS: readonly Mutation[] = [
  {
    name: "snapshot-without-configuration",
    file: "packages/cluster/src/data-machine.ts",
    pattern: "        this.#configuration = decodeConfiguration(entry.payload);\n",
    replacement: "        decodeConfiguration(entry.payload);\n",
    what: "snapshots carry the configuration that the group began with, not the one that is in force",
  },
  {
    name: "snapshot-over-a-log-that-matches",
    file: `${RAFT}/snapshots.ts`,
    pattern: "return index > state.commit && state.log.term(index) !== term;",
    replacement: "return index > state.commit && term > 0;",
    what: "a snapshot replaces a log that has all that it has and more, acknowledged entries among it",
  },
  {
    name: "log-kept-over-a-snapshot",
    file: "packages/cluster/src/group-opener.ts",
    pattern: "if (known !== undefined && (checkpointTerm === undefined || known === checkpointTerm)) return;",
    replacement: "if (known !== undefined) return;",
    what: "a log that differs from an installed snapshot stays behind it",
  },
  {
    name: "requests-left-out-of-an-install",
    file: "packages/engine/src/install.ts",
    pattern: '"other data files");\n  return entries;',
    replacement: '"other data files");\n  return entries.filter(([key]) => key[0] !== KeyTag.requests);',
    what: "a replica that was installed from a snapshot does not know which requests took effect before",
  },
  {
    name: "install-beside-what-was-there",
    file: "packages/engine/src/store.ts",
    pattern:
      'const batch: KvChange[] = [];\n    for await (const [key] of this.#kv.entries(this.#keys.all())) batch.push({ op: "delete", key });',
    replacement: "const batch: KvChange[] = [];",
    what: "records of before an installed snapshot stay, deletions among them that are not needed any more",
  },
  {
    name: "install-not-synced",
    file: "packages/engine/src/store.ts",
    pattern: "yieldTurn(this.#clock);\n    }\n    await this.#kv.write(batch, { sync: true });",
    replacement: "yieldTurn(this.#clock);\n    }\n    await this.#kv.write(batch, { sync: false });",
    what: "an installed snapshot may be lost by a power cut, when the log before it is gone",
  },
];
