import { hasCode, type NodeId } from "@ringtide/common";
import { type Configuration, EntryKind, type Message, type Ready } from "../../src/index.ts";
import { Checker, Violation } from "./checker.ts";
import { SeededRandom } from "./random.ts";
import { type CoreLimits, SimNode } from "./sim-node.ts";

const limits: CoreLimits = {
  electionTicksMin: 6,
  electionTicksMax: 12,
  heartbeatTicks: 2,
  leaseMs: 0,
  quiesceAfterTicks: 0,
  maxInflightRequests: 3,
  maxInflightBytes: 1000,
  maxAppendBytes: 300,
  maxUncommittedBytes: 4000,
  memoryEntriesMax: 8,
  memoryEntriesMin: 3,
  memoryBytesMax: 2000,
};

const configurations: readonly Configuration[] = [
  { voters: [1, 2, 3], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3, 4, 5], votersOutgoing: [], learners: [] },
  { voters: [1, 2, 3], votersOutgoing: [], learners: [4] },
  { voters: [1], votersOutgoing: [], learners: [2] },
];

/** Bounds what is under way, as sockets would. */
const NETWORK_MAX = 300;

/** Cores in one process under a seeded scheduler that drops, repeats, reorders, partitions, crashes, and lets disks lag. */
export class RandomCluster {
  readonly #random: SeededRandom;
  readonly #nodes: SimNode[];
  readonly #checker: Checker;
  /** Weight of each action in this run: many runs lack some faults altogether. */
  readonly #actions: readonly (readonly [weight: number, act: () => void])[];
  readonly #totalWeight: number;
  /** Messages may arrive again, or long after what followed them. */
  readonly #outdatedArrive: boolean;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #applyQueues = new Map<NodeId, number>();
  readonly #diskReads: { node: NodeId; to: NodeId; from: number; through: number }[] = [];
  /** Links that lose all, as from × 100 + to. */
  readonly #cutLinks = new Set<number>();
  #network: Message[] = [];
  /** Messages that stay on their way for long. */
  readonly #late: Message[] = [];
  #sequence = 0;

  constructor(seed: number, trace?: (line: string) => void) {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#trace = trace;
    const configuration = random.pick(configurations);
    const { voters, votersOutgoing, learners } = configuration;
    const ids = [...new Set([...voters, ...votersOutgoing, ...learners])];
    this.#nodes = ids.map((id) => new SimNode(id, configuration, limits, random.below));
    const damage = random.chance(0.15) && voters.length >= 3;
    this.#checker = new Checker(this.#nodes, !damage);
    // A storm: elections follow each other faster than logs can be evened out.
    const storm = random.chance(0.4) ? 4 : 1;
    const swarm = (weight: number): number => (random.chance(0.4) ? 0 : weight * 2 * random.unit() * storm);
    const repeats = swarm(4);
    const delays = swarm(2);
    this.#outdatedArrive = repeats + delays > 0;
    this.#actions = [
      [70 / (storm + 1), () => this.#deliver()],
      [25 * (0.2 + random.unit()), () => this.#persist(random.pick(this.#nodes))],
      [15 * (0.2 + random.unit()), () => this.#apply(random.pick(this.#nodes))],
      [20, () => random.pick(this.#nodes).core?.tick(0)],
      [8, () => this.#propose(random.pick(this.#nodes))],
      [6, () => this.#supply()],
      // Where disks lose entries, what was cut elsewhere could come back by a snapshot only.
      [damage ? 0 : 3, () => this.#cutLog(random.pick(this.#nodes))],
      [3 * storm, () => this.#restart(random.pick(this.#nodes))],
      [swarm(4), () => this.#drop()],
      [delays, () => this.#delay()],
      [1, () => this.#deliverLate()],
      [repeats, () => this.#duplicate()],
      [swarm(1), () => this.#crash(random.pick(this.#nodes), false)],
      [damage ? 1.5 : 0, () => this.#crash(random.pick(this.#nodes), true)],
      [swarm(0.3), () => this.#crashAll()],
      [swarm(0.6), () => this.#partition()],
      [0.6 * storm, () => this.#cutLinks.clear()],
      [swarm(1), () => this.#transfer()],
      [swarm(0.5), () => random.pick(this.#nodes).core?.campaign()],
      [swarm(0.3), () => random.pick(this.#nodes).core?.stepDown()],
      [swarm(1), () => random.pick(this.#nodes).core?.reportUnreachable(random.pick(this.#nodes).id)],
    ];
    this.#totalWeight = this.#actions.reduce((sum, [weight]) => sum + weight, 0);
    for (const node of this.#nodes) this.#start(node);
  }

  /** Safety under faults. */
  runFaults(actions: number): void {
    for (let count = 0; count < actions; count++) {
      let at = this.#random.unit() * this.#totalWeight;
      const chosen = this.#actions.find(([weight]) => {
        at -= weight;
        return at < 0;
      });
      chosen?.[1]();
      this.#collectAll();
    }
  }

  /** Liveness: once faults stop, a new proposal is applied everywhere, every log is whole, every replica votes. */
  runUntilHealed(maxRounds: number): void {
    this.#cutLinks.clear();
    for (const node of this.#nodes) this.#restart(node);
    let marker = 0;
    for (let round = 0; round < maxRounds; round++) {
      this.#calmRound();
      const leader = this.#nodes.find((node) => node.core?.status().leaderReady === true);
      if (leader !== undefined && (marker === 0 || this.#checker.committed.length < marker)) {
        const before = this.#sequence;
        const index = this.#propose(leader);
        if (this.#sequence > before && index !== undefined) marker = index;
      }
      if (marker > 0 && this.#isHealed(marker)) return;
    }
    throw new Violation(
      `liveness: not healed after ${maxRounds} rounds: ${JSON.stringify(this.#nodes.map((node) => node.core?.status()))}`,
    );
  }

  /** Entries committed: a run without any shows nothing. */
  get committedCount(): number {
    return this.#checker.committed.length;
  }

  #isHealed(marker: number): boolean {
    return this.#nodes.every((node) => {
      const status = node.core?.status();
      return status?.mayVote === true && node.applied >= marker && status.allMatch >= marker;
    });
  }

  #calmRound(): void {
    for (const node of this.#nodes) node.core?.tick(0);
    this.#collectAll();
    for (let pass = 0; pass < 4; pass++) {
      const batch = this.#network;
      this.#network = [];
      for (const message of batch) {
        this.#node(message.to).core?.step(message);
        this.#collectAll();
      }
      while (this.#diskReads.length > 0) this.#supply();
      this.#collectAll();
      for (const node of this.#nodes) {
        while (node.pending.length > 0) this.#persist(node);
        this.#collectAll();
        this.#apply(node);
      }
    }
  }

  #node(id: NodeId): SimNode {
    const node = this.#nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  #start(node: SimNode): void {
    this.#trace?.(
      `start ${node.id}: term ${node.disk.hardState.term} vote ${node.disk.hardState.vote} log …${node.diskLast} applied ${node.applied}`,
    );
    node.priority = this.#random.below(3);
    node.start(this.#random.below(4));
    this.#applyQueues.set(node.id, node.applied);
    this.#checker.restarted(node);
  }

  #collectAll(): void {
    for (const node of this.#nodes) this.#collect(node);
  }

  #collect(node: SimNode): void {
    const { core } = node;
    while (core?.hasReady()) {
      const ready = core.takeReady();
      node.accept(ready);
      const status = core.status();
      this.#checker.observe(node, status);
      this.#checker.handedOut(node, ready.committed);
      node.mayVote = status.mayVote;
      this.#send(ready.messages);
      // A host that waits for nothing has nothing to wait for: it sends at once. The core may not rely on more.
      if (ready.hardState === undefined && ready.entries.length === 0) this.#send(ready.messagesAfterPersist);
      const last = ready.committed.at(-1);
      if (last !== undefined) this.#applyQueues.set(node.id, last.index);
      for (const { to, fromIndex, throughIndex } of ready.diskReads)
        this.#diskReads.push({ node: node.id, to, from: fromIndex, through: throughIndex });
      // An outdated rejection can look as if a follower had lost its log; the leader finds its mistake by itself.
      if (ready.snapshotsNeeded.length > 0 && !this.#outdatedArrive)
        throw new Violation(`no needless snapshot: nothing was cut that not all have, and ${node.id} asks for one`);
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#checker.sent(message);
      if (this.#trace !== undefined)
        this.#trace(
          `send ${JSON.stringify(message, (key, value) => (key === "payload" || key === "session" || key === "group" ? undefined : value))}`,
        );
      this.#network.push(message);
    }
    while (this.#network.length > NETWORK_MAX) this.#drop();
  }

  /** Mostly the oldest message, at times any. */
  #takeMessage(): Message | undefined {
    const at = this.#random.chance(0.7) ? 0 : this.#random.below(this.#network.length);
    return this.#network.splice(at, 1)[0];
  }

  #deliver(): void {
    const message = this.#takeMessage();
    if (message === undefined || this.#cutLinks.has(message.from * 100 + message.to)) return;
    this.#trace?.(`deliver ${message.type} ${message.from}→${message.to} term ${message.term}`);
    this.#node(message.to).core?.step(message);
  }

  #drop(): void {
    if (this.#network.length > 0) this.#network.splice(this.#random.below(this.#network.length), 1);
  }

  /** A message is held up, until long after what follows it. */
  #delay(): void {
    if (this.#network.length > 0 && this.#late.length < 20)
      this.#late.push(...this.#network.splice(this.#random.below(this.#network.length), 1));
  }

  #deliverLate(): void {
    if (this.#late.length > 0) this.#network.unshift(...this.#late.splice(this.#random.below(this.#late.length), 1));
  }

  #duplicate(): void {
    if (this.#network.length > 0) this.#network.push(this.#random.pick(this.#network));
  }

  #write(node: SimNode, entryCount = Number.POSITIVE_INFINITY): Ready | undefined {
    const entries = node.pending[0]?.entries.slice(0, entryCount) ?? [];
    this.#checker.written(node, entries);
    return node.writeOldest(entryCount);
  }

  #persist(node: SimNode): void {
    // Several writes may share one fdatasync, of which the host reports each, or only the last.
    const writes = 1 + this.#random.below(3);
    const onlyLast = this.#random.chance(0.3);
    const done: Ready[] = [];
    for (let count = 0; count < writes; count++) {
      const ready = this.#write(node);
      if (ready !== undefined) done.push(ready);
    }
    this.#trace?.(`persist ${node.id}: ${done.length} writes, log …${node.diskLast}`);
    const lastWithEntries = done.findLast((ready) => ready.entries.length > 0);
    for (const ready of done) {
      if (!onlyLast || ready === lastWithEntries) this.#send(node.report(ready));
      else this.#send(ready.messagesAfterPersist);
    }
  }

  #apply(node: SimNode): void {
    const end = this.#applyQueues.get(node.id) ?? 0;
    if (node.core === undefined || end <= node.applied) return;
    node.applied += 1 + this.#random.below(end - node.applied);
    node.core.appliedTo(node.applied);
  }

  /** The index, when the node leads and takes it. */
  #propose(node: SimNode): number | undefined {
    const drafts = [];
    for (let count = 1 + this.#random.below(3); count > 0; count--) {
      const payload = new Uint8Array(this.#random.below(120));
      drafts.push({ kind: EntryKind.PHYSICAL_PLAN, session: 1, sequence: ++this.#sequence, payload });
    }
    try {
      const index = node.core?.propose(drafts).firstIndex;
      if (index !== undefined) this.#trace?.(`propose on ${node.id}: ${drafts.length} at ${index}`);
      return index;
    } catch (error) {
      if (!hasCode(error, "NOT_LEADER", "OVERLOADED")) throw error;
      return undefined;
    }
  }

  #supply(): void {
    const read = this.#diskReads.shift();
    if (read === undefined) return;
    const node = this.#node(read.node);
    const through = Math.min(read.through, read.from + this.#random.below(6) - 1);
    const { firstIndex, entries } = node.disk;
    node.core?.supplyEntries(
      read.to,
      read.from < firstIndex ? [] : entries.slice(read.from - firstIndex, through - firstIndex + 1),
    );
  }

  #cutLog(node: SimNode): void {
    const allMatch = node.core?.status().allMatch ?? 0;
    node.cut(Math.min(allMatch, node.applied) + 1 - this.#random.below(4));
  }

  /** Writes under way end whole, in part or not at all. A damaged log loses durable entries too, and with them its connections. */
  #crash(node: SimNode, damaged: boolean): void {
    if (node.core === undefined) return;
    if (damaged && this.#nodes.some((other) => !other.mayVote)) return;
    const whole = this.#random.below(node.pending.length + 1);
    for (let count = 0; count < whole; count++) this.#write(node);
    if (this.#random.chance(0.5)) this.#write(node, this.#random.below(3));
    node.crash();
    // The state machine comes back at its last checkpoint.
    node.applied = Math.max(node.disk.firstIndex - 1, node.applied - this.#random.below(12));
    this.#trace?.(`crash ${node.id}: log …${node.diskLast}${damaged ? ", damaged" : ""}`);
    if (!damaged) return;
    node.disk.entries.length -= this.#random.below(
      node.diskLast - Math.max(node.applied, node.disk.firstIndex - 1) + 1,
    );
    node.mayVote = false;
    this.#network = this.#network.filter((message) => message.from !== node.id && message.to !== node.id);
    this.#late.length = 0;
  }

  #crashAll(): void {
    for (const node of this.#nodes) this.#crash(node, false);
  }

  #restart(node: SimNode): void {
    if (node.core === undefined) this.#start(node);
  }

  /** Cuts some links, each direction on its own. */
  #partition(): void {
    for (const from of this.#nodes)
      for (const to of this.#nodes) if (this.#random.chance(0.4)) this.#cutLinks.add(from.id * 100 + to.id);
  }

  #transfer(): void {
    const leader = this.#nodes.find((node) => node.core?.status().role === "leader");
    try {
      leader?.core?.transferLeadership(this.#random.pick(this.#nodes).id);
    } catch (error) {
      if (!hasCode(error, "NOT_A_VOTER")) throw error;
    }
  }
}
