import { entryBytes, totalBytes } from "./memory-log.ts";
import type { Progress } from "./progress.ts";
import { type Leading, type RaftState, sendPromise } from "./state.ts";
import type { Entry } from "./types.ts";

/** Sends all that may leave now, to every peer. Called once a Ready, so that proposals made in between share their requests. */
export function pump(state: RaftState): void {
  const leading = state.leading;
  if (!leading?.pumpDue) return;
  leading.pumpDue = false;
  for (const peer of leading.peers.values()) {
    if (peer.state === "replicate") replicate(state, peer);
    else if (!peer.paused) probe(state, peer);
  }
  sendTimeoutNow(state, leading);
}

function sendAppend(
  state: RaftState,
  peer: Progress,
  prevIndex: number,
  prevTerm: number,
  entries: readonly Entry[],
): void {
  peer.sentCommit = state.commit;
  // A promise as long as this term is not known durable (a single voter elects itself at once): the term must not be won twice.
  sendPromise(state, {
    type: "append",
    group: state.options.group,
    from: state.options.self,
    to: peer.id,
    term: state.term,
    prevIndex,
    prevTerm,
    entries,
    commit: state.commit,
  });
}

/** One request, to learn whether the logs match before `next`; it takes along what is in memory. */
function probe(state: RaftState, peer: Progress): void {
  const { log, options } = state;
  const prevTerm = log.term(peer.next - 1);
  peer.pause(state.tick);
  if (prevTerm === undefined) {
    needSnapshot(state, peer);
    return;
  }
  peer.state = "probe";
  sendAppend(
    state,
    peer,
    peer.next - 1,
    prevTerm,
    log.entries(peer.next, log.lastIndex + 1, options.maxAppendBytes) ?? [],
  );
}

function needSnapshot(state: RaftState, peer: Progress): void {
  peer.state = "snapshot";
  if (state.tick - peer.snapshotAskedTick < state.options.electionTicksMax) return;
  peer.snapshotAskedTick = state.tick;
  state.outbox.snapshotsNeeded.push({ to: peer.id });
}

/** Fills the in-flight window. */
function replicate(state: RaftState, peer: Progress): void {
  const { log, options } = state;
  while (peer.next <= log.lastIndex && !peer.inflights.full && !peer.diskReadPending) {
    const entries = log.entries(peer.next, log.lastIndex + 1, options.maxAppendBytes);
    if (entries === undefined) {
      askForDiskRead(state, peer);
      return;
    }
    sendEntries(state, peer, entries);
  }
  // A quiet follower learns a new commit index now, not with the next beat. Where entries are on their way the next of them carries it.
  const told = Math.min(state.commit, peer.match);
  if (peer.next > log.lastIndex && peer.inflights.count === 0 && peer.sentCommit < told) {
    sendAppend(state, peer, peer.match, log.term(peer.match) as number, []);
  }
}

function askForDiskRead(state: RaftState, peer: Progress): void {
  const { log } = state;
  if (log.term(peer.next - 1) === undefined) {
    peer.becomeProbe(peer.next);
    peer.pause(state.tick);
    needSnapshot(state, peer);
    return;
  }
  peer.diskReadPending = true;
  peer.streamTick = state.tick;
  state.outbox.diskReads.push({ to: peer.id, fromIndex: peer.next, throughIndex: log.memoryFirstIndex - 1 });
}

/** `entries` begin at peer.next; the window has room. */
function sendEntries(state: RaftState, peer: Progress, entries: readonly Entry[]): void {
  const prevIndex = peer.next - 1;
  sendAppend(state, peer, prevIndex, state.log.term(prevIndex) as number, entries);
  if (peer.inflights.count === 0) peer.streamTick = state.tick;
  peer.next += entries.length;
  peer.inflights.add(peer.next - 1, totalBytes(entries));
}

/**
 * What the host read from disk for `peer`: sent in requests of maxAppendBytes while the window has room, the rest is asked for again. Stale or
 * empty answers only end the wait.
 */
export function sendSupplied(state: RaftState, leading: Leading, peer: Progress, entries: readonly Entry[]): void {
  if (!peer.diskReadPending) return;
  peer.diskReadPending = false;
  if (entries.length === 0) return;
  leading.pumpDue = true;
  if (state.log.term(peer.next - 1) === undefined) return; // cut meanwhile
  let at = 0;
  while (at < entries.length && !peer.inflights.full) {
    let end = at;
    let bytes = 0;
    while (end < entries.length) {
      const entry = entries[end] as Entry;
      const expected = peer.next + end - at;
      if (entry.index !== expected || state.log.term(expected) !== entry.term) return;
      bytes += entryBytes(entry);
      if (bytes > state.options.maxAppendBytes && end > at) break;
      end++;
    }
    sendEntries(state, peer, entries.slice(at, end));
    at = end;
  }
}

/** The target of a transfer has all: it may campaign at once (thesis section 3.10). */
function sendTimeoutNow(state: RaftState, leading: Leading): void {
  const { transfer } = leading;
  if (transfer === undefined || transfer.sent) return;
  if (leading.peers.get(transfer.to)?.match !== state.log.lastIndex) return;
  transfer.sent = true;
  // It may arrive at any time from now on, also when the transfer was given up.
  leading.rounds.leaseForfeited = true;
  state.outbox.messages.push({
    type: "timeoutNow",
    group: state.options.group,
    from: state.options.self,
    to: transfer.to,
    term: state.term,
  });
}
