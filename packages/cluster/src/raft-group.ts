import type { Clock, GroupNumber, Logger, NodeId } from "@ringtide/common";
import { asRingtideError, groupName, RingtideError } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import type { Entry, Message, RaftCore, RaftStatus } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import { AppliedWaiters } from "./applied-waiters.ts";
import { EntryAdmission } from "./entry-admission.ts";
import type { Applied, Proposal } from "./forwarder.ts";
import { ProposalTable } from "./proposal-table.ts";
import { ReadRounds } from "./read-rounds.ts";

/** What a group replicates. `apply` is synchronous and deterministic; when it throws, the group stops on this node. */
interface StateMachine {
  apply(entry: Entry): ApplyOutcome;
}

export interface RaftGroupOptions {
  readonly group: GroupNumber;
  readonly core: RaftCore;
  readonly log: RaftLog;
  readonly machine: StateMachine;
  readonly send: (message: Message) => void;
  /** Bytes of commands that a replica still takes when its disk is nearly full, so that what was under way is settled. */
  readonly refusalGraceBytes: number;
  /** Another leader is known than before; 0: none is. */
  readonly onLeaderChanged: (group: GroupNumber, leader: NodeId) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Applying gives the main loop a turn after this long. */
const APPLY_SLICE_MS = 5;
const CATCH_UP_READ_BYTES = 4 * 1024 * 1024;

/**
 * Drives one consensus core: carries out what it asks for (append to the node's log, send, apply) and matches applied entries
 * with the proposals that wait for them. All inputs of one turn of the main loop are handled together.
 */
export class RaftGroup {
  readonly group: GroupNumber;
  readonly #options: RaftGroupOptions;
  readonly #core: RaftCore;
  readonly #proposals: ProposalTable;
  #drafts: {
    readonly proposal: Proposal;
    readonly resolve: (applied: Applied) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #applyQueue: Entry[] = [];
  #applying = false;
  #scheduled = false;
  #appendTail: Promise<void> = Promise.resolve();
  #appendsPending = 0;
  #stopped: RingtideError | undefined;
  /** Commit index that the first leader since the start told; 0: none has yet. */
  #commitAtStart = 0;
  #serves = false;
  readonly #appliedWaiters = new AppliedWaiters();
  readonly #reads: ReadRounds;
  readonly #admission: EntryAdmission;

  constructor(options: RaftGroupOptions) {
    this.group = options.group;
    this.#options = options;
    this.#core = options.core;
    this.#proposals = new ProposalTable(options.clock, groupName(options.group));
    this.#admission = new EntryAdmission(options.refusalGraceBytes);
    this.#reads = new ReadRounds({
      groupName: groupName(options.group),
      clock: options.clock,
      confirm: (context) => this.#core.readIndex(context, options.clock.monotonicMs()),
    });
  }

  status(): RaftStatus {
    return this.#core.status();
  }

  /** Undefined while the group runs; else SHUTTING_DOWN or GROUP_STOPPED. */
  get stopped(): RingtideError | undefined {
    return this.#stopped;
  }

  /**
   * False after a start until this replica has applied what was committed when it first heard from a leader: before that it would answer
   * without entries that it acknowledged itself.
   */
  get serves(): boolean {
    return this.#serves && this.#stopped === undefined;
  }

  #checkServes(): void {
    if (this.#serves) return;
    const { applied, leaderReady } = this.#core.status();
    this.#serves = leaderReady || (this.#commitAtStart > 0 && applied >= this.#commitAtStart);
  }

  tick(): void {
    if (this.#stopped !== undefined) return;
    this.#core.tick(this.#options.clock.monotonicMs());
    this.#checkServes();
    this.#pump();
  }

  step(message: Message): void {
    if (this.#stopped !== undefined) return;
    if (this.#commitAtStart === 0 && (message.type === "append" || message.type === "heartbeat")) {
      this.#commitAtStart = message.commit;
    }
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
  }

  transferLeadership(to: NodeId): void {
    this.#core.transferLeadership(to);
    this.#schedule();
  }

  stepDown(): void {
    this.#core.stepDown();
    this.#pump();
  }

  logCut(firstIndex: number): void {
    this.#core.logCut(firstIndex);
  }

  /**
   * Replicates and applies one entry. Rejects with NOT_LEADER or OVERLOADED (no effect), LEADERSHIP_LOST or WRITE_TIMEOUT (outcome
   * unknown), SHUTTING_DOWN or GROUP_STOPPED (no effect), or the error that applying it gave.
   */
  propose(proposal: Proposal, timeoutMs: number): Promise<Applied> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      this.#drafts.push({ proposal, ...this.#proposals.withTimeout(timeoutMs, resolve, reject) });
      this.#schedule();
    });
  }

  /**
   * At the leader: the index that a linearizable read has to see, once a majority has confirmed that this replica still leads. Rejects with
   * NOT_LEADER or NO_LEADER, with CONSISTENCY_UNAVAILABLE after `timeoutMs`, with OVERLOADED, SHUTTING_DOWN or GROUP_STOPPED.
   */
  readIndex(timeoutMs: number): Promise<number> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const confirmed = this.#reads.request(timeoutMs);
    this.#schedule();
    return confirmed;
  }

  /** Resolves once this replica has applied the index; rejects when the signal aborts, or the group stops, first. */
  whenApplied(index: number, signal: AbortSignal): Promise<void> {
    if (this.#core.status().applied >= index) return Promise.resolve();
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return this.#appliedWaiters.wait(index, signal);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.nextTurn(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stopped !== undefined) return;
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
    if (ready.hardState !== undefined || ready.entries.length > 0) {
      const batch = {
        entries: ready.entries,
        ...(ready.hardState === undefined ? {} : { hardState: ready.hardState }),
      };
      const last = ready.entries.at(-1);
      this.#afterAppend(this.#options.log.append(this.group, batch), () => {
        if (last !== undefined) this.#core.persisted(last.index, last.term);
        for (const message of ready.messagesAfterPersist) this.#options.send(message);
      });
    } else if (ready.messagesAfterPersist.length > 0) {
      const send = () => {
        for (const message of ready.messagesAfterPersist) this.#options.send(message);
      };
      // What was handed to the log before may not be durable yet; these messages may speak of it.
      if (this.#appendsPending > 0) this.#afterAppend(Promise.resolve(), send);
      else send();
    }
    for (const read of ready.diskReads) this.#readForPeer(read.to, read.fromIndex, read.throughIndex);
    if (ready.committed.length > 0) this.#enqueueApply(ready.committed);
    if (ready.leaderChanged) this.#leaderChanged();
    for (const { context, index } of ready.readStates) this.#reads.confirmed(context, index);
  }

  #afterAppend(append: Promise<void>, then: () => void): void {
    this.#appendsPending++;
    this.#appendTail = Promise.all([this.#appendTail, append]).then(
      () => {
        this.#appendsPending--;
        if (this.#stopped !== undefined) return;
        then();
        this.#schedule();
      },
      (error: unknown) => {
        this.#appendsPending--;
        this.stop(asRingtideError(error));
      },
    );
  }

  #readForPeer(to: NodeId, fromIndex: number, throughIndex: number): void {
    this.#options.log.read(this.group, fromIndex, throughIndex, CATCH_UP_READ_BYTES).then(
      (entries) => {
        if (this.#stopped !== undefined) return;
        this.#core.supplyEntries(to, entries);
        this.#schedule();
      },
      (error: unknown) => this.stop(asRingtideError(error)),
    );
  }

  #leaderChanged(): void {
    const { role, leader, term } = this.#core.status();
    this.#options.logger.info("leader changed", { group: groupName(this.group), role, leader, term });
    if (role !== "leader") this.#proposals.leadershipLost(leader);
    const lost = `${groupName(this.group)}: leadership changed while a read waited for it`;
    this.#reads.failAll(new RingtideError("NOT_LEADER", lost, { details: { leader: role === "leader" ? 0 : leader } }));
    this.#options.onLeaderChanged(this.group, leader);
  }

  #enqueueApply(entries: readonly Entry[]): void {
    for (const entry of entries) this.#applyQueue.push(entry);
    if (!this.#applying) this.#applySlice();
  }

  #applySlice(): void {
    if (this.#stopped !== undefined) return;
    const { clock, machine } = this.#options;
    const startedMs = clock.monotonicMs();
    let done = 0;
    try {
      for (const entry of this.#applyQueue) {
        const outcome = machine.apply(entry);
        this.#proposals.applied(entry, outcome);
        done++;
        if (clock.monotonicMs() - startedMs > APPLY_SLICE_MS) break;
      }
    } catch (error) {
      const at = this.#applyQueue[done];
      const cause = asRingtideError(error);
      this.stop(
        new RingtideError(
          "GROUP_STOPPED",
          `${groupName(this.group)} cannot apply entry ${at?.index}: ${cause.message}`,
          { cause },
        ),
      );
      return;
    }
    const last = this.#applyQueue[done - 1];
    this.#applyQueue.splice(0, done);
    if (last !== undefined) this.#appliedTo(last.index);
    this.#applying = this.#applyQueue.length > 0;
    if (this.#applying) clock.nextTurn(() => this.#applySlice());
  }

  #appliedTo(index: number): void {
    this.#core.appliedTo(index);
    this.#checkServes();
    this.#appliedWaiters.appliedTo(index);
    if (this.#core.hasReady()) this.#schedule();
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
    for (const draft of this.#drafts) draft.reject(stopped);
    this.#drafts = [];
    this.#reads.failAll(stopped);
    this.#appliedWaiters.failAll(stopped);
    this.#proposals.failAll(
      new RingtideError("LEADERSHIP_LOST", `${name} stopped while the write was under way: ${reason.message}`, {
        cause: reason,
      }),
    );
  }

  /** Resolves when no append of this group is under way. */
  idle(): Promise<void> {
    return this.#appendTail;
  }
}
