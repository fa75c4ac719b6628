/** Small segments and memtables: a short test comes by every step of closing files and cutting the log, many times. */
export const SMALL_FILES: Readonly<Record<string, string>> = {
  raft_log_buffer_size: String(1024 * 1024),
  max_raft_log_persist_data_size_per_file: String(1024 * 1024),
  memtable_close_bytes: String(1024 * 1024),
  log_close_bytes: String(2 * 1024 * 1024),
};

/** Logs so short that a node which was away for seconds gets snapshots. */
export const SHORT_LOGS: Readonly<Record<string, string>> = {
  max_persist_raft_log_number_on_disk: "20",
  min_num_of_logs_in_mem: "4",
  max_num_of_logs_in_mem: "8",
};

/** Short elections, for tests that wait for many of them. */
export const SHORT_ELECTIONS: Readonly<Record<string, string>> = {
  heartbeat_interval_ms: "100",
  election_timeout_min_ms: "500",
  election_timeout_max_ms: "1000",
};

/** What the documentation gives for a quiet network and a fast disk. */
export const FAST: Readonly<Record<string, string>> = {
  tick_ms: "20",
  heartbeat_interval_ms: "60",
  election_timeout_min_ms: "300",
  election_timeout_max_ms: "600",
  disk_stall_limit_ms: "1000",
  loop_stall_limit_ms: "1000",
};
