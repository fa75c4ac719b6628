import { type NodeId, RingtideError } from "@ringtide/common";
import { totalBytes } from "./memory-log.ts";
import type { ProposalDraft } from "./options.ts";
import { wakeUp } from "./quiescence.ts";
import { becomeFollower } from "./roles.ts";
import type { Leading, RaftState } from "./state.ts";
import { type Entry, EntryKind } from "./types.ts";

export function leadingOrThrow(state: RaftState): Leading {
  if (state.leading !== undefined) return state.leading;
  const known = state.leader === 0 ? "the leader is not known" : `node ${state.leader} leads`;
  throw new RingtideError(
    "NOT_LEADER",
    `node ${state.options.self} does not lead group ${state.options.group}; ${known}`,
    {
      details: { leader: state.leader },
    },
  );
}

/** Who is about to hand over leadership takes nothing new: it would move the goal. */
export function refuseDuringTransfer(state: RaftState, leading: Leading): void {
  if (leading.transfer === undefined) return;
  const { to } = leading.transfer;
  throw new RingtideError("NOT_LEADER", `group ${state.options.group} is being handed over to node ${to}`, {
    details: { leader: to },
  });
}

/** A leader's own entries; they leave with the next Ready. */
export function appendOwn(state: RaftState, leading: Leading, drafts: readonly ProposalDraft[]): readonly Entry[] {
  const firstIndex = state.log.lastIndex + 1;
  const { term } = state;
  const entries = drafts.map(({ kind, session, sequence, payload }, at): Entry => {
    return { index: firstIndex + at, term, kind, session, sequence, payload };
  });
  state.unappliedBytes += state.log.append(entries, 0);
  leading.pumpDue = true;
  leading.idleTicks = 0;
  return entries;
}

/** Appends all drafts or none. */
export function propose(
  state: RaftState,
  drafts: readonly ProposalDraft[],
): { readonly firstIndex: number; readonly term: number } {
  const leading = leadingOrThrow(state);
  const { group, maxUncommittedBytes } = state.options;
  refuseDuringTransfer(state, leading);
  if (drafts.some((draft) => draft.kind === EntryKind.CONFIG_CHANGE))
    throw new RingtideError("UNSUPPORTED", `group ${group}: members are changed with changeConfiguration only`);
  const bytes = totalBytes(drafts);
  // Alone, an entry of any size passes: else it never could.
  if (state.unappliedBytes > 0 && state.unappliedBytes + bytes > maxUncommittedBytes)
    throw new RingtideError(
      "OVERLOADED",
      `group ${group}: ${state.unappliedBytes} bytes wait to be committed and applied, ${bytes} more exceed ${maxUncommittedBytes}`,
    );
  const firstIndex = state.log.lastIndex + 1;
  wakeUp(state);
  appendOwn(state, leading, drafts);
  return { firstIndex, term: state.term };
}

/** Brings `to` up to date and has it campaign; given up after electionTicksMax. Repeating it for the same target changes nothing. */
export function transferLeadership(state: RaftState, to: NodeId): void {
  const leading = leadingOrThrow(state);
  if (!state.configurations.current.voters.includes(to))
    throw new RingtideError("NOT_A_VOTER", `node ${to} is no voter of group ${state.options.group}: it cannot lead it`);
  if (to === state.options.self || leading.transfer?.to === to) return;
  wakeUp(state);
  leading.idleTicks = 0;
  leading.transfer = { to, elapsed: 0, sent: false };
  leading.pumpDue = true;
}

/** Leads no longer, and lets others win: no campaign of its own for the longest election time-out. */
export function stepDown(state: RaftState): void {
  wakeUp(state);
  state.campaignBlockedTicks = state.options.electionTicksMax;
  if (state.role !== "follower") becomeFollower(state, state.term, 0);
}
