import { asRingtideError, type Clock, hasCode, type Random, RingtideError, randomBelow, sleep } from "@ringtide/common";
import type { NodeLink } from "./node-link.ts";
import type { NodePool } from "./node-pool.ts";

const FIRST_DELAY_MS = 10;
const MAX_DELAY_MS = 500;

export interface RetryPolicy {
  readonly pool: NodePool;
  readonly clock: Clock;
  readonly random: Random;
  readonly retryTimeoutMs: number;
  /** The caller stops waiting. */
  readonly signal: AbortSignal | undefined;
  /** The session was closed meanwhile: no further attempt. */
  readonly closed: () => boolean;
}

export interface Attempts<T> {
  /** Which node to ask first; asked again before each attempt. */
  readonly preferred: () => string | undefined;
  /** One attempt; `retry` says that the request may have been sent before. */
  readonly attempt: (link: NodeLink, retry: boolean) => Promise<T>;
  readonly failed?: (link: NodeLink) => void;
  /** A lost answer leaves open whether it took effect. False for what only reads. */
  readonly hasEffect: boolean;
}

/** Errors about the request itself (numbers below 3000) are what applying it gives: they answer for the attempts before too. */
function isJudgement(error: RingtideError): boolean {
  return error.spec.number < 3000;
}

/**
 * Tries until an answer comes that is none to try again, on other nodes where one fails. After `retryTimeoutMs` it fails: with
 * OUTCOME_UNKNOWN if the request may have taken effect in one of the attempts, else with the last error.
 */
export async function withRetries<T>(policy: RetryPolicy, work: Attempts<T>): Promise<T> {
  const { pool, clock } = policy;
  const untilMs = clock.monotonicMs() + policy.retryTimeoutMs;
  let sent = false;
  let unknown: RingtideError | undefined;
  let failedLast: NodeLink | undefined;
  for (let tries = 0; ; tries++) {
    policy.signal?.throwIfAborted();
    const link = pool.pick(work.preferred(), failedLast);
    try {
      return await attemptOn(link, work, sent);
    } catch (thrown) {
      if (policy.signal?.aborted) throw thrown;
      const error = asRingtideError(thrown);
      settle(pool, link, error);
      work.failed?.(link);
      if (!mayRetry(error)) throw unknown !== undefined && !isJudgement(error) ? outcomeUnknown(unknown, error) : error;
      sent = true;
      failedLast = error.code === "SESSION_UNKNOWN" ? undefined : link;
      if (work.hasEffect && !error.spec.outcomeKnown) unknown = error;
      const delayMs = backOffMs(policy.random, tries);
      if (policy.closed() || clock.monotonicMs() + delayMs >= untilMs)
        throw unknown === undefined ? error : outcomeUnknown(unknown, error);
      await sleep(clock, delayMs, policy.signal);
    }
  }
}

async function attemptOn<T>(link: NodeLink, work: Attempts<T>, sent: boolean): Promise<T> {
  try {
    await link.open();
  } catch (thrown) {
    // Opening a session writes nothing: whatever became of it, the request itself was not sent.
    const error = asRingtideError(thrown);
    if (!hasCode(error, "NET_TIMEOUT", "NET_CLOSED")) throw error;
    throw new RingtideError("NET_UNREACHABLE", `${link.address}: ${error.message}`);
  }
  return await work.attempt(link, sent);
}

function settle(pool: NodePool, link: NodeLink, error: RingtideError): void {
  if (error.code === "SESSION_UNKNOWN") link.forgetSession();
  if (hasCode(error, "NET_UNREACHABLE", "NET_CLOSED", "NET_TIMEOUT", "TOO_MANY_CONNECTIONS", "SHUTTING_DOWN"))
    pool.down(link);
}

function mayRetry(error: RingtideError): boolean {
  return error.spec.retryable || error.code === "SESSION_UNKNOWN";
}

/** Doubles from try to try; half of it at random, so that clients do not come back all at once. */
function backOffMs(random: Random, tries: number): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(tries, 16), MAX_DELAY_MS);
  return delayMs / 2 + randomBelow(random, delayMs / 2 + 1);
}

function outcomeUnknown(first: RingtideError, last: RingtideError): RingtideError {
  return new RingtideError(
    "OUTCOME_UNKNOWN",
    `it may or may not have taken effect: an answer was lost (${first.message}), and asking again failed (${last.message})`,
    { details: { lastCode: last.code } },
  );
}
