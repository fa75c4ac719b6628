import { connect, type Session, tabletFromArrays } from "@ringtide/client";
import { RingtideError } from "@ringtide/common";
import { HistoryRecorder, type Operation, SeededRandom } from "@ringtide/testkit";
import { pause } from "./load.ts";

export type Consistency = "strong" | "mid" | "weak";

export interface HistoryOptions {
  readonly addresses: readonly string[];
  readonly consistency: Consistency;
  readonly clients?: number;
  readonly seed: number;
}

/** Enough for every group to hold some. */
const DEVICES = 6;
const TIMES = 2;
/** After this long clients go on to other points: a history of one point stays short enough to be searched. */
const EPOCH_MS = 15_000;
const PACE_MS = 15;
const READ_TIMEOUT_MS = 5000;
const WRITES = 0.45;
const DELETES = 0.03;

/** Clients that read, write and delete the same few points, each value once, and write down what they saw. */
export class HistoryClients {
  readonly #recorder: HistoryRecorder;
  readonly #startedMs = performance.now();
  readonly #consistency: Consistency;
  readonly #sessions: Session[] = [];
  #done: Promise<unknown> = Promise.resolve();
  #isRunning = true;
  #nextValue = 1;
  /** Codes of what failed, with how many. */
  readonly failures = new Map<string, number>();

  private constructor(consistency: Consistency) {
    this.#consistency = consistency;
    this.#recorder = new HistoryRecorder(() => (performance.now() - this.#startedMs) * 1e6);
  }

  static async start({ addresses, consistency, clients = 5, seed }: HistoryOptions): Promise<HistoryClients> {
    const history = new HistoryClients(consistency);
    const random = new SeededRandom(seed);
    for (let i = 0; i < clients; i++) {
      const turned = addresses.map((_, k) => addresses[(i + k) % addresses.length] ?? "");
      history.#sessions.push(await connect({ addresses: turned }));
    }
    history.#done = Promise.all(history.#sessions.map((session, i) => history.#run(session, i, random.fork())));
    return history;
  }

  operations(): Operation[] {
    return this.#recorder.operations();
  }

  /** Ends after the operations under way. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  async #run(session: Session, client: number, random: SeededRandom): Promise<void> {
    while (this.#isRunning) {
      const device = `root.h.d${random.below(DEVICES)}`;
      const epoch = Math.floor((performance.now() - this.#startedMs) / EPOCH_MS);
      const time = 1000 + epoch * TIMES + random.below(TIMES);
      const dice = random.unit();
      if (dice < WRITES) await this.#write(session, client, device, time);
      else if (dice < WRITES + DELETES) await this.#delete(session, client, device, time);
      else await this.#read(session, client, device, time);
      await pause(random.between(0, PACE_MS * 2));
    }
  }

  async #write(session: Session, client: number, device: string, time: number): Promise<void> {
    const value = this.#nextValue++;
    const pending = this.#recorder.begin(client, "write", `${device}.v@${time}`, value);
    try {
      const columns = [{ name: "v", type: "DOUBLE" as const, values: [value] }];
      await session.insert(tabletFromArrays({ device, times: [time], columns }));
      pending.done();
    } catch (error) {
      if (this.#count(error)) pending.failed();
      else pending.unknown();
    }
  }

  async #delete(session: Session, client: number, device: string, time: number): Promise<void> {
    const pending = this.#recorder.begin(client, "delete", `${device}.v@${time}`, null);
    try {
      await session.execute(`DELETE FROM ${device}.v WHERE time = ${time}`);
      pending.done();
    } catch (error) {
      // Where there is no such series yet there is nothing to delete, and the statement fails without effect.
      if (this.#count(error)) pending.failed();
      else pending.unknown();
    }
  }

  async #read(session: Session, client: number, device: string, time: number): Promise<void> {
    const pending = this.#recorder.begin(client, "read", `${device}.v@${time}`, null);
    try {
      const result = await session.execute(`SELECT v FROM ${device} WHERE time = ${time}`, {
        consistency: this.#consistency,
        timeoutMs: READ_TIMEOUT_MS,
      });
      const [row] = await result.toArray();
      const value = row?.values[0];
      pending.done(typeof value === "number" ? value : null);
    } catch (error) {
      this.#count(error);
      pending.unknown();
    }
  }

  /** True when it certainly had no effect. */
  #count(error: unknown): boolean {
    if (!(error instanceof RingtideError)) throw error;
    this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
    return error.spec.outcomeKnown;
  }
}

/** Whether this version serves the level at all. */
export async function serves(addresses: readonly string[], consistency: Consistency): Promise<boolean> {
  const session = await connect({ addresses });
  try {
    const columns = [{ name: "v", type: "DOUBLE" as const, values: [1] }];
    await session.insert(tabletFromArrays({ device: "root.probe.d", times: [1], columns }));
    await (await session.execute("SELECT v FROM root.probe.d", { consistency })).toArray();
    return true;
  } catch (error) {
    if (error instanceof RingtideError && error.code === "CONSISTENCY_UNAVAILABLE") return false;
    throw error;
  } finally {
    await session.close();
  }
}
