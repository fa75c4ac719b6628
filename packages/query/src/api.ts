import type { Deadline, GroupNumber, PathPattern } from "@ringtide/common";
import type { Statement } from "@ringtide/sql";
import type { ColumnBatch, DataType } from "@ringtide/tsfile";

/** How queries see the cluster. */
export interface QueryCluster {
  /** All groups that can hold devices that match one of the patterns; an exact device → one group. */
  groupsOf(devices: readonly PathPattern[]): readonly GroupNumber[];
  /** Runs a fragment at one replica of the group, chosen by consistency level. Abort or `return()` ends it there too. */
  run(
    group: GroupNumber,
    fragment: Uint8Array,
    options: { readonly deadline: Deadline; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** True when `run` would most likely ask a replica on this node: rows then come as they lie in memory, not as encoded blocks. */
  isLocal?(group: GroupNumber): boolean;
  storageGroups(): readonly string[];
}

export interface QueryOptions {
  /** What `now()` means in this query, in ticks. */
  readonly now: bigint;
  /** At the coordinator, and again at each replica. */
  readonly maxMemoryBytes: number;
  /** Of the query: whatever waits inside takes what is left of it. */
  readonly deadline: Deadline;
  /** Aborted with a RingtideError (QUERY_CANCELLED, QUERY_TIMEOUT), which the query then throws. */
  readonly signal: AbortSignal;
  readonly precision: "ms" | "us" | "ns";
  /** Of the session: cuts windows of calendar months. */
  readonly zone: string;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: DataType;
}

export interface ResultSet {
  readonly columns: readonly ResultColumn[];
  /** False: the batches have no times. */
  readonly hasTime: boolean;
  readonly descending: boolean;
  /**
   * True when the times of a batch strictly ascend (descend); false for SELECT LAST, whose rows are in path order. In ALIGN BY DEVICE times start
   * again with each device, and a batch has rows of one device.
   */
  readonly timesOrdered: boolean;
  readonly operation: "QUERY" | "AGGREGATION" | "GROUPBYTIME" | "GROUP_BY_FILL" | "FILL" | "LAST" | "SHOW";
  /** To be read once, to its end or to `return()`: either frees what the query holds in the cluster. */
  readonly batches: AsyncIterable<ColumnBatch>;
}

/** The statements that are queries. */
export type QueryStatement = Extract<
  Statement,
  {
    kind: "select" | "showStorageGroup" | "showTimeseries" | "showDevices" | "showChildPaths" | "countTimeseries";
  }
>;
