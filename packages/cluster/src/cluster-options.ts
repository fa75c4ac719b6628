import type { Clock, Compute, Disk, Logger, Metrics, Net, OpenKv, Random, SlotStrategy } from "@ringtide/common";
import type { EngineReader } from "@ringtide/engine";
import type { NodeAddresses } from "./formation.ts";

/** The machine, as one node meets it. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly openKv: OpenKv;
  readonly net: Net;
  readonly compute: Compute;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface ClusterOptions {
  readonly ports: Ports;
  readonly dataDirectory: string;
  readonly logDirectory: string;
  readonly clusterName: string;
  readonly addresses: NodeAddresses;
  readonly bindHost: string;
  readonly seeds: readonly NodeAddresses[];
  /** Keys that must agree on every node, as text. */
  readonly agreement: Readonly<Record<string, string>>;
  readonly internalSecret: string;
  readonly replicas: number;
  readonly groupsPerHeader: number;
  readonly slotStrategy: SlotStrategy;
  readonly precision: "ms" | "us" | "ns";
  readonly autoCreateSchema: boolean;

  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly electionMinMs: number;
  readonly electionMaxMs: number;
  /** A leader whose oldest unsynced append is older steps down. */
  readonly diskStallLimitMs: number;
  /** A leader whose main loop stood still for longer steps down. */
  readonly loopStallLimitMs: number;

  readonly connectTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Longest wait for the next part of a read's answer. */
  readonly readTimeoutMs: number;
  /** With less free space for data or log, inserts are refused. */
  readonly diskLowWaterBytes: number;
  /** With less than this, all commands are. */
  readonly diskReserveBytes: number;
  readonly maxConnections: number;
  readonly maxEntryBytes: number;
  readonly segmentBytes: number;
  readonly memoryEntriesMin: number;
  readonly memoryEntriesMax: number;
  readonly memtableCloseBytes: number;
  readonly memtableLimitBytes: number;
  readonly logCloseBytes: number;
  readonly logRetainBytes: number;
  readonly logRetainEntries: number;
  /** Of one catch-up by snapshot. */
  readonly catchUpTimeoutMs: number;
  /** Of each file of a snapshot that is sent. */
  readonly snapshotBytesPerSecond: number;
  /** A group that did nothing for this long sends no beats of its own any more; 0: groups never become quiet. */
  readonly quiesceAfterMs: number;
  /** Leaders serve strong reads under a lease, which rests on clocks that are wrong by 10 % at most. */
  readonly leaseReads: boolean;
  readonly shutdownGraceMs: number;

  /** Runs a query fragment against a replica; the query package's, handed in by the composition root. */
  readonly runFragment: (fragment: Uint8Array, reader: EngineReader, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** The node cannot go on (disk failed): the process has to end. */
  readonly onFatal: (error: Error) => void;
}
