import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryKind, encodeConfiguration, type Message } from "../src/index.ts";
import { codeOf, draft, leaderAlone, settle, startNode, three } from "./support/one-node.ts";
import { defaultLimits, GROUP, SimNode } from "./support/sim-node.ts";

describe("proposals", () => {
  it("are refused where they cannot be taken", () => {
    const follower = startNode(three);
    expect(codeOf(() => follower.core?.propose([draft(1)]))).toBe("NOT_LEADER");
    const { core } = leaderAlone();
    expect(codeOf(() => core.propose([{ ...draft(1), kind: EntryKind.CONFIG_CHANGE }]))).toBe("UNSUPPORTED");
    expect(codeOf(() => core.transferLeadership(7))).toBe("NOT_A_VOTER");
  });

  it("are refused beyond maxUncommittedBytes until what waits is applied; one of any size passes alone", () => {
    const { node, core } = leaderAlone({ maxUncommittedBytes: 1000 });
    expect(core.propose([draft(5000)])).toEqual({ firstIndex: 2, term: 1 });
    expect(codeOf(() => core.propose([draft(1)]))).toBe("OVERLOADED");
    settle(node, false);
    expect(codeOf(() => core.propose([draft(1)]))).toBe("OVERLOADED");
    core.appliedTo(2);
    expect(core.status().unappliedBytes).toBe(0);
    expect(codeOf(() => core.propose([draft(400), draft(400)]))).toBe("none");
    expect(codeOf(() => core.propose([draft(400)]))).toBe("OVERLOADED");
  });

  it("share their requests and their write when they come before the next Ready", () => {
    const node = startNode(three);
    const { core } = node;
    core?.campaign();
    settle(node);
    for (const granted of [true, false]) {
      const term = core?.status().term ?? 0;
      const preVote = granted;
      const answer = { type: "voteResponse", group: GROUP, from: 2, to: 1, granted: true, preVote } as const;
      core?.step({ ...answer, term: preVote ? term + 1 : term });
      settle(node);
    }
    expect(core?.status().role).toBe("leader");
    core?.step({
      type: "appendResponse",
      group: GROUP,
      from: 2,
      to: 1,
      term: 1,
      reject: false,
      index: 1,
      hintTerm: 0,
      rejectedPrevIndex: 0,
    });
    settle(node);
    for (let count = 0; count < 5; count++) core?.propose([draft(10), draft(10)]);
    const ready = core?.takeReady();
    expect(ready?.entries.length).toBe(10);
    expect(ready?.messages.map((one) => (one.type === "append" ? one.entries.length : 0))).toEqual([10]);
    expect(core?.hasReady()).toBe(false);
  });
});

describe("the host's tasks", () => {
  it("get committed entries in pieces of maxAppendBytes", () => {
    const { node, core } = leaderAlone({ maxAppendBytes: 300 });
    core.propose(Array.from({ length: 10 }, () => draft(36)));
    const ready = core.takeReady();
    node.accept(ready);
    const done = node.writeOldest();
    if (done !== undefined) node.report(done);
    expect(core.takeReady().committed.length).toBe(3);
    expect(core.takeReady().committed.length).toBe(3);
    expect(() => core.appliedTo(10)).toThrow(/not handed out/);
  });

  it("let applied entries go from memory, and keep their terms", () => {
    const { node, core } = leaderAlone({ memoryEntriesMax: 10, memoryEntriesMin: 4 });
    for (let count = 0; count < 30; count++) {
      core.propose([draft(10)]);
      settle(node);
    }
    const status = core.status();
    expect(status.lastIndex).toBe(31);
    expect(status.lastIndex - status.memoryFirstIndex).toBeLessThan(10);
    core.logCut(20);
    expect(core.status().firstIndex).toBe(20);
    expect(() => core.logCut(40)).toThrow(/applied is 31/);
  });

  it("start in the log's last term when the hard state is behind it", () => {
    const node = startNode(three);
    node.disk.entries = [
      { index: 1, term: 4, kind: EntryKind.PHYSICAL_PLAN, session: 0, sequence: 0, payload: new Uint8Array(0) },
    ];
    const core = node.start(0);
    expect(core.status()).toMatchObject({ term: 4, vote: 0 });
    expect(core.takeReady().hardState).toEqual({ term: 4, vote: 0 });
  });

  it("that give up leadership do not campaign for an election time-out", () => {
    const { node, core } = leaderAlone();
    core.stepDown();
    expect(core.status().role).toBe("follower");
    for (let count = 0; count < defaultLimits.electionTicksMax - 1; count++) core.tick(0);
    expect(core.status().role).toBe("follower");
    core.tick(0);
    settle(node);
    expect(core.status().role).toBe("leader");
  });

  it("prefer replicas of a low priority number", () => {
    const times = [0, 1, 2].map((priority) => {
      const node = new SimNode(1, three, defaultLimits, () => 0);
      node.priority = priority;
      const core = node.start(0);
      let ticks = 0;
      while (core.status().role === "follower") {
        core.tick(0);
        ticks++;
      }
      return ticks;
    });
    expect(times).toEqual([10, 13, 15]);
  });
});

describe("messages that cannot be", () => {
  const joint = { voters: [1, 4], votersOutgoing: [1, 2, 3], learners: [2] };
  const envelope = { group: GROUP, from: 2, to: 1, term: 3 };
  const beat = { ...envelope, type: "heartbeat", commit: 0, allMatch: 0, readContext: 0, quiesce: false } as const;

  it("are counted and dropped", () => {
    const { core } = startNode(three);
    core?.step({ ...beat, group: 17 });
    core?.step({ ...beat, to: 3 });
    core?.step({ ...envelope, from: 9, type: "heartbeatResponse", readContext: 0 });
    core?.step({ ...beat, commit: Number.NaN });
    expect(core?.status().term).toBe(0);
    core?.step(beat);
    core?.step({ ...beat, from: 3 });
    expect(core?.status()).toMatchObject({
      term: 3,
      leader: 2,
      ignored: { wrongGroup: 1, wrongReceiver: 1, unknownSender: 1, malformed: 1, contradictions: 1, overloaded: 0 },
    });
  });

  /** Mostly commands, at times a configuration, or bytes that are none. */
  function pickDraft(choice: number) {
    if (choice % 4 === 2) return { ...draft(3), kind: EntryKind.CONFIG_CHANGE };
    if (choice % 4 !== 3) return draft(3);
    return { ...draft(0), kind: EntryKind.CONFIG_CHANGE, payload: encodeConfiguration(choice > 4 ? joint : three) };
  }

  it("never make step throw, and leave a core that still works", () => {
    const small = fc.integer({ min: 0, max: 6 });
    const node = { group: fc.constant(GROUP), from: fc.constantFrom(2, 3, 9), to: fc.constant(1), term: small };
    const flag = fc.boolean();
    const entries = fc.array(small, { maxLength: 4 });
    const append = fc
      .record({
        ...node,
        type: fc.constant("append" as const),
        prevIndex: small,
        prevTerm: small,
        commit: small,
        entries,
      })
      .map((message): Message => {
        const terms = [...message.entries].sort((a, b) => a - b);
        return {
          ...message,
          entries: terms.map((term, at) => ({ ...pickDraft(term + at), index: message.prevIndex + 1 + at, term })),
        };
      });
    const messages: fc.Arbitrary<Message> = fc.oneof(
      append,
      fc.record({
        ...node,
        type: fc.constant("appendResponse" as const),
        reject: flag,
        index: small,
        hintTerm: small,
        rejectedPrevIndex: small,
      }),
      fc.record({
        ...node,
        type: fc.constant("vote" as const),
        preVote: flag,
        lastIndex: small,
        lastTerm: small,
        transfer: flag,
      }),
      fc.record({ ...node, type: fc.constant("voteResponse" as const), preVote: flag, granted: flag }),
      fc.record({
        ...node,
        type: fc.constant("heartbeat" as const),
        commit: small,
        allMatch: small,
        readContext: small,
        quiesce: flag,
      }),
      fc.record({ ...node, type: fc.constant("heartbeatResponse" as const), readContext: small }),
      fc.record({ ...node, type: fc.constant("timeoutNow" as const) }),
      fc.record({
        ...node,
        type: fc.constant("snapshot" as const),
        index: small,
        snapshotTerm: small,
        configuration: fc.constant(three),
      }),
    );
    const inputs = fc.array(fc.oneof(messages, fc.constantFrom("tick", "propose", "read", "settle")), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(inputs, (list) => {
        const node = startNode(three, { quiesceAfterTicks: 3 });
        for (const input of list) {
          if (input === "tick") node.core?.tick(0);
          else if (input === "propose") codeOf(() => node.core?.propose([draft(5)]));
          else if (input === "read") codeOf(() => node.core?.readIndex(1, 0));
          else if (input === "settle") settle(node);
          else if (typeof input !== "string") node.core?.step(input);
        }
        settle(node);
        const status = node.core?.status();
        expect(status?.applied).toBe(status?.commit);
        expect(status?.durableIndex).toBe(status?.lastIndex);
      }),
      { numRuns: 500 },
    );
  });
});
