import type { Clock, GroupNumber, Logger, NodeId } from "@ringtide/common";
import type { Configuration, Message, RaftCore } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import type { StateMachine } from "./applier.ts";
import type { TurnQueue } from "./turn-queue.ts";

export interface RaftGroupOptions {
  readonly group: GroupNumber;
  readonly core: RaftCore;
  readonly log: RaftLog;
  readonly machine: StateMachine;
  /** What a replica on a nearly full disk still takes of its leader's commands; see EntryAdmission. */
  readonly refusalGraceBytes: number;
  readonly send: (message: Message) => void;
  /** This leader's follower needs entries that are cut: the checkpoint to offer it; undefined while there is none. */
  readonly snapshotToOffer: () => SnapshotOffer | undefined;
  /** A leader offers this replica a snapshot, at `index` or later. */
  readonly onSnapshotOffer: (group: GroupNumber, from: NodeId, index: number) => void;
  /** Another leader is known than before; 0: none is. */
  readonly onLeaderChanged: (group: GroupNumber, leader: NodeId) => void;
  /** The node cannot go on: its log failed. */
  readonly onFatal: (error: Error) => void;
  /** Shared by the groups of a node. */
  readonly turns: TurnQueue;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SnapshotOffer {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
}
