import { connect, type Session, tabletFromArrays } from "@ringtide/client";
import { type BenchName, deviceName, passOf, SERIES_NAMES, type TabletPlan, WORKLOAD, walksOf } from "./workload.ts";

/** Tablets that one connection has under way. */
const IN_FLIGHT = 8;
const POINTS_PER_TABLET = WORKLOAD.rows * WORKLOAD.series;

export interface Walks {
  readonly byDevice: readonly (readonly Float64Array[])[];
}

/** All values of the workload, made before any clock starts. */
export function generate(): Walks {
  return { byDevice: Array.from({ length: WORKLOAD.devices }, (_, device) => walksOf(device)) };
}

/** Sends passes of the workload over several connections and keeps account of what was acknowledged, and when. */
export class Loader {
  readonly #bench: BenchName;
  readonly #walks: Walks;
  readonly #sessions: readonly Session[];
  #points = 0;
  latenciesMs: number[] = [];
  /** Called after each acknowledgement; returning false ends the load. */
  goOn: () => boolean = () => true;

  private constructor(bench: BenchName, walks: Walks, sessions: readonly Session[]) {
    this.#bench = bench;
    this.#walks = walks;
    this.#sessions = sessions;
  }

  static async open(bench: BenchName, walks: Walks, addresses: readonly string[]): Promise<Loader> {
    const order = (i: number) => [
      ...addresses.slice(i % addresses.length),
      ...addresses.slice(0, i % addresses.length),
    ];
    const sessions = Array.from({ length: WORKLOAD.connections }, (_, i) => connect({ addresses: order(i) }));
    return new Loader(bench, walks, await Promise.all(sessions));
  }

  /** Points acknowledged so far. */
  get points(): number {
    return this.#points;
  }

  /** Sends one pass, `pass` × its length later in time than the first. */
  async pass(pass: number): Promise<void> {
    await Promise.all(this.#sessions.map((session, i) => this.#connectionPass(session, i, pass)));
  }

  async #connectionPass(session: Session, connection: number, pass: number): Promise<void> {
    const plans = passOf(connection, this.#sessions.length);
    let next = 0;
    const worker = async () => {
      while (next < plans.length && this.goOn()) await this.#send(session, plans[next++] as TabletPlan, pass);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  async #send(session: Session, plan: TabletPlan, pass: number): Promise<void> {
    const startedMs = performance.now();
    const from = plan.position * WORKLOAD.rows;
    const first = WORKLOAD.startMs + (pass * WORKLOAD.tabletsOfDevice0 * WORKLOAD.rows + from) * WORKLOAD.stepMs;
    const times = new Float64Array(WORKLOAD.rows);
    for (let i = 0; i < times.length; i++) times[i] = first + i * WORKLOAD.stepMs;
    const walks = this.#walks.byDevice[plan.device] ?? [];
    const columns = SERIES_NAMES.map((name, i) => ({
      name,
      type: "DOUBLE" as const,
      values: (walks[i] as Float64Array).subarray(from, from + WORKLOAD.rows),
    }));
    await session.insert(tabletFromArrays({ device: deviceName(this.#bench, plan.device), times, columns }));
    this.#points += POINTS_PER_TABLET;
    this.latenciesMs.push(performance.now() - startedMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
  }
}
