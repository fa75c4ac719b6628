import type { Clock, Logger, NodeId } from "@ringtide/common";
import { groupName } from "@ringtide/common";
import type { PeerStatus, RaftStatus } from "@ringtide/raft";
import type { DiskLevel, DiskWatch } from "./disk-watch.ts";
import type { RaftGroup } from "./raft-group.ts";

export interface LeadershipParts {
  readonly self: NodeId;
  readonly raft: RaftGroup;
  /** Who should lead when all is well; 0: anybody. */
  readonly home: NodeId;
  readonly diskWatch: DiskWatch;
  readonly diskLevelOf: (peer: NodeId) => DiskLevel;
  /** The peer's last beat proved that its disk and main loop work. */
  readonly provesLife: (peer: NodeId) => boolean;
  /** Its last beat proved the contrary. */
  readonly isStalled: (peer: NodeId) => boolean;
  /** A peer that beat lately, or never had a reason to. */
  readonly isUp: (peer: NodeId) => boolean;
  readonly electionMaxMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Leadership moves not more often than this. */
const MOVE_INTERVAL_MS = 3000;
/** A home node whose disk or main loop hung gets leadership back only after this long without that. */
const AFTER_STALL_MS = 30_000;
/** In longest election time-outs: a replica on a nearly full disk leaves an election to the others for this long. */
const HELD_BACK_ELECTIONS = 2;

/**
 * Sees to who leads a group: its home node when that is fit and up to date, and not a node whose disk is nearly full while another has more room.
 * When all are as full, one of them leads all the same: reads need it.
 */
export class Leadership {
  readonly #parts: LeadershipParts;
  #nextHomeMs: number;
  #nextHandOverMs = 0;
  #homeStalledMs = Number.NEGATIVE_INFINITY;
  #leaderlessSinceMs: number | undefined;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
    this.#nextHomeMs = parts.clock.monotonicMs() + MOVE_INTERVAL_MS;
  }

  /** Called every now and then. */
  tick(): void {
    const { raft, clock, home, isStalled } = this.#parts;
    if (raft.stopped !== undefined) return;
    if (isStalled(home)) this.#homeStalledMs = clock.monotonicMs();
    const status = raft.status();
    if (status.role !== "leader") {
      this.#holdBack(status);
      return;
    }
    this.#leaderlessSinceMs = undefined;
    if (this.handOver() || clock.monotonicMs() < this.#nextHomeMs) return;
    this.#nextHomeMs = clock.monotonicMs() + MOVE_INTERVAL_MS;
    this.#moveHome(status);
  }

  /** At a leader whose disk is nearly full: true while leadership is on its way to a replica with more room. */
  handOver(): boolean {
    const { raft, diskWatch, diskLevelOf, clock } = this.#parts;
    if (diskWatch.level === 0) return false;
    const status = raft.status();
    if (status.transferTo !== 0) return true;
    if (status.role !== "leader" || clock.monotonicMs() < this.#nextHandOverMs) return false;
    const fit = status.peers.filter((peer) => diskLevelOf(peer.id) < diskWatch.level && this.#isFit(peer, status));
    const [target] = fit.sort((a, b) => diskLevelOf(a.id) - diskLevelOf(b.id) || a.id - b.id);
    if (target === undefined) return false;
    this.#nextHandOverMs = clock.monotonicMs() + MOVE_INTERVAL_MS;
    this.#move(target.id, "handing leadership to a node with more free disk");
    return true;
  }

  #moveHome(status: RaftStatus): void {
    const { home, self, diskLevelOf, clock } = this.#parts;
    if (home === 0 || home === self) return;
    const peer = status.peers.find(({ id }) => id === home);
    if (peer === undefined || clock.monotonicMs() - this.#homeStalledMs < AFTER_STALL_MS) return;
    if (diskLevelOf(home) > 0 || !this.#isFit(peer, status)) return;
    this.#move(home, "moving leadership to the header node");
  }

  #isFit(peer: PeerStatus, { commit }: RaftStatus): boolean {
    return !peer.learner && peer.recentActive && peer.match >= commit && this.#parts.provesLife(peer.id);
  }

  #move(to: NodeId, message: string): void {
    const { raft, logger } = this.#parts;
    logger.info(message, { group: groupName(raft.group), to });
    raft.transferLeadership(to);
  }

  /** A replica on a nearly full disk does not campaign while another that has more room could, and not for longer than that should take. */
  #holdBack(status: RaftStatus): void {
    const { raft, self, diskWatch, diskLevelOf, isUp, clock, electionMaxMs } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (status.leader !== 0) this.#leaderlessSinceMs = undefined;
    else this.#leaderlessSinceMs ??= nowMs;
    if (diskWatch.level === 0 || status.quiet) return;
    if (nowMs - (this.#leaderlessSinceMs ?? nowMs) > HELD_BACK_ELECTIONS * electionMaxMs) return;
    const { voters } = status.configuration;
    if (voters.some((peer) => peer !== self && isUp(peer) && diskLevelOf(peer) < diskWatch.level)) raft.stepDown();
  }
}
