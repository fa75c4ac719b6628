import type { Clock, Logger, NodeId, Timer } from "@ringtide/common";
import type { NodeHealth } from "./node-health.ts";
import type { RaftGroup } from "./raft-group.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { Transport } from "./transport.ts";

/** How fast a node's groups go, and how long it may stall before it leads no more. */
interface GroupPace {
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly electionMinMs: number;
  readonly diskStallLimitMs: number;
  readonly loopStallLimitMs: number;
}

export interface GroupTickerOptions {
  readonly pace: GroupPace;
  readonly peers: readonly NodeId[];
  readonly transport: Transport;
  readonly health: NodeHealth;
  readonly clock: Clock;
  readonly logger: Logger;
  /** All groups of the node. */
  readonly rafts: () => Iterable<RaftGroup>;
  /** Called at each tick for each peer that is silent on its meta (true) or data heartbeat port: quiet groups count on being woken. */
  readonly onSilence: (peer: NodeId, meta: boolean) => void;
  /** Ticks each group that is not quiet, and does what else is due. */
  readonly tickGroups: () => void;
}

/** The tick of a node's groups: proofs of its own life, the beats that stand for quiet groups, and a look at who fell silent. */
export class GroupTicker {
  readonly #options: GroupTickerOptions;
  readonly #silence: SilenceWatch;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: GroupTickerOptions) {
    this.#options = options;
    this.#silence = new SilenceWatch({
      peers: options.peers,
      limitMs: options.pace.electionMinMs,
      diskStallLimitMs: options.pace.diskStallLimitMs,
      transport: options.transport,
      onSilence: options.onSilence,
    });
  }

  start(): void {
    const { clock, health, pace } = this.#options;
    const run = () => {
      if (this.#closed) return;
      this.#timer = clock.setTimer(pace.tickMs, run);
      const lateMs = health.tick();
      // After a stall of our own, what the sockets hold is read first: else we would campaign against a leader whose beats wait there.
      if (lateMs > pace.tickMs * 2) clock.nextTurn(() => this.#tick(lateMs));
      else this.#tick(lateMs);
    };
    this.#timer = clock.setTimer(pace.tickMs, run);
  }

  #tick(lateMs: number): void {
    if (this.#closed) return;
    const { transport, pace, tickGroups } = this.#options;
    if (this.#mustStepDown(lateMs)) this.#stepDownEverywhere();
    transport.beatIfSilent(pace.heartbeatMs);
    this.#silence.tick();
    tickGroups();
  }

  /** A leader whose disk or main loop hangs keeps no leadership: its beats would hide that. */
  #mustStepDown(lateMs: number): boolean {
    const { health, pace } = this.#options;
    return health.proof().oldestPendingSyncMs > pace.diskStallLimitMs || lateMs > pace.loopStallLimitMs;
  }

  #stepDownEverywhere(): void {
    const { rafts, logger, health } = this.#options;
    for (const raft of rafts()) {
      if (raft.status().role !== "leader") continue;
      logger.warn("stepping down: the disk or the main loop stalls", { group: raft.group, ...health.proof() });
      raft.stepDown();
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}
