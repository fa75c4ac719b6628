import { allMatchOf } from "./commit.ts";
import { isJoint } from "./quorum.ts";
import { restartElectionClock } from "./roles.ts";
import { beginRound } from "./rounds.ts";
import type { Leading, RaftState } from "./state.ts";
import type { Heartbeat, Message } from "./types.ts";

/** Ends a quiet time: the clock of elections starts anew, and a leader beats at once, with a new check-quorum window. */
export function wakeUp(state: RaftState): void {
  if (!state.quiet) return;
  state.quiet = false;
  restartElectionClock(state);
  // Whoever stands back lets others win: somebody had, before all fell quiet. Ticks, which count it down, there were none.
  state.campaignBlockedTicks = 0;
  const { leading } = state;
  if (leading === undefined) return;
  leading.idleTicks = 0;
  leading.windowElapsed = 0;
  for (const peer of leading.peers.values()) peer.startWindow(state.log.lastIndex);
  beginRound(state, leading);
}

/** Committed, durable and applied up to the log's end. */
function isSettled(state: RaftState): boolean {
  const { commit, applied, durable, log, mayVote } = state;
  const last = log.lastIndex;
  return mayVote && commit === last && applied === last && durable.index === last;
}

/** Nothing is under way, and every peer has all and answered the last round. */
function mayQuiesce(state: RaftState, leading: Leading): boolean {
  const { quiesceAfterTicks } = state.options;
  if (quiesceAfterTicks === 0 || leading.idleTicks < quiesceAfterTicks) return false;
  if (!isSettled(state) || leading.transfer !== undefined || leading.reads.length > 0) return false;
  if (isJoint(state.configurations.current) || allMatchOf(state, leading) < state.log.lastIndex) return false;
  for (const peer of leading.peers.values())
    if (peer.state !== "replicate" || peer.answeredRound < leading.rounds.last) return false;
  return true;
}

/** At a leader's beat: the last one before it needs no ticks any more. False: it is not time. */
export function goQuiet(state: RaftState, leading: Leading): boolean {
  if (!mayQuiesce(state, leading)) return false;
  beginRound(state, leading, true);
  state.quiet = true;
  return true;
}

/** A beat of the leader that this replica follows: does it make it quiet? `isNew`: not one that was repeated or overtaken. */
export function followIntoQuiet(state: RaftState, message: Heartbeat, isNew: boolean): boolean {
  const settled = isSettled(state) && message.commit === state.log.lastIndex;
  if (message.quiesce && settled && (isNew || state.quiet)) state.quiet = true;
  else wakeUp(state);
  return state.quiet;
}

/** Late answers to a leader that went quiet, and beats that say so, wake nobody. Who could not follow into the quiet time answers its last beat. */
export function wakes(state: RaftState, message: Message): boolean {
  if (message.term !== state.term) return true;
  const { leading } = state;
  const peer = leading?.peers.get(message.from);
  switch (message.type) {
    case "heartbeat":
      return !message.quiesce || message.from !== state.leader;
    case "heartbeatResponse":
      return leading !== undefined && message.readContext === leading.rounds.last;
    case "appendResponse":
      return message.reject || peer === undefined || message.index !== peer.match;
    default:
      return true;
  }
}
