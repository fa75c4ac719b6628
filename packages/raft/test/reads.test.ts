import { describe, expect, it } from "vitest";
import type { Message, ReadState } from "../src/index.ts";
import { codeOf, leaderOfThree, settle, startNode, three } from "./support/one-node.ts";
import { GROUP, type SimNode } from "./support/sim-node.ts";

const answer = (from: number, round: number): Message => {
  return { type: "heartbeatResponse", group: GROUP, from, to: 1, term: 1, readContext: round };
};

function rounds(messages: readonly Message[]): number[] {
  return messages.flatMap((message) => (message.type === "heartbeat" && message.to === 2 ? [message.readContext] : []));
}

/** What may be read now. */
function readStates(node: SimNode): ReadState[] {
  const { core } = node;
  const states: ReadState[] = [];
  while (core?.hasReady()) states.push(...core.takeReady().readStates);
  return states;
}

describe("reads", () => {
  it("share the round of one Ready, and are confirmed by one answer of two", () => {
    const { node, core } = leaderOfThree();
    core.readIndex(1, 0);
    core.readIndex(2, 0);
    expect(rounds(settle(node))).toEqual([2]);
    core.step(answer(3, 1));
    expect(readStates(node)).toEqual([]);
    core.step(answer(3, 2));
    expect(readStates(node)).toEqual([
      { context: 1, index: 1 },
      { context: 2, index: 1 },
    ]);
  });

  it("begin a bounded number of rounds while nobody answers; the next beat covers the rest", () => {
    const { node, core } = leaderOfThree();
    const sent: Message[] = [];
    for (let context = 1; context <= 30; context++) {
      core.readIndex(context, 0);
      sent.push(...settle(node));
    }
    expect(rounds(sent).length).toBeLessThanOrEqual(8);
    core.tick(0);
    core.tick(0);
    const beat = rounds(settle(node)).at(-1) ?? 0;
    core.step(answer(2, beat));
    expect(readStates(node).length).toBe(30);
  });

  it("wait in bounded number", () => {
    const { core } = leaderOfThree();
    for (let context = 0; context < 4096; context++) core.readIndex(context, 0);
    expect(codeOf(() => core.readIndex(4096, 0))).toBe("OVERLOADED");
  });

  it("are lost with the leadership, and answers to rounds that never were are counted", () => {
    const { node, core } = leaderOfThree();
    core.readIndex(1, 0);
    settle(node);
    core.step(answer(2, 99));
    expect(core.status().ignored.malformed).toBe(1);
    core.stepDown();
    core.step(answer(2, 2));
    expect(readStates(node)).toEqual([]);
  });
});

describe("leases", () => {
  const leaseMs = 50;

  it("last from when the beats left, not from when they were answered", () => {
    const { node, core } = leaderOfThree({ leaseMs });
    core.tick(100);
    core.tick(110);
    const round = rounds(settle(node)).at(-1) ?? 0;
    core.tick(150);
    core.step(answer(2, round));
    expect(core.status().leaseUntilMs).toBe(160);
    core.readIndex(1, 159);
    expect(readStates(node)).toEqual([{ context: 1, index: 1 }]);
    core.readIndex(2, 160);
    expect(readStates(node)).toEqual([]);
  });

  it("are not revived by waking up", () => {
    const { node, core } = leaderOfThree({ leaseMs, quiesceAfterTicks: 4 });
    for (const from of [2, 3])
      core.step({
        ...{ type: "appendResponse", group: GROUP, from, to: 1, term: 1, reject: false },
        ...{ index: 1, hintTerm: 0, rejectedPrevIndex: 0 },
      });
    for (let nowMs = 10; !core.status().quiet && nowMs < 200; nowMs += 10) {
      core.tick(nowMs);
      const round = rounds(settle(node)).at(-1);
      for (const from of [2, 3]) if (round !== undefined && !core.status().quiet) core.step(answer(from, round));
    }
    expect(core.status().quiet).toBe(true);
    core.readIndex(1, 1000);
    expect(readStates(node)).toEqual([]);
    expect(core.status().quiet).toBe(false);
  });

  it("keep a voter from electing another leader, also after a higher term came by", () => {
    const node = startNode(three, { leaseMs });
    const { core } = node;
    for (let count = 0; count < 9; count++) core?.tick(0);
    const beat = { type: "heartbeat", group: GROUP, from: 2, to: 1, term: 1, commit: 0, allMatch: 0 } as const;
    core?.step({ ...beat, readContext: 1, quiesce: false });
    const from3 = { group: GROUP, from: 3, to: 1, term: 4, preVote: false };
    core?.step({ ...from3, type: "voteResponse", granted: false });
    expect(core?.status()).toMatchObject({ term: 4, leader: 0 });
    const request = { ...from3, type: "vote", lastIndex: 9, lastTerm: 3 } as const;
    core?.step({ ...request, transfer: false });
    expect(settle(node).filter((message) => message.type === "voteResponse" && message.granted)).toEqual([]);
    core?.campaign();
    expect(core?.status().role).toBe("follower");
    // A transfer is another matter: the leader gave its lease up for it.
    core?.step({ ...request, transfer: true });
    expect(settle(node).filter((message) => message.type === "voteResponse" && message.granted).length).toBe(1);
  });
});
