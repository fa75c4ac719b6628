import type { GroupNumber, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, hasCode, RingtideError } from "@ringtide/common";
import type { Message, RaftCore, RaftStatus, Ready } from "@ringtide/raft";
import { AppendQueue } from "./append-queue.ts";
import { Applier } from "./applier.ts";
import { EntryAdmission } from "./entry-admission.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import { ProposalTable } from "./proposal-table.ts";
import type { RaftGroupOptions } from "./raft-group-options.ts";
import { ReadRounds } from "./read-rounds.ts";
import { Serving } from "./serving.ts";

const CATCH_UP_READ_BYTES = 4 * 1024 * 1024;

/**
 * Drives one consensus core: carries out what it asks for (append to the node's log, send, apply) and matches applied entries
 * with the proposals that wait for them. All inputs of one turn of the main loop are handled together.
 */
export class RaftGroup {
  readonly group: GroupNumber;
  readonly #options: RaftGroupOptions;
  readonly #applier: Applier;
  readonly #proposals: ProposalTable;
  readonly #reads: ReadRounds;
  #core: RaftCore;
  #drafts: {
    readonly proposal: Proposal;
    readonly resolve: (applied: Applied) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #scheduled = false;
  /** The state of this replica is being replaced: nothing is taken in or handed out. */
  #suspended = false;
  /** What ends of the work of a core before `suspend` says nothing about the one of after it. */
  #generation = 0;
  readonly #appends: AppendQueue;
  #stopped: RingtideError | undefined;
  #serving = new Serving();
  #cutBelow = 0;
  /** The log lost entries; the core says when it may be trusted again. */
  #isDistrusted: boolean;
  readonly #admission: EntryAdmission;

  constructor(options: RaftGroupOptions) {
    const { group, clock, core, machine } = options;
    const name = groupName(group);
    const { applied, mayVote } = core.status();
    this.group = group;
    this.#options = options;
    this.#core = core;
    this.#isDistrusted = !mayVote;
    this.#proposals = new ProposalTable(clock, name);
    this.#appends = new AppendQueue(options.log, group, (error) => this.fail(error));
    this.#admission = new EntryAdmission(options.refusalGraceBytes);
    this.#reads = new ReadRounds({
      groupName: name,
      clock,
      confirm: (context) => this.#core.readIndex(context, clock.monotonicMs()),
    });
    this.#applier = new Applier(
      {
        name,
        machine,
        clock,
        onOutcome: (entry, outcome) => this.#proposals.applied(entry, outcome),
        onApplied: (index) => this.#applied(index),
        onFailure: (error) => this.stop(error),
      },
      applied,
    );
  }

  status(): RaftStatus {
    return this.#core.status();
  }

  /** Its state is being replaced by a snapshot. */
  get isSuspended(): boolean {
    return this.#suspended;
  }

  /** Undefined while the group runs; else SHUTTING_DOWN or GROUP_STOPPED. */
  get stopped(): RingtideError | undefined {
    return this.#stopped;
  }

  /** False after a start until this replica has caught up; see Serving. */
  get serves(): boolean {
    return this.#serving.serves && this.#stopped === undefined;
  }

  #checkServes(): void {
    if (!this.#serving.serves) this.#serving.look(this.#core.status());
  }

  /** Everything is everywhere: no tick is needed until a message, a call or `wake` says otherwise. */
  get isQuiet(): boolean {
    return this.#core.status().quiet;
  }

  tick(): void {
    if (!this.#runs) return;
    this.#core.tick(this.#options.clock.monotonicMs());
    this.#checkServes();
    this.#checkTrust();
    this.#pump();
  }

  get #runs(): boolean {
    return this.#stopped === undefined && !this.#suspended;
  }

  /** A peer that a quiet group counts on fell silent. */
  wake(): void {
    if (!this.#runs || !this.isQuiet) return;
    this.#core.wake();
    this.#schedule();
  }

  step(message: Message): void {
    if (!this.#runs) return;
    this.#serving.heard(message);
    const admitted = this.#admission.admit(message);
    if (admitted === undefined) return;
    this.#core.step(admitted);
    this.#schedule();
  }

  /** With true, the replica of a nearly full disk takes no further commands from its leader, but for a grace; see EntryAdmission. */
  refuseEntries(refuse: boolean): void {
    this.#admission.refuse(refuse);
  }

  reportUnreachable(peer: NodeId): void {
    this.#core.reportUnreachable(peer);
    this.wake();
  }

  transferLeadership(to: NodeId): void {
    this.#core.transferLeadership(to);
    this.#schedule();
  }

  stepDown(): void {
    this.#core.stepDown();
    this.#pump();
  }

  /**
   * Entries before `firstIndex` are needed no more, here or by others. Asking again for the same changes nothing. The core forgets them first:
   * it must not ask for what the log gives up while that becomes durable.
   */
  cutLog(firstIndex: number): void {
    if (firstIndex <= Math.max(this.#cutBelow, 1) || !this.#runs) return;
    this.#cutBelow = firstIndex;
    this.#core.logCut(firstIndex);
    this.#options.log.cut(this.group, firstIndex).catch((error: unknown) => {
      if (hasCode(error, "DISK_FULL")) this.#cutBelow = 0;
      else this.fail(error);
    });
  }

  /**
   * Replicates and applies one entry. Rejects with NOT_LEADER or OVERLOADED (no effect), LEADERSHIP_LOST or WRITE_TIMEOUT (outcome
   * unknown), SHUTTING_DOWN or GROUP_STOPPED (no effect), or the error that applying it gave.
   */
  propose(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#suspended) return Promise.reject(this.#notNow());
    return new Promise((resolve, reject) => {
      this.#drafts.push({ proposal, ...this.#proposals.withTimeout(timeoutMs, resolve, reject) });
      this.#schedule();
    });
  }

  /**
   * At the leader: the index that a linearizable read has to see (thesis section 6.4), once a majority has confirmed that this replica still
   * leads. Rejects with NOT_LEADER or NO_LEADER, with CONSISTENCY_UNAVAILABLE after `timeoutMs`, with OVERLOADED, SHUTTING_DOWN or GROUP_STOPPED.
   */
  readIndex(timeoutMs: number): Promise<number> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#suspended) return Promise.reject(this.#notNow());
    const confirmed = this.#reads.request(timeoutMs);
    this.#schedule();
    return confirmed;
  }

  /** Changes the members of the group; the index of the first of the two entries. NOT_LEADER, NO_LEADER, CONFIG_CHANGE_PENDING. */
  changeConfiguration(target: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] }): number {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#suspended) throw this.#notNow();
    const { index } = this.#core.changeConfiguration(target);
    this.#schedule();
    return index;
  }

  #notNow(): RingtideError {
    return new RingtideError("NO_LEADER", `${groupName(this.group)} takes in a snapshot on this node`, {
      details: { leader: 0 },
    });
  }

  /** Resolves once this replica has applied the index; rejects when the signal aborts, or the group stops, first. */
  whenApplied(index: number, signal: AbortSignal): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return this.#applier.whenApplied(index, signal);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.turns.add(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#runs) return;
    try {
      this.#proposeDrafts();
      this.#reads.start();
      while (this.#core.hasReady()) this.#handleReady();
    } catch (error) {
      this.stop(asRingtideError(error));
    }
  }

  #proposeDrafts(): void {
    if (this.#drafts.length === 0) return;
    const drafts = this.#drafts;
    this.#drafts = [];
    try {
      const { firstIndex, term } = this.#core.propose(drafts.map((draft) => draft.proposal));
      drafts.forEach((draft, position) => {
        this.#proposals.add(firstIndex + position, term, draft);
      });
    } catch (error) {
      for (const draft of drafts) draft.reject(asRingtideError(error));
    }
  }

  #handleReady(): void {
    const ready = this.#core.takeReady();
    for (const message of ready.messages) this.#options.send(message);
    this.#persist(ready);
    for (const read of ready.diskReads) this.#readForPeer(read.to, read.fromIndex, read.throughIndex);
    if (ready.committed.length > 0) this.#applier.enqueue(ready.committed);
    for (const { context, index } of ready.readStates) this.#reads.confirmed(context, index);
    for (const { to } of ready.snapshotsNeeded) this.#offerSnapshot(to);
    for (const { from, index } of ready.snapshotOffers) this.#options.onSnapshotOffer(this.group, from, index);
    if (ready.leaderChanged) this.#leaderChanged();
  }

  #persist(ready: Ready): void {
    const { entries, hardState, messagesAfterPersist } = ready;
    const send = () => {
      for (const message of messagesAfterPersist) this.#options.send(message);
    };
    if (hardState !== undefined || entries.length > 0) {
      const last = entries.at(-1);
      this.#appends.append({ entries, ...(hardState === undefined ? {} : { hardState }) }, () => {
        if (this.#stopped !== undefined) return;
        if (last !== undefined) this.#core.persisted(last.index, last.term);
        send();
        this.#schedule();
      });
    } else if (messagesAfterPersist.length > 0) {
      // What was handed to the log before may not be durable yet; these messages may speak of it.
      this.#appends.whenDurable(() => {
        if (this.#stopped === undefined) send();
      });
    }
  }

  #readForPeer(to: NodeId, fromIndex: number, throughIndex: number): void {
    const generation = this.#generation;
    this.#options.log.read(this.group, fromIndex, throughIndex, CATCH_UP_READ_BYTES).then(
      (entries) => {
        if (this.#stopped !== undefined || generation !== this.#generation) return;
        this.#core.supplyEntries(to, entries);
        this.#schedule();
      },
      (error: unknown) => this.fail(error),
    );
  }

  #offerSnapshot(to: NodeId): void {
    const offer = this.#options.snapshotToOffer();
    if (offer !== undefined) this.#core.offerSnapshot(to, offer);
  }

  #leaderChanged(): void {
    const { role, leader, term } = this.#core.status();
    this.#options.logger.info("leader changed", { group: groupName(this.group), role, leader, term });
    if (role !== "leader") this.#proposals.leadershipLost(leader);
    const lost = `${groupName(this.group)}: leadership changed while a read waited for it`;
    this.#reads.failAll(new RingtideError("NOT_LEADER", lost, { details: { leader: role === "leader" ? 0 : leader } }));
    this.#options.onLeaderChanged(this.group, leader);
  }

  #applied(index: number): void {
    if (this.#suspended) return; // the new core says itself where it begins
    this.#core.appliedTo(index);
    this.#checkServes();
    if (this.#core.hasReady()) this.#schedule();
  }

  /** A log that lost entries has caught up: from the next start on it may be trusted at once. */
  #checkTrust(): void {
    if (!this.#isDistrusted || !this.#core.status().mayVote) return;
    this.#isDistrusted = false;
    const { log, logger } = this.#options;
    log.trust(this.group).then(
      () => logger.info("the damaged log has caught up: this replica votes again", { group: groupName(this.group) }),
      (error: unknown) => {
        if (hasCode(error, "DISK_FULL"))
          this.#isDistrusted = true; // tried again at the next tick
        else this.fail(error);
      },
    );
  }

  /** Asked before a snapshot replaces the state: false where the log has got that far. */
  needsSnapshot(index: number, term: number): boolean {
    return this.#runs && this.#core.needsSnapshot(index, term);
  }

  /**
   * Takes the replica out of service, so that its state can be replaced; resolves when nothing of it is under way any more. It neither
   * votes nor answers until `resume`.
   */
  async suspend(): Promise<void> {
    this.#suspended = true;
    this.#generation++;
    this.#applier.reset();
    this.#failPending(this.#notNow());
    await this.#appends.reset();
  }

  /** Goes on with another core, over the replaced state. */
  resume(core: RaftCore): void {
    const { applied, mayVote } = core.status();
    this.#core = core;
    this.#isDistrusted = !mayVote;
    this.#serving = new Serving();
    this.#cutBelow = 0;
    this.#applier.reset(applied);
    this.#suspended = false;
    this.#schedule();
  }

  #failPending(error: RingtideError): void {
    for (const draft of this.#drafts) draft.reject(error);
    this.#drafts = [];
    this.#reads.failAll(error);
    this.#proposals.failAll(
      new RingtideError("LEADERSHIP_LOST", `${error.message}, while the write was under way`, { cause: error }),
    );
  }

  /**
   * Ends the group by an error. A disk that cannot be written or read is the whole node's trouble: the next start looks at all of it, and
   * repairs what it can.
   */
  fail(error: unknown): void {
    const known = asRingtideError(error);
    this.stop(known);
    if (hasCode(known, "DISK_IO", "DISK_CORRUPT", "DISK_NOT_FOUND")) this.#options.onFatal(known);
  }

  /**
   * Ends the group on this node: proposals are refused from now on, and nothing is sent or applied any more. Of those that were appended
   * nobody here learns the outcome: the others may commit them.
   */
  stop(reason: RingtideError): void {
    if (this.#stopped !== undefined) return;
    const name = groupName(this.group);
    const stopped =
      reason.code === "SHUTTING_DOWN" || reason.code === "GROUP_STOPPED"
        ? reason
        : new RingtideError("GROUP_STOPPED", `${name} stopped on this node: ${reason.message}`, { cause: reason });
    this.#stopped = stopped;
    if (reason.code !== "SHUTTING_DOWN")
      this.#options.logger.error("group stopped", { code: reason.code, group: name, reason: reason.message });
    this.#failPending(stopped);
    this.#applier.stop(stopped);
  }

  /** Resolves when no append of this group is under way. */
  idle(): Promise<void> {
    return this.#appends.idle();
  }
}
