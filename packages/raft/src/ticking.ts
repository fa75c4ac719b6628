import { startCampaign } from "./election.ts";
import { missLeader } from "./following.ts";
import { settleChange } from "./membership.ts";
import type { Progress } from "./progress.ts";
import { goQuiet } from "./quiescence.ts";
import { hasQuorum } from "./quorum.ts";
import { becomeFollower } from "./roles.ts";
import { beginRound } from "./rounds.ts";
import { type Leading, mayCampaign, type RaftState } from "./state.ts";

/** Nothing happens while quiet, except that time is taken note of. */
export function tick(state: RaftState, nowMs: number): void {
  state.nowMs = Math.max(state.nowMs, nowMs);
  if (state.quiet) return;
  state.tick++;
  state.leaderHeardElapsed++;
  if (state.leading !== undefined) tickLeader(state, state.leading);
  else tickFollower(state);
}

function tickFollower(state: RaftState): void {
  state.electionElapsed++;
  if (state.campaignBlockedTicks > 0) state.campaignBlockedTicks--;
  if (state.electionElapsed < state.electionTimeout) return;
  if (state.campaignBlockedTicks > 0) state.leader = 0;
  else if (mayCampaign(state)) startCampaign(state);
  else missLeader(state);
}

function tickLeader(state: RaftState, leading: Leading): void {
  leading.windowElapsed++;
  leading.heartbeatElapsed++;
  leading.idleTicks++;
  const { heartbeatTicks, electionTicksMax } = state.options;
  if (leading.transfer !== undefined && ++leading.transfer.elapsed >= electionTicksMax) {
    leading.transfer = undefined;
    settleChange(state, leading);
    if (state.leading === undefined) return;
  }
  if (leading.windowElapsed >= electionTicksMax && !checkQuorum(state, leading)) {
    becomeFollower(state, state.term, 0);
    return;
  }
  if (leading.heartbeatElapsed >= heartbeatTicks && !goQuiet(state, leading)) beginRound(state, leading);
}

/** It answered, and where entries waited for it during the whole window, its append stream moved: beats alone would hide a follower that hangs. */
function wasActive(peer: Progress): boolean {
  const excused = !peer.behindAtWindowStart || peer.diskReadPending || peer.state === "snapshot";
  return peer.answered && (peer.moved || excused);
}

/** Ends a window; false: no quorum was active in it, and another leader may be there already (thesis section 6.2). */
function checkQuorum(state: RaftState, leading: Leading): boolean {
  leading.windowElapsed = 0;
  for (const peer of leading.peers.values()) {
    peer.active = wasActive(peer);
    peer.startWindow(state.log.lastIndex);
  }
  const { self } = state.options;
  return hasQuorum(state.configurations.current, (id) => id === self || leading.peers.get(id)?.active === true);
}
