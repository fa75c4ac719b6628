import { crc32 } from "node:zlib";
import {
  type Applied,
  GroupTicker,
  NodeHealth,
  openCore,
  type Proposal,
  RaftGroup,
  Transport,
  TurnQueue,
} from "@ringtide/cluster";
import { RingtideError } from "@ringtide/common";
import { createDisk, createLogger, createMetrics, systemClock, systemRandom } from "@ringtide/common/node";
import { type Entry, EntryKind } from "@ringtide/raft";
import { RaftLog } from "@ringtide/raftlog";
import { createNet } from "@ringtide/rpc";
import { CountingNet } from "./counting-net.ts";
import { MAX_MESSAGE_BYTES, openDoors } from "./doors.ts";
import { groupNumbers, type NodeReport, type NodeStart, raftOptions } from "./settings.ts";

/** A state machine that costs nothing, and can be compared between replicas. */
class DigestMachine {
  applied = 0;
  digest = 0;

  apply(entry: Entry) {
    if (entry.kind === EntryKind.PHYSICAL_PLAN) {
      this.applied++;
      this.digest = crc32(entry.payload, this.digest);
    }
    return { ok: true, affected: 1 } as const;
  }
}

interface HostGroup {
  readonly raft: RaftGroup;
  readonly machine: DigestMachine;
}

type Options = ReturnType<typeof raftOptions>;
type HostPorts = Awaited<ReturnType<typeof openPorts>>;

async function openPorts({ directory }: NodeStart, options: Options) {
  const logger = createLogger({ level: "info", destination: "stdout", sync: false });
  const base = { clock: systemClock, random: systemRandom, disk: createDisk(), logger, metrics: createMetrics() };
  const onFailure = (error: Error) => {
    logger.fatal("the node stops", { reason: error.message });
    process.exit(1);
  };
  const log = await RaftLog.open({ ...base, ...options, directory: `${directory}/log`, onFailure });
  return { ...base, log, net: new CountingNet(createNet(base)) };
}

/** Raft's part of a node, without storage: the real log, cores, groups, tick, transport and network. */
export class RaftHost {
  readonly #start: NodeStart;
  readonly #options: Options;
  readonly #ports: HostPorts;
  readonly #groups = new Map<number, HostGroup>();
  readonly #health: NodeHealth;
  readonly #transport: Transport;
  readonly #turns: TurnQueue;
  #messages = 0;

  private constructor(start: NodeStart, options: Options, ports: HostPorts) {
    this.#start = start;
    this.#options = options;
    this.#ports = ports;
    this.#turns = new TurnQueue(ports.clock);
    this.#health = new NodeHealth(ports.clock, ports.log, { level: 0 }, options.tickMs);
    this.#transport = new Transport({
      ...ports,
      self: start.self,
      members: start.members,
      metadata: { "ringtide-node": String(start.self) },
      net: ports.net.port,
      connectTimeoutMs: options.connectTimeoutMs,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxQueuedBytesPerPeer: options.maxEntryBytes * 4,
      proofOfLife: () => this.#health.proof(),
      onMessage: (message) => this.#groups.get(message.group)?.raft.step(message),
      onLoss: (peer, meta) => this.#eachDataGroup(meta, (raft) => raft.reportUnreachable(peer)),
    });
  }

  static async open(start: NodeStart): Promise<RaftHost> {
    const options = raftOptions(start.flags);
    const host = new RaftHost(start, options, await openPorts(start, options));
    for (const group of groupNumbers(start.groups)) await host.#openGroup(group);
    await host.#openDoors();
    host.#startTicking();
    return host;
  }

  /** What happens on the links of the meta group concerns none of these. */
  #eachDataGroup(meta: boolean, act: (raft: RaftGroup) => void): void {
    if (!meta) for (const { raft } of this.#groups.values()) act(raft);
  }

  async #openGroup(group: number): Promise<void> {
    const { self, members } = this.#start;
    const ports = this.#ports;
    const core = await openCore({ options: { ...this.#options, ports }, self, log: ports.log }, group, {
      checkpointIndex: 0,
      checkpointTerm: 0,
      configuration: { voters: members.map(({ id }) => id), votersOutgoing: [], learners: [] },
      priority: members[group % members.length]?.id === self ? 0 : 1,
    });
    const machine = new DigestMachine();
    const raft = new RaftGroup({
      ...ports,
      group,
      core,
      machine,
      turns: this.#turns,
      refusalGraceBytes: 0,
      onFatal: (error) => {
        throw error;
      },
      send: (message) => {
        this.#messages++;
        this.#transport.send(message);
      },
      snapshotToOffer: () => undefined,
      onSnapshotOffer: () => undefined,
      onLeaderChanged: (changed, leader) => this.#transport.leaderChanged(changed, leader),
    });
    this.#groups.set(group, { raft, machine });
  }

  async #openDoors(): Promise<void> {
    const { self, members } = this.#start;
    const { maxConnections, writeTimeoutMs } = this.#options;
    const own = members.find(({ id }) => id === self);
    if (own === undefined) throw new Error(`node ${self} is no member`);
    const propose = async (proposal: Proposal): Promise<Applied> => {
      const found = this.#groups.get(proposal.group);
      if (found === undefined) throw new RingtideError("NOT_LEADER", `no group ${proposal.group} here`);
      return found.raft.propose(proposal, writeTimeoutMs);
    };
    await openDoors(this.#ports.net.port, own.addresses, maxConnections, this.#transport, propose);
  }

  #startTicking(): void {
    const { self, members } = this.#start;
    new GroupTicker({
      ...this.#ports,
      pace: this.#options,
      peers: members.map(({ id }) => id).filter((id) => id !== self),
      transport: this.#transport,
      health: this.#health,
      rafts: () => [...this.#groups.values()].map(({ raft }) => raft),
      onSilence: (_peer, meta) => this.#eachDataGroup(meta, (raft) => raft.wake()),
      tickGroups: () => {
        for (const { raft } of this.#groups.values()) if (!raft.isQuiet) raft.tick();
      },
    }).start();
  }

  report(): NodeReport {
    const sum = { leads: 0, quiet: 0, applied: 0, digest: 0, terms: 0 };
    for (const { raft, machine } of this.#groups.values()) {
      const { leaderReady, quiet, term } = raft.status();
      if (leaderReady) sum.leads++;
      if (quiet) sum.quiet++;
      sum.terms += term;
      sum.applied += machine.applied;
      sum.digest = (sum.digest + machine.digest) % 2 ** 32;
    }
    return { ...sum, messages: this.#messages, packets: this.#ports.net.writes };
  }
}
