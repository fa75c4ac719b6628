import { hasCode, type NodeId } from "@ringtide/common";
import {
  type Configuration,
  type Entry,
  EntryKind,
  type Message,
  type RaftStatus,
  type Ready,
  type SnapshotOffer,
} from "../../src/index.ts";
import { configurationText, entriesText, entryText, messageText } from "./message-text.ts";
import { type CoreLimits, defaultLimits, NOBODY, SimNode } from "./sim-node.ts";

const MESSAGES_MAX = 2000;
const TICK_MS = 10;

function idList(text: string): NodeId[] {
  return text.split(",").filter(Boolean).map(Number);
}

/**
 * Runs the commands of one scenario file; what the nodes do is its output. Disks write at once unless held; messages wait until they are delivered.
 * testdata/README.md lists the commands.
 */
export class Scenario {
  readonly #nodes: SimNode[] = [];
  #network: Message[] = [];
  readonly #delayed: Message[] = [];
  #output: string[] = [];
  readonly #heldDisks = new Set<NodeId>();
  /** Numbers of the sides; nodes of different sides do not hear each other. Empty: no partition. */
  readonly #sides = new Map<NodeId, number>();
  readonly #offers = new Map<NodeId, SnapshotOffer>();
  readonly #ticks = new Map<NodeId, number>();
  #limits: CoreLimits = defaultLimits;
  /** As the disk had them when they were asked for: a log that is cut meanwhile is read all the same. */
  readonly #reads: { node: NodeId; to: NodeId; found: readonly Entry[] }[] = [];

  readonly #commands: Readonly<Record<string, (args: readonly string[]) => void>> = {
    nodes: ([count, ...settings]) => this.#createNodes(Number(count), settings),
    tick: ([who, count]) => this.#tick(who, Number(count ?? 1)),
    campaign: ([id]) => this.#core(id).campaign(),
    "step-down": ([id]) => this.#core(id).stepDown(),
    transfer: ([id, to]) => this.#guard(() => this.#core(id).transferLeadership(Number(to))),
    unreachable: ([id, to]) => this.#core(id).reportUnreachable(Number(to)),
    propose: ([id, ...texts]) => this.#propose(id, texts),
    join: ([id]) => this.#addNode(Number(id), NOBODY).start(0),
    change: ([id, ...settings]) => this.#change(id, settings),
    read: ([id, context]) => this.#guard(() => this.#core(id).readIndex(Number(context), this.#nowMs(Number(id)))),
    offer: ([id, to]) => this.#core(id).offerSnapshot(Number(to), this.#node(id).snapshot),
    install: ([id]) => this.#install(this.#node(id)),
    cut: ([id, index]) => this.#node(id).cut(Number(index)),
    wake: ([id]) => this.#core(id).wake(),
    stabilize: () => this.#stabilize(),
    deliver: ([from, to, count]) => this.#deliver(Number(from), Number(to), Number(count ?? 1)),
    delay: ([from, to]) => this.#delay(Number(from), Number(to)),
    resume: () => this.#network.push(...this.#delayed.splice(0)),
    drop: ([from, to]) => this.#drop(Number(from), Number(to)),
    partition: (args) => this.#partition(args),
    heal: () => this.#sides.clear(),
    "hold-disk": ([id]) => this.#heldDisks.add(Number(id)),
    "release-disk": ([id]) => this.#releaseDisk(this.#node(id)),
    supply: ([id]) => this.#supply(this.#node(id)),
    crash: ([id]) => this.#crash(this.#node(id)),
    damage: ([id, index]) => this.#damage(this.#node(id), Number(index)),
    restart: ([id]) => this.#node(id).start(0),
    log: ([id]) => this.#say(`  disk of ${id}: ${entriesText(this.#node(id).disk.entries)}`),
    members: ([id]) => {
      const { configuration, configurationIndex } = this.#core(id).status();
      this.#say(`  ${id} knows ${configurationText(configuration)} since ${configurationIndex}`);
    },
    status: ([id]) => this.#status(this.#core(id).status()),
  };

  /** The output of one command. */
  run(line: string): readonly string[] {
    this.#output = [];
    const words = line.split(/\s+/);
    const quietly = words.at(-1) === "quietly";
    const command = this.#commands[words[0] ?? ""];
    if (command === undefined) throw new Error(`no command ${line}`);
    command(quietly ? words.slice(1, -1) : words.slice(1));
    this.#collectAll();
    return quietly ? [] : this.#output;
  }

  #say(line: string): void {
    this.#output.push(line);
  }

  #node(id: string | NodeId | undefined): SimNode {
    const node = this.#nodes.find((one) => one.id === Number(id));
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  #core(id: string | undefined): NonNullable<SimNode["core"]> {
    const { core } = this.#node(id);
    if (core === undefined) throw new Error(`node ${id} is down`);
    return core;
  }

  /** nodes 3 learners=4 priorities=0,1,1 maxInflightRequests=2 … */
  #createNodes(voterCount: number, settings: readonly string[]): void {
    const limits: Record<string, number> = { ...defaultLimits };
    const learners: NodeId[] = [];
    const priorities: number[] = [];
    for (const setting of settings) {
      const [key = "", value = ""] = setting.split("=");
      if (key === "learners") learners.push(...idList(value));
      else if (key === "priorities") priorities.push(...value.split(",").map(Number));
      else if (key in limits) limits[key] = Number(value);
      else throw new Error(`no setting ${key}`);
    }
    const voters = Array.from({ length: voterCount }, (_, at) => at + 1);
    const configuration = { voters, votersOutgoing: [], learners };
    this.#limits = { ...defaultLimits, ...limits };
    this.#nodes.length = 0;
    this.#network = [];
    this.#ticks.clear();
    for (const id of [...voters, ...learners]) this.#addNode(id, configuration).priority = priorities[id - 1] ?? 0;
    for (const node of this.#nodes) node.start(0);
  }

  #addNode(id: NodeId, configuration: Configuration): SimNode {
    const node = new SimNode(id, configuration, this.#limits, (bound) => Math.min(id - 1, bound - 1));
    this.#nodes.push(node);
    return node;
  }

  /** change 1 voters=1,2 learners=4 */
  #change(id: string | undefined, settings: readonly string[]): void {
    const lists = Object.fromEntries(settings.map((setting) => setting.split("=")));
    const target = { voters: idList(lists["voters"] ?? ""), learners: idList(lists["learners"] ?? "") };
    this.#guard(() => this.#core(id).changeConfiguration(target));
  }

  /** The host has pulled what was offered. */
  #install(node: SimNode): void {
    const offer = this.#offers.get(node.id);
    this.#offers.delete(node.id);
    if (offer === undefined || !node.core?.needsSnapshot(offer.index, offer.term)) {
      this.#say(`  ${node.id} needs no snapshot`);
      return;
    }
    node.install(offer);
    node.start(0);
    this.#say(
      `  ${node.id} starts from snapshot at ${offer.index}/${offer.term} ${configurationText(offer.configuration)}`,
    );
  }

  #nowMs(id: NodeId): number {
    return (this.#ticks.get(id) ?? 0) * TICK_MS;
  }

  #tick(who: string | undefined, count: number): void {
    const nodes = who === "all" ? this.#nodes : [this.#node(who)];
    for (let at = 0; at < count; at++) {
      for (const node of nodes) {
        this.#ticks.set(node.id, (this.#ticks.get(node.id) ?? 0) + 1);
        node.core?.tick(this.#nowMs(node.id));
      }
      this.#collectAll();
    }
  }

  /** Errors are part of the story. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!hasCode(error, "NOT_LEADER", "NO_LEADER", "NOT_A_VOTER", "OVERLOADED", "DISK_FULL", "CONFIG_CHANGE_PENDING"))
        throw error;
      this.#say(`  ${error.code}: ${error.message}`);
    }
  }

  #propose(id: string | undefined, texts: readonly string[]): void {
    const drafts = texts.map((text) => {
      const payload = new TextEncoder().encode(text);
      return { kind: EntryKind.PHYSICAL_PLAN, session: 0, sequence: 0, payload };
    });
    this.#guard(() => this.#core(id).propose(drafts));
  }

  #collectAll(): void {
    for (const node of this.#nodes) while (node.core?.hasReady()) this.#collect(node, node.core.takeReady());
  }

  #collect(node: SimNode, ready: Ready): void {
    const status = node.core?.status();
    if (ready.leaderChanged && status !== undefined) {
      const leader = status.role !== "leader" && status.leader > 0 ? ` of ${status.leader}` : "";
      this.#say(`  ${node.id} is ${status.role}${leader} in term ${status.term}`);
    }
    node.accept(ready);
    this.#network.push(...ready.messages);
    if (ready.hardState === undefined && ready.entries.length === 0) this.#network.push(...ready.messagesAfterPersist);
    if (!this.#heldDisks.has(node.id)) this.#write(node);
    for (const entry of ready.committed) {
      this.#say(`  ${node.id} applies ${entryText(entry)}`);
      node.applyTo(entry.index);
    }
    for (const read of ready.diskReads) {
      this.#say(`  ${node.id} asks its disk for ${read.fromIndex} … ${read.throughIndex}, for ${read.to}`);
      const { firstIndex, entries } = node.disk;
      const found = entries.slice(read.fromIndex - firstIndex, read.throughIndex - firstIndex + 1);
      this.#reads.push({ node: node.id, to: read.to, found });
    }
    for (const { to } of ready.snapshotsNeeded) this.#say(`  ${node.id}: ${to} needs a snapshot`);
    for (const offer of ready.snapshotOffers) this.#offers.set(node.id, offer);
    for (const read of ready.readStates) this.#say(`  ${node.id} may read at ${read.index} for ${read.context}`);
  }

  #write(node: SimNode): void {
    for (let ready = node.writeOldest(); ready !== undefined; ready = node.writeOldest()) {
      if (ready.hardState !== undefined)
        this.#say(`  ${node.id} writes term ${ready.hardState.term}, vote ${ready.hardState.vote || "none"}`);
      if (ready.entries.length > 0) this.#say(`  ${node.id} writes ${entriesText(ready.entries)}`);
      this.#network.push(...node.report(ready));
    }
  }

  #releaseDisk(node: SimNode): void {
    this.#heldDisks.delete(node.id);
    this.#write(node);
  }

  #supply(node: SimNode): void {
    for (const { to, found } of this.#reads.filter((one) => one.node === node.id)) node.core?.supplyEntries(to, found);
    this.#reads.length = 0;
  }

  #crash(node: SimNode): void {
    node.crash();
    this.#network = this.#network.filter((message) => message.to !== node.id);
  }

  /** Entries from an index on are lost from the disk of a node that is down. */
  #damage(node: SimNode, fromIndex: number): void {
    node.disk.entries.length = fromIndex - node.disk.firstIndex;
    node.applied = Math.min(node.applied, fromIndex - 1);
    node.mayVote = false;
  }

  #step(message: Message): void {
    const lost = this.#sides.get(message.from) !== this.#sides.get(message.to);
    const { core } = this.#node(message.to);
    this.#say(`  ${messageText(message)}${lost ? " — lost" : core === undefined ? " — down" : ""}`);
    if (!lost) core?.step(message);
    this.#collectAll();
  }

  #stabilize(): void {
    this.#collectAll();
    for (let count = 0; this.#network.length > 0; count++) {
      if (count > MESSAGES_MAX) throw new Error("the nodes do not come to rest");
      const message = this.#network.shift();
      if (message !== undefined) this.#step(message);
    }
  }

  #deliver(from: NodeId, to: NodeId, count: number): void {
    for (let done = 0; done < count; done++) {
      const at = this.#network.findIndex((one) => one.from === from && one.to === to);
      const message = this.#network.splice(at, at < 0 ? 0 : 1)[0];
      if (message === undefined) throw new Error(`nothing on its way from ${from} to ${to}`);
      this.#step(message);
    }
  }

  #delay(from: NodeId, to: NodeId): void {
    const isMeant = (message: Message): boolean => message.from === from && message.to === to;
    this.#delayed.push(...this.#network.filter(isMeant));
    this.#network = this.#network.filter((message) => !isMeant(message));
  }

  #drop(from: NodeId, to: NodeId): void {
    for (const message of this.#network)
      if (message.from === from && message.to === to) this.#say(`  ${messageText(message)} — lost`);
    this.#network = this.#network.filter((one) => one.from !== from || one.to !== to);
  }

  /** partition 1 | 2 3 */
  #partition(args: readonly string[]): void {
    let side = 0;
    this.#sides.clear();
    for (const word of args) {
      if (word === "|") side++;
      else this.#sides.set(Number(word), side);
    }
  }

  #status(status: RaftStatus): void {
    const votes = `${status.mayVote ? "" : ", may not vote"}${status.quiet ? ", quiet" : ""}`;
    this.#say(
      `  ${status.self} is ${status.role} in term ${status.term}, leader ${status.leader || "unknown"}, log …${status.lastIndex}, durable ${status.durableIndex}, commit ${status.commit}, applied ${status.applied}${votes}`,
    );
    for (const peer of status.peers)
      this.#say(
        `    ${peer.id}: ${peer.state}, match ${peer.match}, next ${peer.next}, ${peer.inflightRequests} requests under way, ${peer.recentActive ? "active" : "silent"}`,
      );
  }
}
