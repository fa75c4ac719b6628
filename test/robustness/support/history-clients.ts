import { connect, type Session } from "@ringtide/client";
import { holdingClock } from "@ringtide/common/node";
import {
  type Consistency,
  HistoryRecorder,
  KeySpace,
  type Operation,
  prepareWorkload,
  runWorkload,
  type SeededRandom,
  type Tally,
} from "@ringtide/testkit";
import { GROUPS, SLOTS } from "./load.ts";

const CLIENTS = 4;
const PREPARE_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;
const THINK_MS = 15;

export interface HistoryOptions {
  readonly addresses: readonly string[];
  readonly consistency: Consistency;
  readonly random: SeededRandom;
}

/** Clients that read, write and delete the same points, and write down what they saw. */
export class HistoryClients {
  readonly #recorder: HistoryRecorder;
  readonly #stop = new AbortController();
  readonly #sessions: readonly Session[];
  readonly #done: Promise<Tally>;

  private constructor(
    recorder: HistoryRecorder,
    sessions: readonly Session[],
    run: (stop: AbortSignal) => Promise<Tally>,
  ) {
    this.#recorder = recorder;
    this.#sessions = sessions;
    this.#done = run(this.#stop.signal);
    // Who waits for `stop` hears of a failure; until then it must not count as unhandled.
    this.#done.catch(() => undefined);
  }

  static async start({ addresses, consistency, random }: HistoryOptions): Promise<HistoryClients> {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => sessionsAt(addresses)));
    const sessions = clients.flat();
    const points = { devicesPerGroup: 2, hotTimes: 3, coldTimes: 300, hotShare: 0.6 };
    const keys = new KeySpace({ groups: GROUPS, slotStrategy: SLOTS, ...points });
    const [first] = sessions;
    if (first === undefined) throw new Error("no client");
    await prepareWorkload(first, keys, holdingClock, PREPARE_MS);
    const startedMs = performance.now();
    const recorder = new HistoryRecorder(() => (performance.now() - startedMs) * 1e6);
    return new HistoryClients(recorder, sessions, (stop) =>
      runWorkload({
        clients,
        keys,
        recorder,
        clock: holdingClock,
        random,
        stop,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        thinkMs: THINK_MS,
        consistency,
      }),
    );
  }

  operations(): Operation[] {
    return this.#recorder.operations();
  }

  /** Ends after the requests under way. */
  async stop(): Promise<Tally> {
    this.#stop.abort();
    const tally = await this.#done;
    await Promise.all(this.#sessions.map((session) => session.close()));
    return tally;
  }
}

/** One session that begins at each of the nodes. */
function sessionsAt(addresses: readonly string[]): Promise<Session[]> {
  return Promise.all(
    addresses.map((_, i) => connect({ addresses: [...addresses.slice(i), ...addresses.slice(0, i)] })),
  );
}
