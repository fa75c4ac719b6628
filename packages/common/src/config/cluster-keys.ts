import { MAX_GROUPS_PER_HEADER } from "../ids.ts";
import { isHost, parseSeed } from "./addresses.ts";
import { ANY_DELAY, boolean, choice, integer, list, PORT, PORT_PAIR, text } from "./key.ts";

/** Keys of conf/ringtide-cluster.properties. */
export const CLUSTER_KEYS = {
  cluster_rpc_ip: text("127.0.0.1", "a host name or IP address", isHost, {
    help: "Address that this node is known by to nodes and clients, and that it binds unless bind_address is set.",
  }),
  internal_meta_port: integer(9003, PORT_PAIR, {
    help: "Port of the meta Raft group; the port after it carries its heartbeats and elections.",
  }),
  internal_data_port: integer(40010, PORT_PAIR, {
    help: "Port of the data Raft groups; the port after it carries their heartbeats and elections.",
  }),
  cluster_rpc_port: integer(55560, PORT, { help: "Port of client sessions." }),
  seed_nodes: list(
    "127.0.0.1:9003:40010:55560,127.0.0.1:9005:40012:55561,127.0.0.1:9007:40014:55562",
    "a comma-separated list of host:meta_port:data_port:client_port",
    parseSeed,
    {
      agree: "form",
      help: "With start-node: the nodes that form the first cluster, the same list on each.",
    },
  ),
  default_replica_num: integer(
    3,
    { min: 1, max: 9 },
    {
      agree: "always",
      help: "Replicas of each slot; 3 and not 2, because with 2 the loss of either replica stops writes, while 3 go on without one.",
    },
  ),
  cluster_name: text("default", "1 to 64 letters, digits, _ - .", (given) => /^[\w.-]{1,64}$/.test(given), {
    agree: "always",
    help: "Nodes with another name are refused.",
  }),
  rpc_compression_enable: boolean(false, {
    agree: "always",
    later: "calls are not compressed yet",
    help: "Compresses calls between nodes: worth it on slow links only, since blocks are encoded already.",
  }),
  max_concurrent_client_num: integer(10000, { min: 1, max: 1_000_000 }, { help: "Most connections of one door." }),
  connection_timeout_ms: integer(20000, ANY_DELAY, {
    unit: "ms",
    help: "Longest wait for a connection to another node.",
  }),
  write_operation_timeout_ms: integer(30000, ANY_DELAY, {
    unit: "ms",
    help: "Longest wait for one write; after it the outcome is unknown.",
  }),
  read_operation_timeout_ms: integer(30000, ANY_DELAY, {
    unit: "ms",
    help: "Longest silence of another node in the middle of a read; after it another replica is asked if there is one. query_timeout_ms bounds the whole.",
  }),
  catch_up_timeout_ms: integer(300000, ANY_DELAY, {
    unit: "ms",
    help: "Longest time that a replica takes to pull one snapshot; after it the pull is given up, and goes on where it was with the next offer.",
  }),
  min_num_of_logs_in_mem: integer(
    1000,
    { min: 0, max: 10_000_000 },
    {
      unit: "entries",
      help: "Committed entries of a group that stay in memory for catch-up when older ones are let go.",
    },
  ),
  max_num_of_logs_in_mem: integer(
    2000,
    { min: 1, max: 10_000_000 },
    { unit: "entries", help: "Committed entries of a group in memory above which older ones are let go." },
  ),
  log_deletion_check_interval_second: integer(
    -1,
    { min: -1, max: 86_400 },
    {
      unit: "s",
      later: "the log is checked after files were closed",
      help: "Time between checks of the two keys above; -1 checks only after files were closed.",
    },
  ),
  enable_auto_create_schema: boolean(true, { help: "An insert creates missing storage groups and series." }),
  consistency_level: choice("mid", ["strong", "mid", "weak"], {
    help: "Reads where a session does not say: strong reads what is committed, at a leader that has just confirmed that it leads, or fails; mid tries that and falls back to local data; weak reads local data.",
  }),
  raft_log_buffer_size: integer(
    16777216,
    { min: 65536, max: 268_435_456 },
    { unit: "bytes", agree: "always", help: "A single log entry above this size is refused with an error." },
  ),
  max_raft_log_persist_data_size_per_file: integer(
    1073741824,
    { min: 1_048_576, max: 4_294_967_295 },
    { unit: "bytes", help: "Size of one segment of the node's log." },
  ),
  max_number_of_persist_raft_log_files: integer(
    5,
    { min: 1, max: 100_000 },
    {
      unit: "segments",
      help: "Segments of the node's log, of max_raft_log_persist_data_size_per_file bytes each, that are kept for replicas that are behind; beyond that they get a snapshot. What is not in files yet, or follows a snapshot that is being sent, is kept in any case.",
    },
  ),
  max_persist_raft_log_number_on_disk: integer(
    1000000,
    { min: 1, max: 1_000_000_000 },
    {
      unit: "entries",
      help: "Entries of a group that are kept for replicas that are behind; beyond that they get a snapshot, as with the key above.",
    },
  ),
  enable_use_persist_log_on_disk_to_catch_up: boolean(true, {
    later: "the log on disk is always used as far as it reaches",
    help: "A replica catches up from the log on disk before it falls back to a snapshot. Always so here: a snapshot moves more bytes.",
  }),
  max_number_of_logs_per_fetch_on_disk: integer(
    1000,
    { min: 1, max: 1_000_000 },
    {
      unit: "entries",
      later: "catch-up reads by bytes",
      help: "Entries read from disk at a time during catch-up. Not in effect yet: 4 MiB are read at a time.",
    },
  ),
  multi_raft_factor: integer(1, { min: 1, max: MAX_GROUPS_PER_HEADER }, { help: "Data groups of one header node." }),
  wait_for_slow_node: boolean(true, {
    later: "followers are never skipped",
    help: "A full queue to a follower makes its dispatcher wait, up to the write time-out, instead of skipping; that follower only, never the quorum.",
  }),
} as const;

/** A key that is read but changes nothing. */
export interface IdleKey {
  readonly defaultText: string;
  /** What does its work here: the text of the warning. */
  readonly instead: string;
  /** A value that contradicts what the node always does, and is refused; the others are then in order, without a warning. */
  readonly refused?: string;
}

/** Keys that configurations of the original have, without a meaning here. */
export const IDLE_KEYS: Readonly<Record<string, IdleKey>> = {
  use_batch_in_catch_up: { defaultText: "true", instead: "catch-up always sends entries in batches" },
  is_use_async_applier: {
    defaultText: "true",
    instead: "each group applies its entries in log order beside replication",
  },
  is_enable_raft_log_persistence: {
    defaultText: "true",
    refused: "false",
    instead: "the log is always on disk: an acknowledged write survives the loss of power",
  },
  flush_raft_log_threshold: {
    defaultText: "10000",
    instead: "an acknowledged write is never unsynced; one sync commits all that is queued",
  },
  max_raft_log_index_size_in_memory: {
    defaultText: "10000",
    instead: "the index of the log is bounded by the segments that are kept",
  },
};
