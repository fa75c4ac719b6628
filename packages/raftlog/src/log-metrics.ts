import type { Metrics } from "@ringtide/common";

const SYNC_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type LogMetrics = ReturnType<typeof logMetrics>;

/** The log's metrics. */
export function logMetrics(metrics: Metrics) {
  return {
    commits: metrics.counter({ name: "ringtide_raftlog_commits_total", help: "Batches written and synced" }),
    written: metrics.counter({ name: "ringtide_raftlog_written_bytes", help: "Bytes written to the log" }),
    commitSeconds: metrics.histogram({
      name: "ringtide_raftlog_commit_seconds",
      help: "Time of one write and fdatasync of the log",
      buckets: SYNC_BUCKETS,
    }),
    sizeBytes: metrics.gauge({ name: "ringtide_raftlog_size_bytes", help: "Size of the log's segments" }),
  };
}
