import { expect, it } from "vitest";
import { EntryKind } from "../src/index.ts";
import { settle, three } from "./support/one-node.ts";
import { defaultLimits, GROUP, SimNode } from "./support/sim-node.ts";

const entry = (index: number, term: number) => ({
  index,
  term,
  kind: EntryKind.PHYSICAL_PLAN,
  session: 1,
  sequence: index,
  payload: new Uint8Array(1),
});

const from1 = { group: GROUP, from: 1, to: 3, term: 2 };

/** Replica 3 in term 2, whose log lost entries that it had acknowledged. */
function damaged(terms: readonly number[]): SimNode {
  const node = new SimNode(3, three, defaultLimits, () => 0);
  node.disk.hardState = { term: 2, vote: 1 };
  node.disk.entries = terms.map((term, at) => entry(at + 1, term));
  node.mayVote = false;
  node.start(0);
  return node;
}

it("takes nothing for committed that a leader says of the log which it had before the damage", () => {
  // Entries 2 and 3 of term 1 had been replaced by those of the leader of term 2: the replacement was in the part that is lost.
  const node = damaged([1, 1, 1]);
  node.core?.step({ ...from1, type: "heartbeat", commit: 3, allMatch: 3, readContext: 1, quiesce: false });
  settle(node);
  expect(node.core?.status()).toMatchObject({ commit: 0, applied: 0, mayVote: false });
});

it("is not trusted for entries that its leader may have counted before it learned of the loss", () => {
  const node = damaged([2, 2]);
  const { core } = node;
  // The leader believes that 4 is here. It commits 3 and 4 by that before the answer reaches it.
  const believing = { ...from1, type: "append", prevIndex: 4, prevTerm: 2, entries: [], commit: 2 } as const;
  core?.step(believing);
  settle(node);
  core?.step({ ...believing, prevIndex: 2, entries: [entry(3, 2), entry(4, 2)], commit: 4 });
  expect(core?.status()).toMatchObject({ lastIndex: 4, durableIndex: 2, mayVote: false });
  settle(node);
  expect(core?.status()).toMatchObject({ durableIndex: 4, mayVote: true });
});
