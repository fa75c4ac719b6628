import { hasCode, type NodeId } from "@ringtide/common";
import { type Entry, EntryKind, type Message, type Ready, type SnapshotOffer } from "../../src/index.ts";
import type { Checker } from "./checker.ts";
import { Violation } from "./checker.ts";
import type { SeededRandom } from "./random.ts";
import type { RandomNetwork } from "./random-network.ts";
import type { SimNode } from "./sim-node.ts";

export interface RandomHostParts {
  readonly nodes: readonly SimNode[];
  readonly random: SeededRandom;
  readonly network: RandomNetwork;
  readonly checker: Checker;
  readonly trace: ((line: string) => void) | undefined;
  /** A snapshot may be asked for: logs are cut early, or outdated answers mislead a leader for a while. */
  readonly snapshotsAllowed: boolean;
}

/** What hosts do for their cores, at the times that a seed wants: disks, state machines, snapshots, proposals, reads. */
export class RandomHost {
  readonly #parts: RandomHostParts;
  /** Index up to which entries were handed out. */
  readonly #applyQueues = new Map<NodeId, number>();
  /** As the disk had them when they were asked for: a log that is cut meanwhile is read all the same. */
  readonly #diskReads: { node: NodeId; to: NodeId; found: readonly Entry[] }[] = [];
  readonly #snapshotsWanted: { node: NodeId; to: NodeId }[] = [];
  readonly #snapshotOffers = new Map<NodeId, SnapshotOffer>();
  #sequence = 0;
  #reads = 0;

  constructor(parts: RandomHostParts) {
    this.#parts = parts;
  }

  node(id: NodeId): SimNode {
    const node = this.#parts.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  start(node: SimNode): void {
    const { trace, random, checker } = this.#parts;
    trace?.(
      `start ${node.id}: term ${node.disk.hardState.term} vote ${node.disk.hardState.vote} log …${node.diskLast} applied ${node.applied}`,
    );
    node.priority = random.below(3);
    node.start(random.below(4));
    this.#applyQueues.set(node.id, node.applied);
    this.#snapshotOffers.delete(node.id);
    checker.restarted(node);
  }

  collectAll(): void {
    for (const node of this.#parts.nodes) this.#collect(node);
  }

  #collect(node: SimNode): void {
    const { core } = node;
    const { checker, snapshotsAllowed } = this.#parts;
    while (core?.hasReady()) {
      const ready = core.takeReady();
      node.accept(ready);
      const status = core.status();
      checker.observe(node, status);
      checker.handedOut(node, ready.committed);
      node.mayVote = status.mayVote;
      this.send(ready.messages);
      // A host that waits for nothing has nothing to wait for: it sends at once. The core may not rely on more.
      if (ready.hardState === undefined && ready.entries.length === 0) this.send(ready.messagesAfterPersist);
      const last = ready.committed.at(-1);
      if (last !== undefined) this.#applyQueues.set(node.id, last.index);
      for (const { to, fromIndex, throughIndex } of ready.diskReads) {
        const { firstIndex, entries } = node.disk;
        const found = entries.slice(fromIndex - firstIndex, throughIndex - firstIndex + 1);
        this.#diskReads.push({ node: node.id, to, found });
      }
      for (const { to } of ready.snapshotsNeeded) this.#snapshotsWanted.push({ node: node.id, to });
      for (const offer of ready.snapshotOffers) this.#snapshotOffers.set(node.id, offer);
      for (const read of ready.readStates) checker.readConfirmed(node, read);
      if (ready.snapshotsNeeded.length > 0 && !snapshotsAllowed)
        throw new Violation(`no needless snapshot: nothing was cut that not all have, and ${node.id} asks for one`);
    }
  }

  send(messages: readonly Message[]): void {
    const { checker, network, trace } = this.#parts;
    const hidden = ["payload", "session", "group"];
    for (const message of messages) {
      checker.sent(message, this.node(message.from));
      trace?.(`send ${JSON.stringify(message, (key, value) => (hidden.includes(key) ? undefined : value))}`);
      network.add(message);
    }
  }

  deliver(message: Message): void {
    this.#parts.trace?.(`deliver ${message.type} ${message.from}→${message.to} term ${message.term}`);
    this.node(message.to).core?.step(message);
  }

  #write(node: SimNode, entryCount = Number.POSITIVE_INFINITY): Ready | undefined {
    this.#parts.checker.written(node, node.pending[0]?.entries.slice(0, entryCount) ?? []);
    return node.writeOldest(entryCount);
  }

  /** Some writes end. Several may share one fdatasync, of which the host reports each, or only the last. */
  persist(node: SimNode): void {
    const { random, trace } = this.#parts;
    const writes = 1 + random.below(3);
    const onlyLast = random.chance(0.3);
    const done: Ready[] = [];
    for (let count = 0; count < writes; count++) {
      const ready = this.#write(node);
      if (ready !== undefined) done.push(ready);
    }
    trace?.(`persist ${node.id}: ${done.length} writes, log …${node.diskLast}`);
    const lastWithEntries = done.findLast((ready) => ready.entries.length > 0);
    for (const ready of done) {
      if (!onlyLast || ready === lastWithEntries) this.send(node.report(ready));
      else this.send(ready.messagesAfterPersist);
    }
  }

  apply(node: SimNode): void {
    const end = this.#applyQueues.get(node.id) ?? 0;
    if (node.core === undefined || end <= node.applied) return;
    node.applyTo(node.applied + 1 + this.#parts.random.below(end - node.applied));
  }

  get readsWait(): boolean {
    return this.#diskReads.length > 0;
  }

  /** A disk answers the oldest read, of as much as it likes. */
  supply(): void {
    const read = this.#diskReads.shift();
    if (read === undefined) return;
    const found = read.found.slice(0, this.#parts.random.below(6));
    this.node(read.node).core?.supplyEntries(read.to, found);
  }

  /** A leader's host takes a snapshot, and offers it. */
  offerSnapshot(): void {
    const wanted = this.#snapshotsWanted.shift();
    if (wanted === undefined) return;
    const node = this.node(wanted.node);
    if (node.core === undefined) return;
    this.#parts.checker.snapshotTaken(node, node.snapshot);
    node.core.offerSnapshot(wanted.to, node.snapshot);
  }

  /** A follower's host has pulled what it was offered: it writes out what is pending, and puts the snapshot in its place, if it is still needed. */
  installSnapshot(node: SimNode): void {
    const offer = this.#snapshotOffers.get(node.id);
    this.#snapshotOffers.delete(node.id);
    if (offer === undefined || !node.core?.needsSnapshot(offer.index, offer.term)) return;
    while (this.#write(node) !== undefined);
    this.#parts.trace?.(`install ${node.id}: snapshot at ${offer.index}/${offer.term}`);
    this.#parts.checker.snapshotInstalled(node, offer);
    node.install(offer);
    this.start(node);
  }

  /** Writes under way end whole, in part or not at all; the state machine falls back to a checkpoint. */
  crash(node: SimNode): void {
    const { random, trace } = this.#parts;
    const whole = random.below(node.pending.length + 1);
    for (let count = 0; count < whole; count++) this.#write(node);
    if (random.chance(0.5)) this.#write(node, random.below(3));
    node.crash();
    node.applied = Math.max(node.disk.firstIndex - 1, node.applied - random.below(12));
    trace?.(`crash ${node.id}: log …${node.diskLast}`);
  }

  /** The first index, when the node leads and takes it. */
  propose(node: SimNode): number | undefined {
    const { random, trace } = this.#parts;
    const drafts = Array.from({ length: 1 + random.below(3) }, () => {
      const payload = new Uint8Array(random.below(120));
      return { kind: EntryKind.PHYSICAL_PLAN, session: 1, sequence: ++this.#sequence, payload };
    });
    return attempt(() => {
      const index = node.core?.propose(drafts).firstIndex;
      if (index !== undefined) trace?.(`propose on ${node.id}: ${drafts.length} at ${index}`);
      return index;
    });
  }

  read(node: SimNode, nowMs: number): void {
    const context = ++this.#reads;
    this.#parts.checker.readAsked(context);
    attempt(() => node.core?.readIndex(context, nowMs));
  }

  changeMembers(node: SimNode): void {
    const { random, nodes, trace } = this.#parts;
    const ids = nodes.map((one) => one.id).filter(() => random.chance(0.7));
    const voters = ids.filter(() => random.chance(0.75));
    const learners = ids.filter((id) => !voters.includes(id));
    if (voters.length === 0) return;
    const done = attempt(() => node.core?.changeConfiguration({ voters, learners }));
    if (done !== undefined) trace?.(`change on ${node.id}: voters ${voters}, learners ${learners} at ${done.index}`);
  }
}

/** Undefined where the core refuses. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    const refusals = ["NOT_LEADER", "NO_LEADER", "OVERLOADED", "DISK_FULL", "CONFIG_CHANGE_PENDING"] as const;
    if (!hasCode(error, ...refusals)) throw error;
    return undefined;
  }
}
