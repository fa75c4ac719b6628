import { isHost, parseAdvertised } from "./addresses.ts";
import { ANY_DELAY, ANY_SIZE, boolean, choice, integer, list, PORT, special, text } from "./key.ts";

const MIB = 1_048_576;
const GIB = 1024 * MIB;
const PERCENT = { min: 1, max: 98 } as const;
const ANY_DELAY_OR_NEVER = { min: 0, max: ANY_DELAY.max } as const;
const SIZE_FROM_1_MIB = { min: MIB, max: Number.MAX_SAFE_INTEGER } as const;

const optionalHost = (given: string): boolean => given === "" || isHost(given);

function isTimeZone(given: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: given });
    return true;
  } catch {
    return false;
  }
}

const FILES = {
  data_dirs: list("data", "a comma-separated list of directories", (item) => (item === "" ? undefined : item), {
    help: "Directories of the data files, relative to the start directory; a file lives in one of them. The first also has the node's identity, schema and manifest.",
  }),
  log_dir: text("", "a directory, or nothing", () => true, {
    help: "Directory of the node's Raft log; empty: `log` in the first data directory. A disk of its own makes writes steadier.",
  }),
  timestamp_precision: choice("ms", ["ms", "us", "ns"], {
    agree: "always",
    help: "Unit of every timestamp; fixed when the cluster forms.",
  }),
  partition_interval: integer(
    604800,
    { min: 1, max: 3_155_760_000 },
    {
      unit: "s",
      agree: "always",
      help: "Span of a time partition. Nodes check that they agree on it; it changes nothing else yet, because files are divided by it only once they are compacted.",
    },
  ),
  default_ttl: integer(
    -1,
    { min: -1, max: Number.MAX_SAFE_INTEGER },
    {
      unit: "ms",
      later: "rows do not expire yet",
      help: "Age above which rows of a new storage group expire; -1: never.",
    },
  ),
  disk_low_water_bytes: integer(GIB, ANY_SIZE, {
    unit: "bytes",
    help: "With less free space than this for data or log, a node refuses inserts and hands leadership to nodes with more; reads, deletes and flushes go on.",
  }),
  disk_reserve_bytes: integer(256 * MIB, ANY_SIZE, {
    unit: "bytes",
    help: "With less free space than this for data or log, a node takes no writes at all any more: what is left is for flushes, elections and membership. Reads go on.",
  }),
} as const;

const MEMORY = {
  memory_budget_bytes: integer(
    GIB,
    { min: 64 * MIB, max: Number.MAX_SAFE_INTEGER },
    {
      unit: "bytes",
      help: "Memory for data: memtables, caches and queries share it. The program itself needs about 200 MiB besides.",
    },
  ),
  memtable_memory_percent: integer(50, PERCENT, { unit: "%", help: "Share of the budget for rows not yet in files." }),
  cache_memory_percent: integer(20, PERCENT, {
    unit: "%",
    later: "there are no caches yet that would need it",
    help: "Share of the budget for schema, last values and file indexes. Not in effect yet.",
  }),
  query_memory_percent: integer(30, PERCENT, {
    unit: "%",
    help: "Share of the budget for all running queries. In effect as the upper bound of query_memory_bytes only.",
  }),
  memtable_close_bytes: integer(64 * MIB, SIZE_FROM_1_MIB, {
    unit: "bytes",
    help: "A memtable of this size is closed and flushed into a file.",
  }),
  log_close_bytes: integer(512 * MIB, SIZE_FROM_1_MIB, {
    unit: "bytes",
    help: "Memtables are closed once the log has grown by this much since the last close, so that it can be cut and a restart stays short.",
  }),
  query_memory_bytes: integer(64 * MIB, SIZE_FROM_1_MIB, {
    unit: "bytes",
    help: "Memory of one query; one that needs more fails with QUERY_TOO_LARGE.",
  }),
} as const;

const DOORS = {
  bind_address: text("", "a host name or IP address, or nothing", optionalHost, {
    help: "Address that the ports are opened on; empty: cluster_rpc_ip. 0.0.0.0 opens them on every interface.",
  }),
  advertised_addresses: special(
    "",
    "addresses",
    "door=host:port, comma-separated, of the doors meta, data, client, iotdb, http, or nothing",
    parseAdvertised,
    {
      later: "nodes advertise what they bind",
      help: "Addresses that others reach this node at where they differ from what it binds (address translation).",
    },
  ),
  rpc_address: text("", "a host name or IP address, or nothing", optionalHost, {
    reserved: "the IoTDB door comes later",
    help: "Address of the IoTDB door; empty: bind_address. The door comes in a later version; until then it stays closed.",
  }),
  rpc_port: integer(6667, PORT, {
    reserved: "the IoTDB door comes later",
    help: "Port of the IoTDB door, which comes in a later version; until then it stays closed.",
  }),
  http_port: integer(18080, PORT, {
    reserved: "the HTTP door comes later",
    help: "Port of the HTTP door, which comes in a later version; until then it stays closed.",
  }),
  insert_window_requests: integer(
    64,
    { min: 1, max: 65_536 },
    { unit: "requests", help: "Inserts that a session may have under way at a time." },
  ),
  insert_window_bytes: integer(32 * MIB, SIZE_FROM_1_MIB, {
    unit: "bytes",
    help: "Bytes of inserts that a session may have under way at a time.",
  }),
  session_timeout_ms: integer(600000, ANY_DELAY, {
    unit: "ms",
    help: "A session without a call for this long is closed.",
  }),
  query_timeout_ms: integer(60000, ANY_DELAY, {
    unit: "ms",
    help: "A query that takes longer is cancelled: the one deadline of everything that it waits for.",
  }),
  max_query_concurrency: integer(16, { min: 1, max: 10_000 }, { help: "Queries that run at a time; others wait." }),
  time_zone: text("UTC", "a name of the IANA time zone database, or an offset such as +08:00", isTimeZone, {
    help: "Time zone of date literals without one, where a session does not say.",
  }),
  internal_secret: text("", "any text, or nothing", () => true, {
    help: "Secret that calls between nodes have to carry; empty: none is asked for. Set it wherever others reach the internal ports.",
  }),
} as const;

const PACE = {
  tick_ms: integer(50, { min: 1, max: 10_000 }, { unit: "ms", help: "Length of one tick of the Raft groups." }),
  heartbeat_interval_ms: integer(150, { min: 1, max: 60_000 }, { unit: "ms", help: "Time between a leader's beats." }),
  election_timeout_min_ms: integer(1000, ANY_DELAY, {
    unit: "ms",
    help: "Least silence of the leader before a follower calls an election.",
  }),
  election_timeout_max_ms: integer(2000, ANY_DELAY, {
    unit: "ms",
    help: "Greatest such silence; each election draws between the two.",
  }),
  disk_stall_limit_ms: integer(3000, ANY_DELAY, {
    unit: "ms",
    help: "A leader whose oldest pending sync is older steps down: its disk hangs although it still beats. Well above what a busy disk takes, or leadership moves for nothing.",
  }),
  loop_stall_limit_ms: integer(4000, ANY_DELAY, {
    unit: "ms",
    help: "A leader whose main loop has not turned for longer steps down: twice the longest silence after which the others elect another.",
  }),
  quiesce_after_ms: integer(5000, ANY_DELAY_OR_NEVER, {
    unit: "ms",
    help: "A group that did nothing for this long falls quiet: it costs nothing until it is used again, and its node's beats stand for it. 0: never.",
  }),
  lease_reads: boolean(false, {
    agree: "always",
    help: "Strong reads are served without asking the other replicas while the leader holds a lease. Rests on clocks: none of the cluster may run more than 10 % too fast or too slow, or a read may be stale.",
  }),
  snapshot_bytes_per_second: integer(64 * MIB, SIZE_FROM_1_MIB, {
    unit: "bytes/s",
    help: "Pace at which a file of a snapshot is sent to a replica that catches up, so that it leaves disk and network to the others.",
  }),
  formation_timeout_ms: integer(
    0,
    { min: 0, max: ANY_DELAY.max },
    {
      unit: "ms",
      help: "A starting node that has waited for the other seeds for this long gives up; 0: it waits for as long as it takes.",
    },
  ),
  shutdown_grace_ms: integer(10000, ANY_DELAY, {
    unit: "ms",
    help: "Time that running calls get to finish when the node stops.",
  }),
  log_level: choice("info", ["debug", "info", "warn", "error"], {
    help: "Least level of the lines in the node's log.",
  }),
} as const;

const SLOTS = {
  slot_count: integer(
    10000,
    { min: 1, max: 65_536 },
    { agree: "always", help: "Slots that the devices are spread over." },
  ),
  slot_salt: integer(2333, { min: 0, max: 4_294_967_295 }, { agree: "always", help: "Seed of the slot hash." }),
  slot_strategy: choice("device-hash", ["device-hash"], {
    agree: "always",
    help: "What decides on the slot of a row: the hash of its device.",
  }),
} as const;

/** Keys of conf/ringtide-engine.properties. */
export const ENGINE_KEYS = { ...FILES, ...MEMORY, ...DOORS, ...PACE, ...SLOTS } as const;
