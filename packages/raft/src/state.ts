import { assert, type NodeId } from "@ringtide/common";
import { isConfiguration } from "./configuration.ts";
import { ConfigurationLog } from "./configuration-log.ts";
import { DurableLog } from "./durability.ts";
import { MemoryLog } from "./memory-log.ts";
import type { RaftOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { DiskRead, ReadState, SnapshotOffer } from "./ready.ts";
import type { IgnoredCounts } from "./status.ts";
import type { HardState, Message, Role } from "./types.ts";

/** Rounds of beats of this leadership: a beat carries the number of its round, the answer echoes it. */
export interface Rounds {
  /** Number of the last begun. */
  last: number;
  /** Last that a quorum answered. */
  confirmed: number;
  /** When rounds left that are not confirmed yet, oldest first. */
  readonly sent: { readonly round: number; readonly atMs: number }[];
  /** A lease runs from here; −∞: none yet. */
  leaseFromMs: number;
  /** A campaign may be under way that does not wait for this leader's silence: no more leases in this term. */
  leaseForfeited: boolean;
}

/** A read that waits for `round` to be confirmed. */
interface PendingRead extends ReadState {
  readonly round: number;
}

/** What only a leader has; it is made when an election is won and dropped with the leadership. */
export interface Leading {
  /** All others of the configuration. */
  readonly peers: Map<NodeId, Progress>;
  /** Index of this leader's EMPTY_CONTENT entry. */
  readonly emptyIndex: number;
  heartbeatElapsed: number;
  /** Ticks of the check-quorum window so far. */
  windowElapsed: number;
  readonly rounds: Rounds;
  /** Oldest first. */
  readonly reads: PendingRead[];
  /** A read waits for a round that has not begun. */
  readRoundDue: boolean;
  /** Ticks since something was asked of this leader. */
  idleTicks: number;
  /** Leader transfer under way (thesis section 3.10). */
  transfer: { readonly to: NodeId; elapsed: number; sent: boolean } | undefined;
  /** Something may be sent: takeReady looks at all peers. */
  pumpDue: boolean;
}

/** What a follower knows of its log in relation to the leader of this term. */
export interface Following {
  /** Matches the leader's log, durable or not. */
  matched: number;
  /** Highest index that was acknowledged. */
  acknowledged: number;
  /** Whose requests are to be acknowledged; 0: nobody's in this term. */
  leader: NodeId;
  /** Highest commit index that the leader told, even when this log does not reach it. */
  leaderCommit: number;
  /** Of the leader's last beat. */
  allMatch: number;
  /** Latest round of the leader's beats. */
  round: number;
  /** While mayVote is false: the commit index to match before the log is trusted again; −1: not known, no request has matched yet. */
  trustAt: number;
}

/** What waits for the next Ready. */
interface Outbox {
  messages: Message[];
  afterPersist: Message[];
  readonly diskReads: DiskRead[];
  readonly snapshotsNeeded: { to: NodeId }[];
  readonly snapshotOffers: SnapshotOffer[];
  readonly readStates: ReadState[];
}

/** The one state of a replica. The modules beside work on it and keep nothing of their own. */
export interface RaftState {
  readonly options: RaftOptions;
  readonly configurations: ConfigurationLog;
  readonly log: MemoryLog;
  readonly durable: DurableLog;
  readonly outbox: Outbox;
  readonly ignored: { -readonly [K in keyof IgnoredCounts]: number };
  /** `leader` exactly while `leading` is there. */
  role: Role;
  term: number;
  vote: NodeId;
  leader: NodeId;
  mayVote: boolean;
  commit: number;
  applied: number;
  /** Last index given out in Ready.committed. */
  handedOut: number;
  /** Bytes of the entries behind `applied`. */
  unappliedBytes: number;
  /** Ticks since the start. */
  tick: number;
  /** The host's time, as last told. */
  nowMs: number;
  /** Needs no ticks. */
  quiet: boolean;
  /** Ticks since any leader was heard: unlike electionElapsed nothing else sets it back, since leases rest on it. */
  leaderHeardElapsed: number;
  /** Ticks since a leader was heard, or since the last campaign. */
  electionElapsed: number;
  /** The random time-out drawn for this round. */
  electionTimeout: number;
  /** No campaign of its own while above 0. */
  campaignBlockedTicks: number;
  /** Votes of the campaign under way. */
  readonly votes: Map<NodeId, boolean>;
  leading: Leading | undefined;
  following: Following;
  /** As the last Ready told: (role, leader, term). */
  told: { role: Role; leader: NodeId; term: number };
}

export function newFollowing(): Following {
  return { matched: 0, acknowledged: 0, leader: 0, leaderCommit: 0, allMatch: 0, round: 0, trustAt: -1 };
}

function checkOptions(options: RaftOptions): void {
  const { electionTicksMin, electionTicksMax, heartbeatTicks } = options;
  assert(isConfiguration(options.configuration), `not a configuration: ${JSON.stringify(options.configuration)}`);
  assert(options.leaseMs >= 0 && options.quiesceAfterTicks >= 0, "leaseMs and quiesceAfterTicks are not negative");
  assert(heartbeatTicks >= 1 && electionTicksMin >= 3 * heartbeatTicks, "an election time-out spans three heartbeats");
  assert(electionTicksMax >= electionTicksMin, "electionTicksMax is below electionTicksMin");
  assert(options.maxInflightRequests >= 1 && options.maxInflightBytes >= 1, "the in-flight window is empty");
  assert(options.maxAppendBytes >= 1 && options.priority >= 0, "maxAppendBytes and priority are positive");
  assert(options.memoryEntriesMin <= options.memoryEntriesMax, "memoryEntriesMin is above memoryEntriesMax");
}

export function newState(options: RaftOptions): RaftState {
  checkOptions(options);
  const log = new MemoryLog(options.log);
  const { applied } = options;
  assert(applied <= log.lastIndex, `applied ${applied} is behind the log's end ${log.lastIndex}`);
  assert(applied + 1 >= log.memoryFirstIndex, `entry ${applied + 1} is to be applied and not in memory`);
  const configurations = new ConfigurationLog(options.configuration, applied);
  configurations.note(options.log.entries, 0, applied);
  // A log ahead of the hard state has terms that its leaders won: nobody else can win one of those again, so having no vote in it is safe.
  const raised = log.lastTerm > options.hardState.term;
  const term = raised ? log.lastTerm : options.hardState.term;
  return {
    options,
    configurations,
    log,
    durable: new DurableLog(options.hardState, log.lastIndex),
    outbox: {
      messages: [],
      afterPersist: [],
      diskReads: [],
      snapshotsNeeded: [],
      snapshotOffers: [],
      readStates: [],
    },
    ignored: {
      wrongGroup: 0,
      wrongReceiver: 0,
      unknownSender: 0,
      malformed: 0,
      contradictions: 0,
      overloaded: 0,
    },
    role: "follower",
    term,
    vote: raised ? 0 : options.hardState.vote,
    leader: 0,
    mayVote: options.mayVote,
    commit: Math.max(applied, Math.min(options.commit, log.lastIndex)),
    applied,
    handedOut: applied,
    unappliedBytes: log.bytesOf(applied + 1, log.lastIndex + 1),
    tick: 0,
    nowMs: 0,
    quiet: false,
    // A lease may rest on beats that were answered before the start: nobody gets a vote until it has run out.
    leaderHeardElapsed: options.leaseMs > 0 ? 0 : options.electionTicksMin,
    electionElapsed: 0,
    electionTimeout: drawElectionTimeout(options),
    campaignBlockedTicks: 0,
    votes: new Map(),
    leading: undefined,
    following: newFollowing(),
    told: { role: "follower", leader: 0, term },
  };
}

/** Random, so that split votes end (thesis section 3.4), and later for replicas that are not preferred. */
export function drawElectionTimeout(options: RaftOptions): number {
  const spread = options.electionTicksMax - options.electionTicksMin;
  const preference = Math.round((options.priority * spread) / 4);
  return options.electionTicksMin + options.randomBelow(spread + 1) + preference;
}

/**
 * May this replica become leader at all? Also one that is voted out by an entry that may not be committed: with its longer log it may be the only one
 * that can win (thesis section 4.2.2).
 */
export function mayCampaign(state: RaftState): boolean {
  return state.mayVote && state.configurations.mayVoteIn(state.options.self, state.commit);
}

export function hardStateOf(state: RaftState): HardState {
  return { term: state.term, vote: state.vote };
}

/** Sends what promises something about this term and vote: at once when they are durable, else behind them. */
export function sendPromise(state: RaftState, message: Message): void {
  if (state.durable.holds(state.term, state.vote)) state.outbox.messages.push(message);
  else state.outbox.afterPersist.push(message);
}
