import type { NodeId } from "@ringtide/common";
import {
  type Configuration,
  decodeConfiguration,
  type Entry,
  EntryKind,
  type HeldSnapshot,
  type Message,
  type RaftStatus,
  type ReadState,
} from "../../src/index.ts";
import type { SimNode } from "./sim-node.ts";

/** An invariant that does not hold: its name, and what was seen. */
export class Violation extends Error {}

function fail(invariant: string, seen: string): never {
  throw new Violation(`${invariant}: ${seen}`);
}

function sameIds(one: readonly NodeId[], other: readonly NodeId[] | undefined): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...(other ?? [])].sort());
}

/** Watches all nodes from outside, against the five properties of thesis figure 3.2 and what the project promises beyond. */
export class Checker {
  readonly #nodes: readonly SimNode[];
  /** False where a test makes disks lose what was durable. */
  readonly #disksKeep: boolean;
  readonly #leaders = new Map<number, NodeId>();
  readonly #entries = new Map<string, { sequence: number; prevTerm: number }>();
  readonly #votes = new Map<string, NodeId>();
  readonly #floor = new Map<NodeId, { term: number; commit: number }>();
  /** Context of a read → the commit index that it must see. */
  readonly #reads = new Map<number, number>();
  /** The configurations committed so far, oldest first. */
  readonly #configurations: { readonly index: number; readonly configuration: Configuration }[];
  readonly seen = { reads: 0, changes: 0, snapshots: 0, quietGroups: 0 };
  /** committed[i] is entry i + 1, as some leader first committed it. */
  readonly committed: Entry[] = [];
  /** The term of that leader. */
  readonly #committedIn: number[] = [];

  constructor(nodes: readonly SimNode[], configuration: Configuration, disksKeep: boolean) {
    this.#nodes = nodes;
    this.#configurations = [{ index: 0, configuration }];
    this.#disksKeep = disksKeep;
  }

  /**
   * Log matching: an entry of the same index and term is the same everywhere, and follows the same. Told when entries leave a node's memory, for
   * its disk or for another node: what a crash wipes before was never there.
   */
  #left(where: string, entries: readonly Entry[], termBefore: number): void {
    let prevTerm = termBefore;
    for (const entry of entries) {
      const key = `${entry.index}/${entry.term}`;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { sequence: entry.sequence, prevTerm });
      else if (known.sequence !== entry.sequence || known.prevTerm !== prevTerm)
        fail(
          "log matching",
          `entry ${key} ${where}: sequence ${entry.sequence} after term ${prevTerm}, else ${JSON.stringify(known)}`,
        );
      prevTerm = entry.term;
    }
  }

  /** `entries` are about to be durable at `node`. */
  written(node: SimNode, entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const before = node.disk.entries[first.index - 1 - node.disk.firstIndex];
    this.#left(`on node ${node.id}`, entries, before?.term ?? node.disk.cutTerm);
  }

  /** One vote a term, also across restarts; only voters are asked, and only by who may win; and log matching. */
  sent(message: Message, sender: SimNode): void {
    if (message.type === "append") this.#left(`sent by ${message.from}`, message.entries, message.prevTerm);
    if (message.type === "vote") this.#mayElect(message.to, sender);
    if (message.type === "vote" && !message.preVote) this.#voted(message.from, message.term, message.from);
    if (message.type === "voteResponse" && !message.preVote && message.granted)
      this.#voted(message.from, message.term, message.to);
  }

  #mayElect(voter: NodeId, candidate: SimNode): void {
    const status = candidate.core?.status();
    // What was promised before a crash may leave after it.
    if (status === undefined || status.role === "follower") return;
    const { voters, votersOutgoing } = status.configuration;
    if (!voters.includes(voter) && !votersOutgoing.includes(voter))
      fail("voters elect", `node ${candidate.id} asks ${voter}: ${JSON.stringify(status.configuration)}`);
    if (!status.mayVote) fail("voters elect", `node ${candidate.id} campaigns, and may not vote`);
  }

  #voted(voter: NodeId, term: number, candidate: NodeId): void {
    const key = `${voter}/${term}`;
    const before = this.#votes.get(key) ?? candidate;
    if (before !== candidate)
      fail("one vote a term", `node ${voter} voted for ${before} and ${candidate} in term ${term}`);
    this.#votes.set(key, candidate);
  }

  /** State-machine safety: at each index all apply the same, and only what is durable at the node and committed. */
  handedOut(node: SimNode, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const expected = this.committed[entry.index - 1];
      if (expected === undefined)
        fail("apply after commit", `node ${node.id} got ${entry.index}/${entry.term} before any leader committed it`);
      if (expected.term !== entry.term || expected.sequence !== entry.sequence)
        fail(
          "state-machine safety",
          `node ${node.id} got ${entry.index}/${entry.term}, committed was ${expected.index}/${expected.term}`,
        );
      if (!node.diskHas(entry.index, entry.term))
        fail("apply after persist", `node ${node.id} got ${entry.index}/${entry.term}, which is not on its disk`);
    }
  }

  restarted(node: SimNode): void {
    this.#floor.delete(node.id);
  }

  /** A snapshot holds what was committed, and the configuration as of its index. */
  snapshotTaken(node: SimNode, { index, term, configuration }: HeldSnapshot): void {
    this.seen.snapshots++;
    const expected = this.#configurations.findLast((one) => one.index <= index)?.configuration;
    // Who joined without one may not have met any yet.
    const same = configuration.voters.length === 0 || JSON.stringify(configuration) === JSON.stringify(expected);
    if (this.committed[index - 1]?.term !== term || !same)
      fail("snapshots are committed", `node ${node.id} has one at ${index}/${term}, ${JSON.stringify(configuration)}`);
  }

  /** What is committed leaves no disk by a snapshot that does not hold it. */
  snapshotInstalled(node: SimNode, snapshot: HeldSnapshot): void {
    this.snapshotTaken(node, snapshot);
    const lost = this.committed[snapshot.index];
    if (lost !== undefined && node.diskLast >= lost.index && node.diskHas(lost.index, lost.term))
      fail("snapshots lose nothing", `node ${node.id} has ${lost.index}/${lost.term}, and installs ${snapshot.index}`);
  }

  readAsked(context: number): void {
    this.#reads.set(context, this.committed.length);
  }

  /** Linearizable: a read sees all that any leader had committed when it was asked for. */
  readConfirmed(node: SimNode, { context, index }: ReadState): void {
    this.seen.reads++;
    const floor = this.#reads.get(context);
    if (floor === undefined || index < floor)
      fail("linearizable reads", `node ${node.id} reads at ${index} what began when ${floor} was committed`);
    this.#reads.delete(context);
  }

  #observeOrder(node: SimNode, status: RaftStatus): void {
    const { firstIndex, applied, commit, lastIndex } = status;
    if (!(firstIndex - 1 <= applied && applied <= commit && commit <= lastIndex))
      fail("cut ≤ applied ≤ commit ≤ last", `node ${node.id}: ${firstIndex - 1}, ${applied}, ${commit}, ${lastIndex}`);
  }

  observe(node: SimNode, status: RaftStatus): void {
    const floor = this.#floor.get(node.id);
    if (floor !== undefined && (status.term < floor.term || status.commit < floor.commit))
      fail("term and commit only grow", `node ${node.id}: ${JSON.stringify(floor)} → ${status.term}, ${status.commit}`);
    this.#floor.set(node.id, { term: status.term, commit: status.commit });
    if (status.ignored.contradictions > 0)
      fail("no contradiction", `node ${node.id} dropped a message that contradicts its state`);
    this.#observeOrder(node, status);
    if (status.quiet && status.applied < status.lastIndex)
      fail("only who is settled goes quiet", `node ${node.id} applied ${status.applied} of ${status.lastIndex}`);
    // A leader that is voted out commits that, and is none any more when it is seen.
    if (status.role === "leader" || this.#leaders.get(status.term) === node.id) this.#observeLeader(node, status);
    else if (status.commit > this.committed.length)
      fail(
        "commit comes from a leader",
        `node ${node.id} believes ${status.commit}, leaders said ${this.committed.length}`,
      );
  }

  #observeLeader(node: SimNode, status: RaftStatus): void {
    const known = this.#leaders.get(status.term);
    if (known !== undefined && known !== node.id)
      fail("election safety", `nodes ${known} and ${node.id} lead term ${status.term}`);
    if (known === undefined) {
      this.#leaders.set(status.term, node.id);
      this.#checkCompleteness(node, status);
    }
    const before = this.committed.length;
    for (let index = before + 1; index <= status.commit; index++) this.#commit(node, index, status);
    const last = this.committed.at(-1);
    if (this.committed.length > before && last?.term !== status.term)
      fail(
        "commit of own term",
        `leader ${node.id} of term ${status.term} committed up to ${last?.index}/${last?.term}`,
      );
  }

  /** Leader completeness: a new leader has all that was committed in earlier terms. Votes that come late may elect one that is deposed already. */
  #checkCompleteness(node: SimNode, status: RaftStatus): void {
    for (const entry of this.committed) {
      if ((this.#committedIn[entry.index - 1] as number) >= status.term) continue;
      const own = node.volatileEntries[entry.index - node.disk.firstIndex];
      if (entry.index >= node.disk.firstIndex && own?.term !== entry.term)
        fail(
          "leader completeness",
          `leader ${node.id} of term ${status.term} has ${entry.index}/${own?.term}, committed was term ${entry.term}`,
        );
    }
  }

  /** What a leader calls committed is on the disks of a quorum. */
  #commit(node: SimNode, index: number, { term, configuration }: RaftStatus): void {
    const entry = node.volatileEntries[index - node.disk.firstIndex];
    if (entry === undefined)
      fail("commit within the log", `leader ${node.id} committed ${index}, which it does not have`);
    this.committed.push(entry);
    this.#committedIn.push(term);
    if (entry.kind === EntryKind.CONFIG_CHANGE) this.#changed(entry);
    const { voters, votersOutgoing } = configuration;
    if (this.#disksKeep && !(this.#majorityHas(voters, entry) && this.#majorityHas(votersOutgoing, entry)))
      fail("commit on a quorum's disks", `leader ${node.id} committed ${index}/${entry.term}`);
  }

  /** Thesis section 4.3: any quorum of a configuration meets any of the next one. */
  #changed(entry: Entry): void {
    this.seen.changes++;
    const before = this.#configurations.at(-1)?.configuration;
    const after = decodeConfiguration(entry.payload);
    this.#configurations.push({ index: entry.index, configuration: after });
    const [old, joint] = [before?.voters, before?.votersOutgoing ?? []];
    const starts = joint.length === 0 && sameIds(after.votersOutgoing, old) && after.voters.length > 0;
    const ends = sameIds(after.voters, old) && after.votersOutgoing.length === 0;
    if (!starts && !ends)
      fail("configurations overlap", `entry ${entry.index}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
  }

  #majorityHas(voters: readonly NodeId[], entry: Entry): boolean {
    const having = this.#nodes.filter((node) => voters.includes(node.id) && node.diskHas(entry.index, entry.term));
    return voters.length === 0 || having.length * 2 > voters.length;
  }
}
