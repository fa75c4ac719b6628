import type { NodeId } from "@ringtide/common";
import { Inflights } from "./inflights.ts";
import type { PeerState } from "./status.ts";

/**
 * What a leader knows of one follower (etcd's shape). In `probe` the point where the logs match is not known: one request at a time. In
 * `replicate` it is: requests are pipelined and `next` runs ahead. In `snapshot` the follower needs what is cut.
 */
export class Progress {
  readonly id: NodeId;
  learner: boolean;
  readonly inflights: Inflights;
  /** Known to match and to be durable there. */
  match = 0;
  next: number;
  state: PeerState = "probe";
  /** A probe is out (or held back after a broken stream): nothing is sent until it is answered or overdue. */
  paused = false;
  /** Tick when the append stream last moved, or when the first request left that it has to answer. */
  streamTick = 0;
  /** Commit index that the follower was last sent. */
  sentCommit = 0;
  /** The host was asked for entries on disk. */
  diskReadPending = false;
  /** Last round of beats that it answered. */
  answeredRound = 0;
  /** Tick when the host was last asked for a snapshot. */
  snapshotAskedTick = Number.NEGATIVE_INFINITY;
  /** Check-quorum window: it answered anything; its append stream moved; entries already waited for it when the window began. */
  answered = false;
  moved = false;
  behindAtWindowStart = false;
  /** Verdict of the last window. */
  active = false;

  constructor(id: NodeId, learner: boolean, next: number, maxRequests: number, maxBytes: number) {
    this.id = id;
    this.learner = learner;
    this.next = next;
    this.inflights = new Inflights(maxRequests, maxBytes);
  }

  /** Look from `next` on for the point where the logs match. */
  becomeProbe(next: number): void {
    this.state = "probe";
    this.next = next;
    this.paused = false;
    this.diskReadPending = false;
    this.inflights.clear();
  }

  /** The logs match up to `match`. */
  becomeReplicate(): void {
    this.becomeProbe(this.match + 1);
    this.state = "replicate";
  }

  /** Its append stream did something new: repeated and outdated answers do not count, they would hide lost requests. */
  noteMove(tick: number): void {
    this.moved = true;
    this.streamTick = tick;
  }

  /** A check-quorum window begins. */
  startWindow(lastIndex: number): void {
    this.answered = false;
    this.moved = false;
    this.behindAtWindowStart = this.match < lastIndex;
  }

  pause(tick: number): void {
    this.paused = true;
    this.streamTick = tick;
  }
}
