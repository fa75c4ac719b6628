import { asRingtideError, assert, type Clock, sleep } from "@ringtide/common";
import type { HistoryRecorder } from "../history/recorder.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { withDeadline } from "./deadline.ts";
import type { KeySpace } from "./key-space.ts";
import { type Consistency, createSeries, type WorkloadSession } from "./points.ts";
import { Counts, type Tally } from "./tally.ts";
import { WorkloadClient, type WorkloadClientOptions, type WorkloadMix } from "./workload-client.ts";

export interface WorkloadOptions {
  /** By client: its sessions, for example one a node. Three clients or more: all of them share all points. */
  readonly clients: readonly (readonly WorkloadSession[])[];
  /** Clients that only read hot points, one session each, and wait for no answer long: at nodes that are cut off others soon hang. */
  readonly readers?: {
    readonly sessions: readonly WorkloadSession[];
    readonly timeoutMs: number;
    readonly thinkMs: number;
  };
  readonly keys: KeySpace;
  readonly recorder: HistoryRecorder;
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Aborted: clients end after the request that is under way. */
  readonly stop: AbortSignal;
  /** Each request is answered by then, or counts as timed out. */
  readonly requestTimeoutMs: number;
  /** Pause between a client's operations, on average. */
  readonly thinkMs: number;
  /** Of the reads; "strong" when left out: the only level whose history has to be linearizable. */
  readonly consistency?: Consistency;
  readonly mix?: WorkloadMix;
  /** While it says so, operations follow each other closely, on hot points; never when left out. */
  readonly eager?: () => boolean;
}

const DEFAULT_MIX: WorkloadMix = { writes: 0.4, deletes: 0.1, flushes: 0.005, passing: 0, tablets: 0.3 };
const READS: WorkloadMix = { writes: 0, deletes: 0, flushes: 0, passing: 0, tablets: 0 };
const SETUP_PAUSE_MS = 200;

/**
 * Makes the series of the points. Do it before the workload and without faults: what happens to the schema is no operation of the history. Tries
 * until `timeoutMs`, then rejects with the last error.
 */
export async function prepareWorkload(
  session: WorkloadSession,
  keys: KeySpace,
  clock: Clock,
  timeoutMs: number,
): Promise<void> {
  const untilMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(1, untilMs - clock.monotonicMs());
    try {
      await withDeadline(clock, leftMs, (signal) => createSeries(session, keys, signal));
      return;
    } catch (error) {
      if (!asRingtideError(error).spec.retryable || clock.monotonicMs() + SETUP_PAUSE_MS >= untilMs) throw error;
      await sleep(clock, SETUP_PAUSE_MS);
    }
  }
}

/**
 * Runs all clients until `stop` is aborted and their last requests have ended. What they saw is in the recorder. Rejects, once all have ended, when
 * one of them cannot go on (see WorkloadClient.run).
 */
export async function runWorkload(options: WorkloadOptions): Promise<Tally> {
  const { clients, random, consistency = "strong", mix = DEFAULT_MIX, eager = () => false } = options;
  assert(clients.length >= 3, "at least three clients share each point");
  const counts = new Counts();
  const broken = new AbortController();
  const stop = AbortSignal.any([options.stop, broken.signal]);
  let lastValue = 0;
  const nextValue = (): number => ++lastValue;
  const run = async (own: Partial<WorkloadClientOptions> & Pick<WorkloadClientOptions, "client" | "sessions">) => {
    try {
      const shared = { ...options, eager, random: random.fork(), stop, consistency, mix, nextValue, counts };
      await new WorkloadClient({ ...shared, ...own }).run();
    } catch (error) {
      broken.abort();
      throw error;
    }
  };
  const running = clients.map((sessions, client) => run({ client, sessions }));
  const { readers } = options;
  for (const [i, session] of readers?.sessions.entries() ?? [])
    running.push(
      run({
        client: clients.length + i,
        sessions: [session],
        keys: options.keys.hot(),
        mix: READS,
        requestTimeoutMs: readers?.timeoutMs ?? options.requestTimeoutMs,
        thinkMs: readers?.thinkMs ?? options.thinkMs,
      }),
    );
  for (const result of await Promise.allSettled(running)) if (result.status === "rejected") throw result.reason;
  return counts.tally();
}
