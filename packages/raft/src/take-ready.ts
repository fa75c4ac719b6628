import { applicableIndex } from "./commit.ts";
import type { Ready } from "./ready.ts";
import { beginRound, isReadRoundDue } from "./rounds.ts";
import { pump } from "./sending.ts";
import { hardStateOf, type RaftState } from "./state.ts";
import type { Entry, HardState } from "./types.ts";

const NO_ENTRIES: readonly Entry[] = [];
const NOTHING: readonly never[] = [];

function leaderChanged(state: RaftState): boolean {
  const { told } = state;
  return told.role !== state.role || told.leader !== state.leader || told.term !== state.term;
}

export function hasReady(state: RaftState): boolean {
  const { outbox, durable } = state;
  return (
    outbox.messages.length > 0 ||
    durable.emittedIndex < state.log.lastIndex ||
    state.handedOut < applicableIndex(state) ||
    state.leading?.pumpDue === true ||
    outbox.afterPersist.length > 0 ||
    !durable.emitted(state.term, state.vote) ||
    outbox.diskReads.length > 0 ||
    outbox.snapshotsNeeded.length > 0 ||
    outbox.snapshotOffers.length > 0 ||
    outbox.readStates.length > 0 ||
    (state.leading !== undefined && isReadRoundDue(state.leading)) ||
    leaderChanged(state)
  );
}

/** Given out when it changed, and again as long as promises need it that are not known to follow it on disk. */
function takeHardState(state: RaftState): HardState | undefined {
  const { durable, outbox, term, vote } = state;
  const again = outbox.afterPersist.length > 0 && !durable.holds(term, vote);
  if (durable.emitted(term, vote) && !again) return undefined;
  const hardState = hardStateOf(state);
  durable.emitHardState(hardState);
  return hardState;
}

function takeEntries(state: RaftState): readonly Entry[] {
  const { log, durable } = state;
  if (durable.emittedIndex >= log.lastIndex) return NO_ENTRIES;
  const entries = log.entries(durable.emittedIndex + 1, log.lastIndex + 1, Number.POSITIVE_INFINITY) ?? NO_ENTRIES;
  durable.emitEntries(entries);
  return entries;
}

function takeCommitted(state: RaftState): readonly Entry[] {
  const end = applicableIndex(state);
  if (state.handedOut >= end) return NO_ENTRIES;
  const committed = state.log.entries(state.handedOut + 1, end + 1, state.options.maxAppendBytes) ?? NO_ENTRIES;
  state.handedOut += committed.length;
  return committed;
}

/** Most are empty most of the time: those cost nothing. */
function takeAll<T>(list: T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list.splice(0);
}

export function takeReady(state: RaftState): Ready {
  pump(state);
  if (state.leading !== undefined && isReadRoundDue(state.leading)) beginRound(state, state.leading);
  const { outbox } = state;
  const changed = leaderChanged(state);
  if (changed) state.told = { role: state.role, leader: state.leader, term: state.term };
  const hardState = takeHardState(state);
  const ready: Ready = {
    hardState,
    entries: takeEntries(state),
    messages: outbox.messages,
    messagesAfterPersist: outbox.afterPersist,
    committed: takeCommitted(state),
    diskReads: takeAll(outbox.diskReads),
    snapshotsNeeded: takeAll(outbox.snapshotsNeeded),
    snapshotOffers: takeAll(outbox.snapshotOffers),
    readStates: takeAll(outbox.readStates),
    leaderChanged: changed,
  };
  outbox.messages = [];
  outbox.afterPersist = [];
  return ready;
}
