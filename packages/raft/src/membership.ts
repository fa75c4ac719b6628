import { assert, type NodeId, RingtideError } from "@ringtide/common";
import { appendOwn, leadingOrThrow, refuseDuringTransfer } from "./commands.ts";
import { advanceCommit } from "./commit.ts";
import { encodeConfiguration, isConfiguration } from "./configuration.ts";
import type { Progress } from "./progress.ts";
import { wakeUp } from "./quiescence.ts";
import { isJoint, membersOf } from "./quorum.ts";
import { becomeFollower, newProgress } from "./roles.ts";
import { confirmRounds } from "./rounds.ts";
import type { Leading, RaftState } from "./state.ts";
import { type Configuration, EntryKind } from "./types.ts";

function sameMembers(one: readonly NodeId[], other: readonly NodeId[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}

/**
 * Appends the joint configuration (thesis section 4.3), or, where the voters stay the same, at once the final one: quorums are those of before then.
 * The final one follows by itself when the joint one is committed.
 */
export function changeConfiguration(
  state: RaftState,
  target: Pick<Configuration, "voters" | "learners">,
): { readonly index: number; readonly term: number } {
  const leading = leadingOrThrow(state);
  const { current, index } = state.configurations;
  const { voters, learners } = target;
  const final: Configuration = { voters, votersOutgoing: [], learners };
  assert(voters.length > 0 && isConfiguration(final), `not a configuration: ${JSON.stringify(final)}`);
  refuseDuringTransfer(state, leading);
  if (isJoint(current) || index > state.commit || state.commit < leading.emptyIndex)
    throw new RingtideError(
      "CONFIG_CHANGE_PENDING",
      `group ${state.options.group}: the change of members at index ${index}, or the leader's first entry, is not committed yet`,
    );
  wakeUp(state);
  const votersStay = sameMembers(voters, current.voters);
  appendConfiguration(state, leading, votersStay ? final : { ...final, votersOutgoing: current.voters });
  return { index: state.log.lastIndex, term: state.term };
}

/** In force at once: new members are sent to, those in neither set no longer. */
function appendConfiguration(state: RaftState, leading: Leading, configuration: Configuration): void {
  const payload = encodeConfiguration(configuration);
  const draft = { kind: EntryKind.CONFIG_CHANGE, session: 0, sequence: 0, payload };
  state.configurations.note(appendOwn(state, leading, [draft]), 0, state.commit);
  const members = membersOf(configuration);
  for (const id of leading.peers.keys()) if (!members.includes(id)) leading.peers.delete(id);
  for (const id of members) {
    if (id === state.options.self) continue;
    const peer = leading.peers.get(id) ?? addPeer(state, leading, id);
    peer.learner = configuration.learners.includes(id);
  }
  confirmRounds(state, leading);
}

/** It counts as active in the check-quorum window under way, of which it may see little. */
function addPeer(state: RaftState, leading: Leading, id: NodeId): Progress {
  const peer = newProgress(state, id, state.log.lastIndex);
  peer.answered = true;
  leading.peers.set(id, peer);
  return peer;
}

/** After anything that may let a leader commit more: what a committed configuration asks for is done too. */
export function moveCommit(state: RaftState, leading: Leading): void {
  if (advanceCommit(state, leading)) settleChange(state, leading);
}

/** A committed joint configuration is followed by the final one, a committed final one ends the leadership of who is not in it (thesis section 4.2.2). */
export function settleChange(state: RaftState, leading: Leading): void {
  const { current, index } = state.configurations;
  if (index > state.commit) return;
  if (!isJoint(current)) {
    if (!current.voters.includes(state.options.self)) resign(state, leading);
  } else if (leading.transfer === undefined) {
    // Not during a transfer: it would put the target behind. Whoever leads then finishes the change.
    appendConfiguration(state, leading, { ...current, votersOutgoing: [] });
    advanceCommit(state, leading);
  }
}

/** A voter that has all is asked to campaign, which spares the group an election time-out. */
function resign(state: RaftState, leading: Leading): void {
  const { group, self } = state.options;
  const { voters } = state.configurations.current;
  const to = voters.find((id) => leading.peers.get(id)?.match === state.log.lastIndex);
  if (to !== undefined) state.outbox.messages.push({ type: "timeoutNow", group, from: self, to, term: state.term });
  becomeFollower(state, state.term, 0);
}
