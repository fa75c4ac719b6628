import { assert, type NodeId } from "@ringtide/common";
import { propose, stepDown, transferLeadership } from "./commands.ts";
import { startCampaign } from "./election.ts";
import { acknowledgeDurable } from "./following.ts";
import { handleUnreachable } from "./leading.ts";
import { changeConfiguration, moveCommit } from "./membership.ts";
import type { ProposalDraft, RaftOptions } from "./options.ts";
import { wakeUp } from "./quiescence.ts";
import { readIndex } from "./reading.ts";
import type { Ready } from "./ready.ts";
import { statusOf } from "./report.ts";
import { sendSupplied } from "./sending.ts";
import { type HeldSnapshot, needsSnapshot, offerSnapshot } from "./snapshots.ts";
import { newState, type RaftState } from "./state.ts";
import type { RaftStatus } from "./status.ts";
import { step } from "./stepping.ts";
import { hasReady, takeReady } from "./take-ready.ts";
import { tick } from "./ticking.ts";
import type { Configuration, Entry, Message } from "./types.ts";

/**
 * One replica of one group as a pure state machine: no disk, no network, no clock. The host feeds it messages, ticks and reports, and after each of them
 * (or after several) takes a Ready while hasReady() says so. The same calls give the same Readys.
 */
export class RaftCore {
  readonly #state: RaftState;

  /** Throws INTERNAL when the options contradict themselves or the log has gaps. */
  constructor(options: RaftOptions) {
    this.#state = newState(options);
  }

  /**
   * One step of time, of a steady length: ticks that were missed are not made up for. `nowMs`: the host's monotonic time, which leases are
   * measured by. Nothing happens while status().quiet.
   */
  tick(nowMs: number): void {
    tick(this.#state, nowMs);
  }

  /** Takes in a message. Never throws on one whose fields have their types; what cannot be is dropped and counted in status().ignored. */
  step(message: Message): void {
    step(this.#state, message);
  }

  /**
   * Appends entries, all or none; they are committed when they come out of a Ready with this index and this term, and lost when another
   * term does at that index. NOT_LEADER (details.leader: who leads or is about to, 0 unknown), OVERLOADED, UNSUPPORTED for CONFIG_CHANGE.
   */
  propose(drafts: readonly ProposalDraft[]): { readonly firstIndex: number; readonly term: number } {
    assert(drafts.length > 0, "a proposal has entries");
    return propose(this.#state, drafts);
  }

  /**
   * The entries of a Ready, up to `lastIndex`, the last of which has `term`, are durable, and so are those and the hard states of all
   * Readys before. Once for each Ready with entries, in order (one call for the last of several is fine too).
   */
  persisted(lastIndex: number, term: number): void {
    const state = this.#state;
    const before = state.durable.index;
    state.durable.persisted(lastIndex, term);
    if (state.durable.index === before) return;
    if (state.leading !== undefined) moveCommit(state, state.leading);
    else acknowledgeDurable(state);
  }

  /**
   * Asks for the index that a linearizable read must see; it comes out of a Ready (readStates) with this context, at once under a lease. `nowMs` is
   * taken after the reads arrived that share the context. Lost with the leadership. NOT_LEADER, NO_LEADER (just elected), OVERLOADED.
   */
  readIndex(context: number, nowMs: number): void {
    this.#state.nowMs = Math.max(this.#state.nowMs, nowMs);
    readIndex(this.#state, context);
  }

  /**
   * Changes the members; gives the change's first entry. It is done when a CONFIG_CHANGE without votersOutgoing is committed, and falls back to the
   * configuration before when its entries are lost to another leader. NOT_LEADER, CONFIG_CHANGE_PENDING.
   */
  changeConfiguration(target: Pick<Configuration, "voters" | "learners">): {
    readonly index: number;
    readonly term: number;
  } {
    return changeConfiguration(this.#state, target);
  }

  /** Answer to Ready.snapshotsNeeded, at any time later: the follower's host is told to pull this snapshot. */
  offerSnapshot(to: NodeId, snapshot: HeldSnapshot): void {
    offerSnapshot(this.#state, to, snapshot);
  }

  /**
   * Asked when an offered snapshot is there, before it replaces this replica's state: false where the log has got that far meanwhile. After `true` the
   * core is not used any more, as what it would acknowledge from then on is lost.
   */
  needsSnapshot(index: number, term: number): boolean {
    return needsSnapshot(this.#state, index, term);
  }

  /** Ends a quiet time: the election clock starts anew, a leader beats. Nothing happens otherwise. */
  wake(): void {
    wakeUp(this.#state);
  }

  /** The state machine has applied all committed entries up to `index`, which was handed out. */
  appliedTo(index: number): void {
    const state = this.#state;
    assert(index <= state.handedOut, `applied ${index} was not handed out, only ${state.handedOut}`);
    if (index <= state.applied) return;
    state.unappliedBytes -= state.log.bytesOf(state.applied + 1, index + 1);
    state.applied = index;
    state.log.trim(index, state.options);
  }

  /** Answer to Ready.diskReads: entries from `fromIndex` on, as many of the range as were read; none when the read failed. */
  supplyEntries(to: NodeId, entries: readonly Entry[]): void {
    const { leading } = this.#state;
    const peer = leading?.peers.get(to);
    if (leading !== undefined && peer !== undefined) sendSupplied(this.#state, leading, peer, entries);
  }

  /** Entries before `firstIndex` are about to be cut from the durable log; all of them are applied. */
  logCut(firstIndex: number): void {
    const { log, applied } = this.#state;
    assert(firstIndex <= applied + 1, `log cut before ${firstIndex}, applied is ${applied}`);
    log.cutBefore(firstIndex);
  }

  /** The stream to a peer broke: what was under way on it is lost. */
  reportUnreachable(to: NodeId): void {
    wakeUp(this.#state);
    const { leading } = this.#state;
    if (leading !== undefined) handleUnreachable(this.#state, leading, to);
  }

  /** Hands leadership to a voter; no proposals meanwhile; given up after electionTicksMax. NOT_LEADER, NOT_A_VOTER. */
  transferLeadership(to: NodeId): void {
    transferLeadership(this.#state, to);
  }

  /** Campaigns now, as if the election time-out had passed. Nothing happens on a leader, where it may not campaign, or while a lease may hold. */
  campaign(): void {
    startCampaign(this.#state);
  }

  /** Gives up leadership, and does not campaign for electionTicksMax. */
  stepDown(): void {
    stepDown(this.#state);
  }

  /** Is there anything to take? */
  hasReady(): boolean {
    return hasReady(this.#state);
  }

  takeReady(): Ready {
    return takeReady(this.#state);
  }

  status(): RaftStatus {
    return statusOf(this.#state);
  }
}
