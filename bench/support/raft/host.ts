import { crc32 } from "node:zlib";
import { GroupTicker, NodeHealth, openCore, RaftGroup, Transport } from "@ringtide/cluster";
import { asRingtideError, type Net, RingtideError } from "@ringtide/common";
import { createDisk, createLogger, createMetrics, systemClock, systemRandom } from "@ringtide/common/node";
import { type Entry, EntryKind, type Message } from "@ringtide/raft";
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

/** Raft's part of a node, without storage: the real log, cores, groups, tick, transport and network. */
export class RaftHost {
  readonly #groups = new Map<number, { readonly raft: RaftGroup; readonly machine: DigestMachine }>();
  readonly #net: CountingNet;
  #messages = 0;

  private constructor(net: Net) {
    this.#net = new CountingNet(net);
  }

  static async open(start: NodeStart): Promise<RaftHost> {
    const logger = createLogger({ level: "info", destination: "stdout", sync: false });
    const metrics = createMetrics();
    const host = new RaftHost(createNet({ logger, metrics, clock: systemClock }));
    const options = raftOptions(start.flags);
    const die = (error: Error) => {
      logger.fatal("the node stops", { reason: error.message });
      process.exit(1);
    };
    const ports = { clock: systemClock, random: systemRandom, disk: createDisk(), logger, metrics };
    const log = await RaftLog.open({ ...ports, ...options, directory: `${start.directory}/log`, onFailure: die });
    const health = new NodeHealth(systemClock, log, options.tickMs);
    const { self, members } = start;
    const transport = new Transport({
      ...ports,
      self,
      members,
      metadata: { "ringtide-node": String(self) },
      net: host.#net.port,
      connectTimeoutMs: options.connectTimeoutMs,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxQueuedBytesPerPeer: options.maxEntryBytes * 4,
      proofOfLife: () => health.proof(),
      onMessage: (message) => host.#groups.get(message.group)?.raft.step(message),
      onLoss: (peer, meta) => {
        if (!meta) for (const { raft } of host.#groups.values()) raft.reportUnreachable(peer);
      },
    });
    const send = (message: Message) => {
      host.#messages++;
      transport.send(message);
    };
    const configuration = { voters: members.map(({ id }) => id), votersOutgoing: [], learners: [] };
    for (const group of groupNumbers(start.groups)) {
      const preferred = members[group % members.length]?.id;
      const core = await openCore({ options: { ...options, ports }, self, log }, group, {
        checkpointIndex: 0,
        checkpointTerm: 0,
        configuration,
        priority: preferred === self ? 0 : 1,
      });
      const machine = new DigestMachine();
      const raft = new RaftGroup({
        ...ports,
        group,
        core,
        log,
        machine,
        send,
        snapshotToOffer: () => undefined,
        onSnapshotOffer: () => undefined,
        onLeaderChanged: (changed, leader) => transport.leaderChanged(changed, leader),
      });
      host.#groups.set(group, { raft, machine });
    }
    const address = members.find(({ id }) => id === self)?.addresses;
    if (address === undefined) throw new RingtideError("INTERNAL", `node ${self} is no member`);
    await openDoors(host.#net.port, address, options.maxConnections, transport, async (proposal) => {
      const found = host.#groups.get(proposal.group);
      if (found === undefined) throw new RingtideError("NOT_LEADER", `no group ${proposal.group} here`);
      return found.raft.propose(proposal, options.writeTimeoutMs).catch((error: unknown) => {
        throw asRingtideError(error);
      });
    });
    const ticker = new GroupTicker({
      ...ports,
      pace: options,
      peers: members.map(({ id }) => id).filter((id) => id !== self),
      transport,
      health,
      rafts: () => [...host.#groups.values()].map(({ raft }) => raft),
      onSilence: (_peer, meta) => {
        if (!meta) for (const { raft } of host.#groups.values()) raft.wake();
      },
      tickGroups: () => {
        for (const { raft } of host.#groups.values()) if (!raft.isQuiet) raft.tick();
      },
    });
    ticker.start();
    return host;
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
    return { ...sum, messages: this.#messages, packets: this.#net.writes };
  }
}
