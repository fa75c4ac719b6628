import { describe, expect, it } from "vitest";
import type { Message, RaftCore } from "../src/index.ts";
import { draft, settle, startNode, three } from "./support/one-node.ts";
import { GROUP, type SimNode } from "./support/sim-node.ts";

const leader = { group: GROUP, from: 2, to: 1, term: 1 };
const beat = (round: number, commit: number, quiesce: boolean): Message => {
  return { ...leader, type: "heartbeat", commit, allMatch: 0, readContext: round, quiesce };
};

/** Node 1, with one entry that node 2 sent and that may be committed. */
function follower(): { node: SimNode; core: RaftCore } {
  const node = startNode(three);
  const { core } = node;
  if (core === undefined) throw new Error("the node is down");
  const entries = [{ ...draft(3), index: 1, term: 1 }];
  core.step({ ...leader, type: "append", prevIndex: 0, prevTerm: 0, entries, commit: 0 });
  settle(node);
  return { node, core };
}

const answers = (messages: readonly Message[]): number => {
  return messages.filter((message) => message.type === "heartbeatResponse").length;
};

describe("a follower", () => {
  it("goes quiet without an answer when it has all, and stays so for ticks and repeated beats", () => {
    const { node, core } = follower();
    core.step(beat(1, 1, false));
    expect(answers(settle(node))).toBe(1);
    core.step(beat(2, 1, true));
    for (let count = 0; count < 100; count++) core.tick(0);
    core.step(beat(2, 1, true));
    core.step(beat(3, 1, true));
    expect(answers(settle(node))).toBe(0);
    expect(core.status()).toMatchObject({ quiet: true, role: "follower", leader: 2 });
  });

  it("answers instead while it has not applied all, which wakes the leader", () => {
    const { node, core } = follower();
    core.step(beat(1, 1, true));
    expect(answers(settle(node))).toBe(1);
    expect(core.status().quiet).toBe(false);
  });

  it("is not put to sleep by a beat that was overtaken or repeated", () => {
    const { node, core } = follower();
    core.step(beat(3, 1, false));
    settle(node);
    core.step(beat(2, 1, true));
    expect(core.status().quiet).toBe(false);
    core.step(beat(4, 1, true));
    core.wake();
    core.step(beat(4, 1, true));
    expect(core.status().quiet).toBe(false);
  });

  it("waits a whole election time-out once it is woken", () => {
    const { node, core } = follower();
    core.step(beat(1, 1, false));
    settle(node);
    for (let count = 0; count < 9; count++) core.tick(0);
    core.step(beat(2, 1, true));
    core.wake();
    for (let count = 0; count < 9; count++) core.tick(0);
    expect(core.status().role).toBe("follower");
    core.tick(0);
    expect(core.status().role).toBe("preCandidate");
  });
});
