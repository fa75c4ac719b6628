import { hasCode } from "@ringtide/common";
import { type Configuration, EntryKind, type Message, type RaftCore } from "../../src/index.ts";
import { type CoreLimits, defaultLimits, GROUP, SimNode } from "./sim-node.ts";

const alone: Configuration = { voters: [1], votersOutgoing: [], learners: [] };
export const three: Configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [] };

export function startNode(configuration: Configuration, limits: Partial<CoreLimits> = {}): SimNode {
  const node = new SimNode(1, configuration, { ...defaultLimits, ...limits }, () => 0);
  node.start(0);
  return node;
}

/** Does all the work there is; with `apply` false, committed entries stay unapplied. What was sent. */
export function settle(node: SimNode, apply = true): Message[] {
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

export function leaderAlone(limits: Partial<CoreLimits> = {}): { node: SimNode; core: RaftCore } {
  const node = startNode(alone, limits);
  node.core?.campaign();
  settle(node);
  if (node.core === undefined) throw new Error("the node is down");
  return { node, core: node.core };
}

export const draft = (sizeBytes: number) => ({
  kind: EntryKind.PHYSICAL_PLAN,
  session: 1,
  sequence: 1,
  payload: new Uint8Array(sizeBytes),
});

export function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (hasCode(error, "NOT_LEADER", "OVERLOADED", "NO_LEADER", "UNSUPPORTED", "NOT_A_VOTER", "CONFIG_CHANGE_PENDING"))
      return error.code;
    throw error;
  }
  return "none";
}

/** Node 1 of three, elected in term 1 with the vote of node 2, which has its first entry. */
export function leaderOfThree(limits: Partial<CoreLimits> = {}): { node: SimNode; core: RaftCore } {
  const node = startNode(three, limits);
  const { core } = node;
  if (core === undefined) throw new Error("the node is down");
  for (let count = 0; count < defaultLimits.electionTicksMin; count++) core.tick(0);
  settle(node);
  const from2 = { group: GROUP, from: 2, to: 1, term: 1 };
  for (const preVote of [true, false]) {
    core.step({ ...from2, type: "voteResponse", granted: true, preVote });
    settle(node);
  }
  core.step({ ...from2, type: "appendResponse", reject: false, index: 1, hintTerm: 0, rejectedPrevIndex: 0 });
  settle(node);
  return { node, core };
}
