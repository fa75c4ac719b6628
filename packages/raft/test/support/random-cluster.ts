import { hasCode } from "@ringtide/common";
import { Checker, Violation } from "./checker.ts";
import { SeededRandom } from "./random.ts";
import { RandomHost } from "./random-host.ts";
import { RandomNetwork } from "./random-network.ts";
import { DRIFT, drawSettings, type RandomSettings, TICK_MS } from "./random-settings.ts";
import { NOBODY, SimNode } from "./sim-node.ts";

/** A node's clock: when it ticks next, by real time, and how fast it runs. */
interface SimClock {
  readonly node: SimNode;
  readonly rate: number;
  nextTickMs: number;
}

/** Cores in one process under a seeded scheduler that drops, repeats, reorders, partitions, crashes, and lets disks lag. */
export class RandomCluster {
  readonly #random: SeededRandom;
  readonly #settings: RandomSettings;
  readonly #nodes: readonly SimNode[];
  readonly #checker: Checker;
  readonly #network: RandomNetwork;
  readonly #host: RandomHost;
  readonly #clocks: readonly SimClock[];
  readonly #trace: ((line: string) => void) | undefined;
  readonly #actions: readonly (readonly [weight: number, act: () => void])[];
  readonly #totalWeight: number;
  #realMs = 0;

  constructor(seed: number, trace?: (line: string) => void) {
    const random = new SeededRandom(seed);
    const settings = drawSettings(random);
    this.#random = random;
    this.#settings = settings;
    this.#trace = trace;
    trace?.(`settings ${JSON.stringify(settings)}`);
    const { voters, votersOutgoing, learners } = settings.configuration;
    const members = [...voters, ...votersOutgoing, ...learners];
    this.#nodes = settings.ids.map((id) => {
      const configuration = members.includes(id) ? settings.configuration : NOBODY;
      return new SimNode(id, configuration, settings.limits, random.below);
    });
    this.#clocks = this.#nodes.map((node) => ({ node, rate: DRIFT ** (2 * random.unit() - 1), nextTickMs: 0 }));
    this.#checker = new Checker(this.#nodes, settings.configuration, !settings.damage);
    this.#network = new RandomNetwork(random);
    const repeats = this.#swarm(4);
    const delays = this.#swarm(2);
    this.#host = new RandomHost({
      nodes: this.#nodes,
      random,
      network: this.#network,
      checker: this.#checker,
      trace,
      // A new member has nothing, and an outdated rejection can look as if a follower had lost its log: the leader finds its mistake by itself.
      snapshotsAllowed: settings.snapshots || settings.membership || repeats + delays > 0,
    });
    this.#actions = [...this.#steadyActions(), ...this.#faults(repeats, delays), ...this.#requests()];
    this.#totalWeight = this.#actions.reduce((sum, [weight]) => sum + weight, 0);
    for (const node of this.#nodes) this.#host.start(node);
  }

  /** In four runs of ten a fault is lacking altogether. */
  #swarm(weight: number): number {
    const random = this.#random;
    return random.chance(0.4) ? 0 : weight * 2 * random.unit() * this.#settings.storm;
  }

  #someNode(): SimNode {
    return this.#random.pick(this.#nodes);
  }

  #steadyActions(): [number, () => void][] {
    const random = this.#random;
    const { storm, limits, snapshots, prompt } = this.#settings;
    const leases = limits.leaseMs > 0;
    return [
      [70 / (storm + 1), () => this.#deliver()],
      [25 * (0.2 + random.unit()), () => this.#host.persist(this.#someNode())],
      [15 * (0.2 + random.unit()), () => this.#host.apply(this.#someNode())],
      // Leases rest on clocks that run nearly alike; nothing else does.
      [leases ? 0 : 35, () => this.#someNode().core?.tick(0)],
      [leases ? (prompt ? 8 : 20) : 0, () => this.#advance(TICK_MS * random.unit())],
      [6, () => this.#host.supply()],
      [1, () => this.#host.offerSnapshot()],
      [1, () => this.#host.installSnapshot(this.#someNode())],
      [3, () => this.#cutLog(this.#someNode(), snapshots && random.chance(0.3))],
      [3 * storm, () => this.#restart(this.#someNode())],
      [1, () => this.#network.deliverLate()],
      [0.3 * storm, () => this.#network.heal()],
      [limits.quiesceAfterTicks > 0 ? 4 : 0, () => this.#watch(this.#someNode())],
    ];
  }

  #faults(repeats: number, delays: number): [number, () => void][] {
    const { damage, limits } = this.#settings;
    const ids = this.#nodes.map((node) => node.id);
    return [
      [this.#swarm(4), () => this.#network.drop()],
      [delays, () => this.#network.delay()],
      [repeats, () => this.#network.repeat()],
      [this.#swarm(1), () => this.#crash(this.#someNode(), false)],
      [damage ? 1.5 : 0, () => this.#crash(this.#someNode(), true)],
      [this.#swarm(0.3), () => this.#crashAll()],
      [this.#swarm(0.4), () => this.#network.partition(ids)],
      [this.#swarm(0.4), () => this.#isolateLeader()],
      [this.#swarm(limits.leaseMs > 0 ? 3 : 0.5), () => this.#someNode().core?.campaign()],
      [this.#swarm(0.3), () => this.#someNode().core?.stepDown()],
      [this.#swarm(1), () => this.#someNode().core?.reportUnreachable(this.#someNode().id)],
      [this.#swarm(0.2), () => this.#someNode().core?.wake()],
    ];
  }

  #requests(): [number, () => void][] {
    const { membership, reads, limits } = this.#settings;
    // Some groups are so quiet that they get to sleep.
    const busy = limits.quiesceAfterTicks > 0 ? this.#random.unit() ** 3 : 1;
    return [
      [8 * busy, () => this.#host.propose(this.#someNode())],
      [reads ? 4 * busy : 0, () => this.#read()],
      [membership ? 2 * busy : 0, () => this.#host.changeMembers(this.#someLeader() ?? this.#someNode())],
      [this.#swarm(1) * busy, () => this.#transfer()],
    ];
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
      this.#host.collectAll();
      if (this.#settings.prompt) this.#settle(this.#someNode());
    }
  }

  /** Liveness: once faults stop, a new proposal is applied by all members, every log is whole, every replica votes. */
  runUntilHealed(maxRounds: number): void {
    this.#network.heal();
    for (const node of this.#nodes) this.#restart(node);
    let marker = 0;
    for (let round = 0; round < maxRounds; round++) {
      this.#calmRound();
      const leader = this.#leader();
      if (leader === undefined) continue;
      if (marker === 0 || this.#checker.committed.length < marker) marker = this.#host.propose(leader) ?? marker;
      if (marker > 0 && this.#isHealed(leader, marker)) return;
    }
    throw new Violation(
      `liveness: not healed after ${maxRounds} rounds: ${JSON.stringify(this.#nodes.map((node) => node.core?.status()))}`,
    );
  }

  /** A group that nothing is asked of comes to rest, where it may. Nobody else's node takes part: one that was removed never rests. */
  runUntilQuiet(maxRounds: number): void {
    if (this.#settings.limits.quiesceAfterTicks === 0) return;
    for (let round = 0; round < maxRounds; round++) {
      this.#calmRound();
      const leader = this.#leader();
      const members = leader === undefined ? [] : this.#members(leader);
      if (leader === undefined || members.some((node) => node.core?.status().quiet !== true)) continue;
      if (members.length > 1) this.#checker.seen.quietGroups++;
      return;
    }
    throw new Violation(
      `liveness: not quiet after ${maxRounds} rounds: ${JSON.stringify(this.#nodes.map((node) => node.core?.status()))}`,
    );
  }

  /** Entries committed: a run without any shows nothing. */
  get committedCount(): number {
    return this.#checker.committed.length;
  }

  /** How often each thing happened that the test must not miss. */
  get seen(): Readonly<Record<string, number>> {
    return this.#checker.seen;
  }

  /** Who leads the highest term, and may serve. */
  #leader(): SimNode | undefined {
    const ready = this.#nodes.filter((node) => node.core?.status().leaderReady === true);
    return ready.sort((a, b) => (b.core?.status().term ?? 0) - (a.core?.status().term ?? 0))[0];
  }

  #members(leader: SimNode): SimNode[] {
    const { voters, votersOutgoing, learners } = leader.core?.status().configuration ?? NOBODY;
    return this.#nodes.filter(({ id }) => [...voters, ...votersOutgoing, ...learners].includes(id));
  }

  #isHealed(leader: SimNode, marker: number): boolean {
    const { configuration } = leader.core?.status() ?? { configuration: NOBODY };
    if (configuration.votersOutgoing.length > 0 || !configuration.voters.includes(leader.id)) return false;
    return this.#members(leader).every((node) => {
      const status = node.core?.status();
      return status?.mayVote === true && node.applied >= marker && status.allMatch >= marker;
    });
  }

  /** All that a node waits for from its own host. */
  #settle(node: SimNode): void {
    while (node.pending.length > 0) this.#host.persist(node);
    this.#host.collectAll();
    this.#host.apply(node);
  }

  #calmRound(): void {
    if (this.#settings.limits.leaseMs > 0) this.#advance(TICK_MS);
    else for (const node of this.#nodes) node.core?.tick(0);
    this.#host.collectAll();
    for (let pass = 0; pass < 4; pass++) {
      for (const message of this.#network.takeAll()) {
        this.#host.deliver(message);
        this.#host.collectAll();
      }
      while (this.#host.readsWait) this.#host.supply();
      for (const node of this.#nodes) {
        this.#host.offerSnapshot();
        this.#host.collectAll();
        while (node.pending.length > 0) this.#host.persist(node);
        this.#host.installSnapshot(node);
        this.#host.collectAll();
        this.#host.apply(node);
      }
    }
  }

  /** Time passes: nodes tick when their clocks say so; a tick that is overdue is not made up for. */
  #advance(ms: number): void {
    this.#realMs += ms;
    for (const clock of this.#clocks) {
      if (clock.nextTickMs > this.#realMs) continue;
      clock.nextTickMs = this.#realMs + TICK_MS / clock.rate;
      this.#trace?.(`tick ${clock.node.id} at ${this.#localMs(clock.node)}`);
      clock.node.core?.tick(this.#localMs(clock.node));
    }
  }

  #localMs(node: SimNode): number {
    return this.#realMs * (this.#clocks.find((clock) => clock.node === node)?.rate ?? 1);
  }

  #deliver(): void {
    const message = this.#network.take();
    if (message !== undefined) this.#host.deliver(message);
  }

  /** Anybody who believes that it leads. */
  #someLeader(): SimNode | undefined {
    const leaders = this.#nodes.filter((node) => node.core?.status().role === "leader");
    return leaders.length === 0 ? undefined : this.#random.pick(leaders);
  }

  #read(): void {
    const leader = this.#someLeader();
    if (leader !== undefined) this.#host.read(leader, this.#localMs(leader));
  }

  /** The others elect a new leader, while the old one does not know. */
  #isolateLeader(): void {
    const leader = this.#nodes.find((node) => node.core?.status().role === "leader");
    if (leader !== undefined)
      this.#network.isolate(
        leader.id,
        this.#nodes.map((node) => node.id),
      );
  }

  /** A host wakes its cores while a node that they share a group with is silent. */
  #watch(node: SimNode): void {
    const { core } = node;
    const isSilent = ({ id, core: other }: SimNode): boolean =>
      other === undefined || this.#network.isCut(id, node.id) || this.#network.isCut(node.id, id);
    if (core?.status().quiet === true && this.#nodes.some((other) => other !== node && isSilent(other))) core.wake();
  }

  /** `early`: also what others still need. */
  #cutLog(node: SimNode, early: boolean): void {
    const allMatch = node.core?.status().allMatch ?? 0;
    // Where disks lose entries, what was cut elsewhere comes back by a snapshot only.
    if (this.#settings.damage && !this.#settings.snapshots) return;
    const goal = early ? node.applied : Math.min(allMatch, node.applied);
    node.cut(goal + 1 - this.#random.below(4));
  }

  /** A damaged log loses durable entries too, and with them its connections. */
  #crash(node: SimNode, damaged: boolean): void {
    if (node.core === undefined) return;
    if (damaged && this.#nodes.some((other) => !other.mayVote)) return;
    this.#host.crash(node);
    if (!damaged) return;
    const { disk, applied, diskLast } = node;
    node.loseEntries(this.#random.below(diskLast - Math.max(applied, disk.firstIndex - 1) + 1));
    this.#network.closeConnections(node.id);
    this.#trace?.(`damage ${node.id}: log …${node.diskLast}`);
  }

  #crashAll(): void {
    for (const node of this.#nodes) this.#crash(node, false);
  }

  #restart(node: SimNode): void {
    if (node.core === undefined) this.#host.start(node);
  }

  #transfer(): void {
    const leader = this.#nodes.find((node) => node.core?.status().role === "leader");
    try {
      leader?.core?.transferLeadership(this.#someNode().id);
    } catch (error) {
      if (!hasCode(error, "NOT_A_VOTER")) throw error;
    }
  }
}
