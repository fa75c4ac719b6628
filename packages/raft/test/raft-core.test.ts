import { hasCode } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Configuration, EntryKind, type Message, type RaftCore } from "../src/index.ts";
import { type CoreLimits, defaultLimits, GROUP, SimNode } from "./support/sim-node.ts";

const alone: Configuration = { voters: [1], votersOutgoing: [], learners: [] };
const three: Configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [] };

function startNode(configuration: Configuration, limits: Partial<CoreLimits> = {}): SimNode {
  const node = new SimNode(1, configuration, { ...defaultLimits, ...limits }, () => 0);
  node.start(0);
  return node;
}

/** Does all the work there is; with `apply` false, committed entries stay unapplied. */
function settle(node: SimNode, apply = true): Message[] {
  const sent: Message[] = [];
  const { core } = node;
  while (core?.hasReady()) {
    const ready = core.takeReady();
    node.accept(ready);
    sent.push(...ready.messages, ...ready.messagesAfterPersist);
    for (let done = node.writeOldest(); done !== undefined; done = node.writeOldest()) node.report(done);
    const last = ready.committed.at(-1);
    if (apply && last !== undefined) {
      node.applyTo(last.index);
    }
  }
  return sent;
}

function leaderAlone(limits: Partial<CoreLimits> = {}): { node: SimNode; core: RaftCore } {
  const node = startNode(alone, limits);
  node.core?.campaign();
  settle(node);
  if (node.core === undefined) throw new Error("the node is down");
  return { node, core: node.core };
}

const draft = (sizeBytes: number) => ({
  kind: EntryKind.PHYSICAL_PLAN,
  session: 1,
  sequence: 1,
  payload: new Uint8Array(sizeBytes),
});

function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (hasCode(error, "NOT_LEADER", "OVERLOADED", "UNSUPPORTED", "NOT_A_VOTER")) return error.code;
    throw error;
  }
  return "none";
}

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

  it("never make step throw, and leave a core that still works", () => {
    const small = fc.integer({ min: 0, max: 6 });
    const node = { group: fc.constant(GROUP), from: fc.constantFrom(2, 3), to: fc.constant(1), term: small };
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
        const list = message.entries.map((term, at) => ({ ...draft(3), index: message.prevIndex + 1 + at, term }));
        return {
          ...message,
          entries: list
            .sort((a, b) => a.term - b.term)
            .map((one, at) => ({ ...one, index: message.prevIndex + 1 + at })),
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
    const inputs = fc.array(fc.oneof(messages, fc.constantFrom("tick", "propose", "settle")), { maxLength: 60 });
    fc.assert(
      fc.property(inputs, (list) => {
        const node = startNode(three);
        for (const input of list) {
          if (input === "tick") node.core?.tick(0);
          else if (input === "propose") codeOf(() => node.core?.propose([draft(5)]));
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
