import { allMatchOf } from "./commit.ts";
import type { Progress } from "./progress.ts";
import { committedIndex } from "./quorum.ts";
import type { Leading, RaftState, Rounds } from "./state.ts";

/** Rounds that no quorum answered are remembered up to here; check-quorum ends a leadership long before. */
const UNCONFIRMED_ROUNDS_MAX = 64;
/** Reads begin no round of their own while so many are unanswered; they then wait for an answer, or for the next beat. */
const READ_ROUNDS_MAX = 8;

export function newRounds(): Rounds {
  return { last: 0, confirmed: 0, sent: [], leaseFromMs: Number.NEGATIVE_INFINITY, leaseForfeited: false };
}

/** Beats to everybody: a new round. A beat tells each peer no more than what it is known to have. */
export function beginRound(state: RaftState, leading: Leading, quiesce = false): void {
  const { group, self } = state.options;
  const { rounds } = leading;
  const allMatch = allMatchOf(state, leading);
  rounds.last++;
  rounds.sent.push({ round: rounds.last, atMs: state.nowMs });
  if (rounds.sent.length > UNCONFIRMED_ROUNDS_MAX) rounds.sent.shift();
  leading.readRoundDue = false;
  leading.heartbeatElapsed = 0;
  for (const peer of leading.peers.values()) {
    state.outbox.messages.push({
      type: "heartbeat",
      group,
      from: self,
      to: peer.id,
      term: state.term,
      commit: Math.min(peer.match, state.commit),
      allMatch,
      readContext: rounds.last,
      quiesce,
    });
  }
  confirmRounds(state, leading);
}

/** Reads wait for a round, and it may begin. */
export function isReadRoundDue(leading: Leading): boolean {
  const { last, confirmed } = leading.rounds;
  return leading.readRoundDue && last - confirmed < READ_ROUNDS_MAX;
}

/** A peer answered a round, which is no later than the last. */
export function noteAnswer(state: RaftState, leading: Leading, peer: Progress, round: number): void {
  if (round <= peer.answeredRound) return;
  peer.answeredRound = round;
  if (round > leading.rounds.confirmed) confirmRounds(state, leading);
}

/**
 * A quorum of the configuration in force answered a round: nobody else led when it began, so reads asked before it see all that was committed
 * (thesis section 6.4), and nobody is elected within an election time-out of it (section 6.4.1).
 */
export function confirmRounds(state: RaftState, leading: Leading): void {
  const { rounds, reads, peers } = leading;
  const { self } = state.options;
  const round = committedIndex(state.configurations.current, (id) =>
    id === self ? rounds.last : (peers.get(id)?.answeredRound ?? 0),
  );
  if (round <= rounds.confirmed) return;
  rounds.confirmed = round;
  while (rounds.sent[0] !== undefined && rounds.sent[0].round <= round)
    rounds.leaseFromMs = rounds.sent.shift()?.atMs ?? rounds.leaseFromMs;
  const stillWaiting = reads.findIndex((read) => read.round > round);
  for (const { context, index } of reads.splice(0, stillWaiting < 0 ? reads.length : stillWaiting))
    state.outbox.readStates.push({ context, index });
}
