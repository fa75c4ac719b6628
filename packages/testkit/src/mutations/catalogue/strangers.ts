import type { Mutation } from "../mutation.ts";

/**
 * Bugs planted by somebody who had read the code that they are in and the promises that it makes, but not the checks that have to catch them:
 * neither the simulator with its invariants and its history checker, nor the other planted bugs.
 */
export const STRANGER_MUTATIONS: readonly Mutation[] = [
  {
    name: "lost-configuration-stays-in-force",
    file: "packages/raft/src/configuration-log.ts",
    pattern: "this.#last.index >= index",
    replacement: "this.#last.index > index",
    what: "a change of members stays in force where its entry is the very one from which on another leader cut the log off",
  },
  {
    name: "lease-from-the-answer",
    file: "packages/raft/src/rounds.ts",
    pattern: "rounds.leaseFromMs = rounds.sent.shift()?.atMs ?? rounds.leaseFromMs;",
    replacement: "if (rounds.sent.shift() !== undefined) rounds.leaseFromMs = state.nowMs;",
    what: "a lease runs from when a majority's answers to the beats came in, not from when the beats left",
  },
  {
    name: "lost-tail-of-a-group-unnoticed",
    file: "packages/raftlog/src/replay.ts",
    pattern:
      "for (const each of this.#replayed.values()) if (!coversRange(each.log.ignored, from, to)) each.lostFrom ??= from;",
    replacement: "// A group that lost entries shows it by a gap in their indexes.",
    what: "what damage takes of the log is noticed by gaps in a group's indexes only, not where it took the group's last entries or replaced ones",
  },
  {
    name: "snapshot-over-the-old-records",
    file: "packages/engine/src/store.ts",
    pattern: 'for await (const [key] of this.#kv.entries(this.#keys.all())) batch.push({ op: "delete", key });',
    replacement: "",
    what: "a snapshot is installed over the records of the state before it, so that devices deleted meanwhile come back",
  },
  {
    name: "last-refusal-answers-for-earlier-attempts",
    file: "packages/cluster/src/coordinator.ts",
    pattern: "throw unresolved(known, retry)",
    replacement: "throw known",
    what: "a write that may have taken effect is told to have none when its last attempt is refused",
  },
];
