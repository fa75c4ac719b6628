import type { Consistency, RunningCluster } from "@ringtide/cluster";
import type { Clock, Logger, SlotStrategy } from "@ringtide/common";

export interface SessionServiceOptions {
  readonly cluster: RunningCluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly slotStrategy: SlotStrategy;
  readonly precision: "ms" | "us" | "ns";
  /** Zone of sessions that name none. */
  readonly defaultZone: string;
  readonly defaultConsistency: Consistency;
  readonly autoCreateSchema: boolean;
  /** Largest single write, bytes of one log entry's payload. */
  readonly maxWriteBytes: number;
  readonly queryTimeoutMs: number;
  readonly queryMemoryBytes: number;
  /** Queries that run at once on this node; more wait, four times as many at most. */
  readonly maxQueryConcurrency: number;
  /** A session that was idle for longer is closed. */
  readonly sessionTimeoutMs: number;
  readonly maxSessions: number;
}

/** Who a call is made for. There is one user in this version, and nothing is forbidden to it; the doors carry it all the same. */
export interface Principal {
  readonly name: string;
}

/** Number within the session, for exactly-once; undefined: the caller does not repeat requests. */
export interface Numbering {
  readonly sequence: number;
  readonly acknowledged: number;
  readonly retry: boolean;
}
