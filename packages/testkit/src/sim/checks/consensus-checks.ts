import { type GroupNumber, groupName, type NodeId } from "@ringtide/common";
import type { Configuration } from "@ringtide/raft";
import { CatchUps } from "./catch-ups.ts";
import { ConfigurationCheck } from "./configuration-check.ts";
import { LeaseCheck } from "./lease-check.ts";
import type { LogImage } from "./log-image.ts";
import { ReadCheck } from "./read-check.ts";
import { type ReplicaView, where } from "./replica-view.ts";
import { TrustCheck } from "./trust-check.ts";
import { Violation } from "./violation.ts";

interface Floor {
  readonly incarnation: number;
  readonly isLeader: boolean;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
  /** Committed entries up to here were compared. */
  readonly compared: number;
}

/** What has been committed in a group, as leaders committed it: checksum and term of the entry at each index. */
interface Committed {
  readonly crcs: (number | undefined)[];
  readonly terms: (number | undefined)[];
  /** In whose term it was committed. */
  readonly committedIn: (number | undefined)[];
  last: number;
}

/**
 * The properties of thesis figure 3.2 and what the project promises beyond, over all replicas of a cluster. `observe` is called with each
 * replica of a node after each event that the node took part in, and looks only at what changed.
 */
export class ConsensusChecks {
  readonly #images: ReadonlyMap<NodeId, LogImage>;
  readonly #leaders = new Map<string, NodeId>();
  readonly #floors = new Map<string, Floor>();
  readonly #committed = new Map<GroupNumber, Committed>();
  readonly #configurations = new ConfigurationCheck();
  /** Highest index that a node's files were seen to cover. */
  readonly #checkpoints = new Map<string, number>();
  /** Leadership terms seen: for the coverage table. */
  leaderChanges = 0;
  readonly catchUps = new CatchUps();
  readonly leases = new LeaseCheck();
  readonly reads: ReadCheck;
  readonly #trust = new TrustCheck();

  /** Most is thrown by `observe`; what turns out in between is told to `onViolation`. */
  constructor(images: ReadonlyMap<NodeId, LogImage>, onViolation: (violation: Violation) => void) {
    this.#images = images;
    this.reads = new ReadCheck((group) => this.#committed.get(group)?.last ?? 0, onViolation);
  }

  /** The process of a node ended. */
  ended(node: NodeId): void {
    this.leases.ended(node);
    for (const [group, { last }] of this.#committed) this.#trust.ended(node, group, last);
  }

  observe(view: ReplicaView): void {
    const { status, group } = view;
    const key = `${view.node}/${group}`;
    const floor = this.#floors.get(key);
    const isNew = floor === undefined || floor.incarnation !== view.incarnation;
    this.catchUps.observe(view, this.#committed.get(group)?.last ?? 0);
    this.#configurations.begin(group, status.configuration);
    if (!isNew) this.#checkOnlyGrows(view, floor);
    this.#checkOrder(view);
    this.#checkDurable(view);
    this.#trust.observe(view, (through) => this.#lacking(view, through));
    this.#checkpoints.set(key, Math.max(this.#checkpoints.get(key) ?? 0, view.checkpointIndex));
    if (status.role === "leader") this.#observeLeader(view);
    this.leases.observe(view);
    const from = isNew ? view.checkpointIndex : floor.compared;
    // What is not durable yet may be another entry on the disk than in memory. A leader may commit such entries, and has to be right.
    const compared = Math.max(
      from,
      status.role === "leader" ? status.commit : Math.min(status.commit, status.durableIndex),
    );
    if (compared > from) this.#observeCommit(view, from, compared);
    if (!isNew && floor.isLeader && status.role === "leader" && status.term === floor.term)
      this.#checkOwnTerm(view, floor.commit);
    const image = this.#images.get(view.node);
    if (image !== undefined) this.#configurations.check(view.node, group, status, image);
    this.#floors.set(key, {
      compared,
      incarnation: view.incarnation,
      isLeader: status.role === "leader",
      term: status.term,
      commit: status.commit,
      applied: status.applied,
    });
  }

  #checkOnlyGrows(view: ReplicaView, floor: Floor): void {
    const { term, commit, applied } = view.status;
    if (term < floor.term || commit < floor.commit || applied < floor.applied)
      throw new Violation(
        "term, commit and applied only grow",
        `${where(view)}: ${JSON.stringify(floor)} → term ${term}, commit ${commit}, applied ${applied}`,
      );
  }

  /** What a replica takes for durable has been synced, as its log's files have it. */
  #checkDurable(view: ReplicaView): void {
    const { node, group, checkpointIndex } = view;
    const { durableIndex } = view.status;
    const image = this.#images.get(node);
    const crc = image?.crc(group, durableIndex);
    if (image === undefined || crc === undefined || durableIndex <= checkpointIndex) return;
    if (!image.hasDurable(group, durableIndex, crc))
      throw new Violation("durable means synced", `${where(view)} takes ${durableIndex} for durable`);
  }

  /** First entry up to `through`, of those committed in its term or before, that a replica has not on its disk. */
  #lacking({ node, group, status, checkpointIndex }: ReplicaView, through: number): number | undefined {
    const { crcs, committedIn } = this.#committed.get(group) ?? { crcs: [], committedIn: [] };
    for (let index = checkpointIndex + 1; index <= through; index++) {
      const crc = crcs[index];
      if (crc === undefined || (committedIn[index] ?? 0) > status.term) continue;
      if (this.#images.get(node)?.hasDurable(group, index, crc) === false) return index;
    }
    return undefined;
  }

  /** Purged ≤ checkpoint ≤ applied ≤ committed ≤ last. */
  #checkOrder(view: ReplicaView): void {
    const { firstIndex, applied, commit, lastIndex, ignored } = view.status;
    const { checkpointIndex } = view;
    if (firstIndex - 1 > checkpointIndex || checkpointIndex > applied || applied > commit || commit > lastIndex)
      throw new Violation(
        "purged ≤ snapshot ≤ applied ≤ committed ≤ last",
        `${where(view)}: ${firstIndex - 1}, ${checkpointIndex}, ${applied}, ${commit}, ${lastIndex}`,
      );
    if (ignored.contradictions > 0)
      throw new Violation("no contradiction", `${where(view)} dropped a message that contradicts its state`);
  }

  /** One leader a term, elected by durable votes; a new one has all that was committed. */
  #observeLeader(view: ReplicaView): void {
    const { node, group, status } = view;
    const key = `${group}/${status.term}`;
    const known = this.#leaders.get(key);
    if (known === node) return;
    if (known !== undefined)
      throw new Violation(
        "election safety",
        `nodes ${known} and ${node} lead ${groupName(group)} in term ${status.term}`,
      );
    this.#leaders.set(key, node);
    this.leaderChanges++;
    if (!status.mayVote) throw new Violation("no vote by a damaged log", `${where(view)} leads, and may not even vote`);
    this.#checkVotes(view);
    this.#checkCompleteness(view);
  }

  /** A vote is durable before it is told; only who is the one voter of its group need not wait for its own. */
  #checkVotes({ node, group, status }: ReplicaView): void {
    const { voters, votersOutgoing } = status.configuration;
    for (const set of [voters, votersOutgoing]) {
      const having = set.filter((id) => this.#images.get(id)?.vote(group, status.term) === node);
      if (set.length > 1 && having.length * 2 <= set.length)
        throw new Violation(
          "elected by durable votes",
          `node ${node} leads ${groupName(group)} in term ${status.term} by votes of ${having} of ${set}`,
        );
    }
  }

  #checkCompleteness(view: ReplicaView): void {
    const committed = this.#committed.get(view.group);
    const image = this.#images.get(view.node);
    if (committed === undefined || image === undefined) return;
    const { durableIndex, lastIndex } = view.status;
    for (let index = view.checkpointIndex + 1; index <= committed.last; index++) {
      const crc = committed.crcs[index];
      if (crc === undefined || (index > durableIndex && index <= lastIndex)) continue;
      // A leader that was deposed unseen may lack what later ones committed.
      if ((committed.committedIn[index] ?? 0) >= view.status.term) continue;
      if (image.crc(view.group, index) !== crc)
        throw new Violation(
          "leader completeness",
          `${where(view)} leads with term ${image.term(view.group, index) ?? "(none)"} at ${index} of ${lastIndex}, committed was term ${committed.terms[index]}`,
        );
    }
  }

  /** A leader counts replicas for entries of its own term only; what lies before is committed with them (thesis section 3.6.2). */
  #checkOwnTerm(view: ReplicaView, before: number): void {
    const { commit, term } = view.status;
    const entryTerm = this.#committed.get(view.group)?.terms[commit];
    if (commit > before && entryTerm !== undefined && entryTerm !== term)
      throw new Violation("leaders commit in their own term", `${where(view)} commits ${commit} of term ${entryTerm}`);
  }

  #observeCommit(view: ReplicaView, from: number, through: number): void {
    const image = this.#images.get(view.node);
    if (image === undefined) return;
    let committed = this.#committed.get(view.group);
    if (committed === undefined) {
      committed = { crcs: [], terms: [], committedIn: [], last: 0 };
      this.#committed.set(view.group, committed);
    }
    for (let index = from + 1; index <= through; index++) {
      const known = committed.crcs[index];
      if (index > view.status.durableIndex) {
        if (known === undefined) this.#commit(view, committed, index, this.#crcOfMajority(view, index));
        continue;
      }
      const crc = image.crc(view.group, index);
      if (crc === undefined) continue; // in files: their digests are compared instead
      if (known === undefined) this.#commit(view, committed, index, crc);
      else if (known !== crc)
        throw new Violation(
          "state-machine safety",
          `${where(view)} commits ${index} of term ${image.term(view.group, index)}, elsewhere term ${committed.terms[index]} was committed there`,
        );
    }
  }

  /** The entry that a leader committed and has not on its own disk yet; undefined when no majority has one. */
  #crcOfMajority(view: ReplicaView, index: number): number | undefined {
    for (const image of this.#images.values()) {
      const crc = image.crc(view.group, index);
      if (crc !== undefined && this.#quorumHas(view, index, crc)) return crc;
    }
    return undefined;
  }

  /** The first to commit an index is a leader, or had it from one that has died since; a quorum has the entry on its disks. */
  #commit(view: ReplicaView, committed: Committed, index: number, crc: number | undefined): void {
    const { group } = view;
    if (crc === undefined || !this.#quorumHas(view, index, crc))
      throw new Violation(
        "committed means durable on a quorum",
        `${where(view)}, ${view.status.role}, commits ${index}: ${this.#holders(view, index, crc)}`,
      );
    committed.crcs[index] = crc;
    const image = this.#imageWith(group, index, crc);
    committed.terms[index] = image?.term(group, index);
    const configuration = image?.configuration(group, index);
    if (configuration !== undefined) this.#configurations.committed(group, index, configuration);
    committed.committedIn[index] = view.status.term;
    committed.last = Math.max(committed.last, index);
  }

  #imageWith(group: GroupNumber, index: number, crc: number): LogImage | undefined {
    for (const image of this.#images.values()) if (image.crc(group, index) === crc) return image;
    return undefined;
  }

  #quorumHas(view: ReplicaView, index: number, crc: number): boolean {
    const { voters, votersOutgoing } = this.#inForceAt(view, index);
    return [voters, votersOutgoing].every((set) => {
      const having = set.filter((node) => this.#has(node, view.group, index, crc));
      return set.length === 0 || having.length * 2 > set.length;
    });
  }

  #inForceAt({ node, group, status }: ReplicaView, index: number): Configuration {
    const image = this.#images.get(node);
    return image === undefined ? status.configuration : this.#configurations.inForceAt(group, index, status, image);
  }

  #has(node: NodeId, group: GroupNumber, index: number, crc: number): boolean {
    if ((this.#checkpoints.get(`${node}/${group}`) ?? 0) >= index) return true;
    return this.#images.get(node)?.hasDurable(group, index, crc) === true;
  }

  #holders(view: ReplicaView, index: number, crc: number | undefined): string {
    const { voters, votersOutgoing } = this.#inForceAt(view, index);
    const has = (node: NodeId) => crc !== undefined && this.#has(node, view.group, index, crc);
    const text = (set: readonly NodeId[]) =>
      set.map((node) => `${node} ${has(node) ? "has it" : "lacks it"}`).join(", ");
    return votersOutgoing.length === 0
      ? text(voters)
      : `${text(voters)}; of the voters before: ${text(votersOutgoing)}`;
  }
}
