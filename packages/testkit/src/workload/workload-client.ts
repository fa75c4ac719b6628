import { type Clock, RingtideError, sleep } from "@ringtide/common";
import type { HistoryRecorder, PendingOperation } from "../history/recorder.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { withDeadline } from "./deadline.ts";
import { type KeySpace, keyText } from "./key-space.ts";
import { type Consistency, deletePoint, readPoint, type WorkloadSession, writePoint, writePoints } from "./points.ts";
import type { Counts } from "./tally.ts";

/** Shares of the operations; what is left reads. */
export interface WorkloadMix {
  readonly writes: number;
  readonly deletes: number;
  /** FLUSH statements: all groups write files. They are no operations of the history. */
  readonly flushes: number;
  /** Devices come and go that no history knows: what a node keeps of them comes and goes with them. */
  readonly passing: number;
  /** Share of the writes that are tablets of a few points. */
  readonly tablets: number;
}

export interface WorkloadClientOptions {
  readonly client: number;
  /** One is picked for each operation. */
  readonly sessions: readonly WorkloadSession[];
  readonly keys: KeySpace;
  readonly recorder: HistoryRecorder;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly mix: WorkloadMix;
  readonly consistency: Consistency;
  readonly requestTimeoutMs: number;
  /** Pauses between operations are up to twice as long. */
  readonly thinkMs: number;
  /** While it says so, operations follow each other closely, on hot points. */
  readonly eager: () => boolean;
  /** The next value; each is given once. */
  readonly nextValue: () => number;
  readonly counts: Counts;
  readonly stop: AbortSignal;
}

const MAX_TABLET_POINTS = 4;
const EAGER_THINK_MS = 100;
const PASSING_DEVICES = 4;

/** One client: an operation, a pause, until `stop` is aborted. */
export class WorkloadClient {
  readonly #options: WorkloadClientOptions;
  readonly #hotKeys: KeySpace;

  constructor(options: WorkloadClientOptions) {
    this.#options = options;
    this.#hotKeys = options.keys.hot();
  }

  get #keys(): KeySpace {
    return this.#options.eager() ? this.#hotKeys : this.#options.keys;
  }

  /** Rejects only when the history is full, an answer makes no sense, or an error has no code. */
  async run(): Promise<void> {
    const { clock, random, thinkMs, eager, stop } = this.#options;
    while (!stop.aborted) {
      await this.#operate();
      const meanMs = eager() ? Math.min(thinkMs, EAGER_THINK_MS) : thinkMs;
      await sleep(clock, random.between(0, 2 * meanMs), stop).catch(() => undefined);
    }
  }

  #operate(): Promise<void> {
    const { random, mix, sessions } = this.#options;
    const session = random.pick(sessions);
    const { writes, deletes, flushes, passing, tablets } = mix;
    const drawn = random.unit();
    if (drawn < writes) return random.chance(tablets) ? this.#writeTablet(session) : this.#write(session);
    if (drawn < writes + deletes) return this.#delete(session);
    if (drawn < writes + deletes + flushes) return this.#besides(session, "FLUSH");
    return drawn < writes + deletes + flushes + passing ? this.#pass(session) : this.#read(session);
  }

  #write(session: WorkloadSession): Promise<void> {
    const { client, recorder, random, nextValue } = this.#options;
    const key = this.#keys.pick(random);
    const value = nextValue();
    const pending = recorder.begin(client, "write", keyText(key), value);
    return this.#change([pending], (signal) => writePoint(session, key, value, signal));
  }

  #writeTablet(session: WorkloadSession): Promise<void> {
    const { client, recorder, random, nextValue } = this.#options;
    const points = this.#keys.pickOfDevice(random, 2 + random.below(MAX_TABLET_POINTS - 1));
    const values = points.map(nextValue);
    const pending = points.map((key, i) => recorder.begin(client, "write", keyText(key), values[i] ?? null));
    return this.#change(pending, (signal) => writePoints(session, points, values, signal));
  }

  /**
   * A DELETE is a write in every data group, each of which takes effect or not by itself: an error of one says nothing of the one that has the
   * point, whatever its code.
   */
  #delete(session: WorkloadSession): Promise<void> {
    const { client, recorder, random } = this.#options;
    const key = this.#keys.pick(random);
    const pending = recorder.begin(client, "delete", keyText(key), null);
    return this.#request(
      (signal) => deletePoint(session, key, signal),
      () => pending.done(),
      () => pending.unknown(),
    );
  }

  #change(pending: readonly PendingOperation[], run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    return this.#request(
      run,
      () => {
        for (const each of pending) each.done();
      },
      (error) => {
        for (const each of pending) {
          if (error.spec.outcomeKnown) each.failed();
          else each.unknown();
        }
      },
    );
  }

  /** A read without an answer says nothing; a series that does not exist has no point. */
  #read(session: WorkloadSession): Promise<void> {
    const { client, recorder, random, consistency } = this.#options;
    const key = this.#keys.pick(random);
    const pending = recorder.begin(client, "read", keyText(key), null);
    return this.#request(
      (signal) => readPoint(session, key, consistency, signal),
      (value) => pending.done(value),
      (error) => (error.code === "PATH_NOT_FOUND" ? pending.done(null) : pending.unknown()),
    );
  }

  #pass(session: WorkloadSession): Promise<void> {
    const { random, keys } = this.#options;
    const device = `${keys.storageGroup}.passing${random.below(PASSING_DEVICES)}`;
    const series = `${device}.${keys.measurement}`;
    return this.#besides(
      session,
      random.chance(0.5)
        ? `INSERT INTO ${device}(time, ${keys.measurement}) VALUES (1, 1)`
        : `DELETE TIMESERIES ${series}`,
    );
  }

  /** A statement that is no operation of the history. */
  #besides(session: WorkloadSession, sql: string): Promise<void> {
    return this.#request(
      (signal) => session.execute(sql, { signal }),
      () => undefined,
      () => undefined,
    );
  }

  async #request<T>(
    run: (signal: AbortSignal) => Promise<T>,
    answered: (value: T) => void,
    failed: (error: RingtideError) => void,
  ): Promise<void> {
    const { clock, requestTimeoutMs, counts } = this.#options;
    counts.request();
    let isLate = false;
    const outcome = await withDeadline(clock, requestTimeoutMs, (signal) => {
      signal.addEventListener("abort", () => {
        isLate = true;
      });
      return run(signal);
    }).then(
      (value) => ({ value }),
      (error: unknown) => {
        if (error instanceof RingtideError) return { error };
        throw error;
      },
    );
    if ("value" in outcome) {
      counts.answer();
      answered(outcome.value);
      return;
    }
    if (isLate) counts.timeout();
    else counts.error(outcome.error.code);
    failed(outcome.error);
  }
}
