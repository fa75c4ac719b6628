/** What a row of the error table says of a code. */
export interface ErrorSpec {
  /** Stable number, never reused. */
  readonly number: number;
  /** Status code that an IoTDB client sees for it (reference: TSStatusCode). */
  readonly iotdb: number;
  /** The same call may succeed later or elsewhere. */
  readonly retryable: boolean;
  /** False: the call may or may not have taken effect. */
  readonly outcomeKnown: boolean;
  /** What it means and what to do, for the manual. */
  readonly help: string;
}

const spec = (
  number: number,
  iotdb: number,
  help: string,
  flags: { retryable?: true; outcomeUnknown?: true } = {},
): ErrorSpec => ({
  number,
  iotdb,
  retryable: flags.retryable === true,
  outcomeKnown: flags.outcomeUnknown !== true,
  help,
});

/** Every error that a user or operator can meet. Numbers: 1xxx input, 2xxx schema and data, 3xxx cluster, 4xxx network, 5xxx disk, 6xxx node. */
export const ERRORS = {
  SQL_SYNTAX: spec(
    1001,
    401,
    "The statement is not valid SQL; the message points at the place and says what was expected.",
  ),
  SQL_SEMANTIC: spec(
    1002,
    401,
    "The statement parses but cannot mean anything: wrong function, type or combination of clauses.",
  ),
  UNSUPPORTED: spec(1003, 703, "Known to the language, not built in this version."),
  VALUE_OUT_OF_RANGE: spec(1004, 400, "A number does not fit its type."),
  TIME_OUT_OF_RANGE: spec(1005, 400, "A timestamp does not fit in signed 64 bits of the cluster's precision."),
  TABLET_SHAPE: spec(1006, 400, "Columns of a tablet have different lengths, or counts disagree."),
  TABLET_TOO_LARGE: spec(1007, 413, "One write is larger than raft_log_buffer_size. Send smaller tablets."),
  BLOCK_MALFORMED: spec(1008, 400, "Bytes that should be a column block are not one, or lie about their content."),
  FRAME_MALFORMED: spec(1009, 400, "A message on a port cannot be decoded. The connection is closed and counted."),
  CONFIG_UNKNOWN_KEY: spec(1010, 400, "A configuration key does not exist. See docs/configuration.md."),
  CONFIG_INVALID_VALUE: spec(1011, 400, "A configuration value has the wrong type or is out of its range."),
  CONFIG_CONFLICT: spec(1012, 400, "Configuration values contradict each other, or this node's address."),
  PATH_INVALID: spec(1013, 315, "A path is malformed."),
  SEQUENCE_INVALID: spec(1014, 400, "A client sent request numbers out of their order or outside of its window."),

  PATH_NOT_FOUND: spec(2001, 304, "No series of that name."),
  STORAGE_GROUP_NOT_FOUND: spec(2002, 322, "No storage group of that name, and automatic creation is off."),
  STORAGE_GROUP_EXISTS: spec(2003, 300, "The storage group exists, or lies above or below an existing one."),
  SERIES_EXISTS: spec(2004, 300, "The series exists."),
  TYPE_MISMATCH: spec(2005, 400, "A value's type is not the type of its series."),
  QUERY_TOO_LARGE: spec(2006, 411, "The query needs more memory than one query may use. Narrow it or use LIMIT."),
  QUERY_CANCELLED: spec(2007, 411, "The query was cancelled."),
  QUERY_TIMEOUT: spec(2008, 701, "The query took longer than its time-out."),

  NOT_LEADER: spec(3001, 702, "This replica does not lead the group; the error names the leader if known.", {
    retryable: true,
  }),
  NO_LEADER: spec(3002, 702, "The group has no leader at the moment.", { retryable: true }),
  OUTCOME_UNKNOWN: spec(
    3003,
    701,
    "The write may or may not have taken effect: the answer was lost or came too late.",
    { outcomeUnknown: true },
  ),
  OVERLOADED: spec(3004, 413, "A queue is full. Slow down and try again.", { retryable: true }),
  WRITE_TIMEOUT: spec(3005, 701, "The write was not committed in time; it may still be.", {
    outcomeUnknown: true,
    retryable: true,
  }),
  CLUSTER_MISMATCH: spec(3006, 700, "The other side belongs to another cluster (cluster UUID or name differ)."),
  NODE_MISMATCH: spec(
    3007,
    700,
    "The node at that address is not the member it should be: its data directory was wiped or exchanged. Restore that directory.",
  ),
  CONFIG_MISMATCH: spec(3008, 700, "A key that must agree on all nodes differs; the message names it and both values."),
  ALREADY_FORMED: spec(
    3009,
    700,
    "An empty node met a formed cluster, which it cannot join by forming. Restore its data directory; adding nodes comes in a later version.",
  ),
  NOT_FORMED: spec(3010, 700, "The cluster has not formed yet: seeds are missing.", { retryable: true }),
  GROUP_STOPPED: spec(
    3011,
    500,
    "The group stopped on this node because applying an entry failed, or its log is damaged. See the node's log; other nodes may go on.",
    { retryable: true },
  ),
  CONSISTENCY_UNAVAILABLE: spec(
    3012,
    703,
    "No leader could confirm that it leads, within the time of the query: a majority of the group is down or cut off. Try again, or read at mid or weak. Or: there is no such level.",
  ),
  SLOT_NOT_OWNED: spec(3013, 700, "The group does not own the slot of this device: fetch the partition table again.", {
    retryable: true,
  }),
  LEADERSHIP_LOST: spec(
    3014,
    701,
    "The leader changed while the write was under way; it may or may not have taken effect. Repeat it in its session.",
    {
      retryable: true,
      outcomeUnknown: true,
    },
  ),
  NOT_A_VOTER: spec(3015, 700, "That node is no voter of the group, so it cannot lead it. Choose one that is."),
  CONFIG_CHANGE_PENDING: spec(
    3016,
    700,
    "The members of the group are being changed, or its leader has only just begun to lead. Try again once that is committed.",
    { retryable: true },
  ),

  NET_UNREACHABLE: spec(4001, 706, "The peer cannot be reached.", { retryable: true }),
  NET_TIMEOUT: spec(4002, 701, "The peer did not answer in time.", { retryable: true, outcomeUnknown: true }),
  NET_CLOSED: spec(4003, 706, "The connection ended before the answer.", { retryable: true, outcomeUnknown: true }),
  ADDRESS_IN_USE: spec(4004, 500, "Another program listens on that port. Stop it or choose another port."),
  TOO_MANY_CONNECTIONS: spec(4005, 413, "The door has max_concurrent_client_num connections.", { retryable: true }),
  UNAUTHENTICATED: spec(4006, 600, "The caller is not who it says, or did not say."),
  HOST_UNRESOLVED: spec(4007, 706, "A host name does not resolve."),

  DISK_NOT_FOUND: spec(5001, 313, "A file is missing."),
  DISK_EXISTS: spec(5002, 313, "A file exists that should not."),
  DISK_FULL: spec(
    5003,
    413,
    "A disk is full, or has less room than disk_low_water_bytes (inserts are refused) or disk_reserve_bytes (all writes are); the message names the node. Make room: it goes on by itself.",
  ),
  DISK_IO: spec(5004, 313, "The disk failed. The node stops: replace the disk."),
  DISK_CORRUPT: spec(5005, 313, "Bytes on disk fail their checksum; the message names file and offset."),
  DATA_DIR_IN_USE: spec(5006, 500, "Another node uses this data directory."),
  DATA_DIR_FOREIGN: spec(5007, 500, "The data directory belongs to another cluster or node."),
  FORMAT_UNKNOWN: spec(5008, 313, "A file or record has a format version or kind that this version does not know."),
  NO_CHECKPOINT: spec(
    5009,
    500,
    "A snapshot was asked for of a replica that has closed no file yet. Close one (FLUSH), then ask again.",
    { retryable: true },
  ),

  SESSION_UNKNOWN: spec(6001, 601, "No such session on this node: it was closed, timed out, or never opened here."),
  STATEMENT_UNKNOWN: spec(6002, 414, "No running statement of that id."),
  SHUTTING_DOWN: spec(6003, 500, "The node is stopping.", { retryable: true }),
  INTERNAL: spec(6004, 500, "An invariant of the program does not hold. Please report it with the node's log.", {
    outcomeUnknown: true,
  }),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class of the project: a stable code, and a message that says what, where and what to do. */
export class RingtideError extends Error {
  readonly code: ErrorCode;
  /** Facts for programs: leader hints, offsets, positions. JSON-serialisable. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RingtideError";
    this.code = code;
    this.details = options.details ?? {};
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code];
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** True for a RingtideError with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is RingtideError {
  return error instanceof RingtideError && codes.includes(error.code);
}

/** Any thrown thing as a RingtideError; what is not one yet becomes INTERNAL. */
export function asRingtideError(error: unknown): RingtideError {
  if (error instanceof RingtideError) return error;
  return new RingtideError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}

/** Details of an error as JSON; bigints become texts, and what cannot be JSON at all says so. */
export function detailsJson(error: RingtideError): string {
  try {
    return JSON.stringify(error.details, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  } catch (problem) {
    return JSON.stringify({ unserialisable: String(problem) });
  }
}

/** Reads what `detailsJson` wrote; anything that is no JSON object is kept as a text under `unreadable`. */
export function parseDetails(json: string): Readonly<Record<string, unknown>> {
  if (json === "") return {};
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === "object" && parsed !== null) return { ...parsed };
  } catch {
    // falls through: not JSON
  }
  return { unreadable: json };
}

/** An invariant that must hold, in production too. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new RingtideError("INTERNAL", `assertion failed: ${message}`);
}
