/** Transport constants, in one place. */

/** HTTP/2 window of a connection and of each of its streams: what one side may send unasked. 64 KiB (the default) stalls a fast link. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

/** Calls that one connection may have open. */
export const MAX_CALLS_PER_CONNECTION = 1024;

/** A stream's `write` answers false from here on, and `drained` waits for half of it. */
export const HIGH_WATER_BYTES = 1024 * 1024;

/** A peer that vanished without a word is noticed after at most the sum of both. */
export const KEEPALIVE_INTERVAL_MS = 5000;
export const KEEPALIVE_TIMEOUT_MS = 5000;

/** Reconnects are tried this often, so that a restarted peer is reached within a second. */
export const RECONNECT_FIRST_MS = 50;
export const RECONNECT_MAX_MS = 500;

/** A connection has this long to show the HTTP/2 preface. */
export const PREFACE_TIMEOUT_MS = 10_000;

/** Connections above the limit that are told TOO_MANY_CONNECTIONS; those beyond are closed without a word. */
export const MAX_REFUSED_CONNECTIONS = 16;

/** How long a connection that was told to go may take. */
export const GOODBYE_MS = 1000;

/** After a caller ended its side of a stream, the handler may still answer for this long. */
export const END_GRACE_MS = 50;
