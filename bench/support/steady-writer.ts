import { connect, type Session, tabletFromArrays } from "@ringtide/client";
import { percentile, round } from "./figures.ts";
import { SERIES_NAMES } from "./workload.ts";

const CLIENTS = 4;
/** Of each client, so that every group gets its share. */
const DEVICES = 16;
const STORAGE_GROUP = "root.steady";

/** What users of the cluster met in a span of time. */
export interface Foreground {
  readonly rowsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Users who go on while something else happens: four clients, each with one row of ten values outstanding. */
export class SteadyWriter {
  readonly #sessions: readonly Session[];
  readonly #acknowledged: { readonly atMs: number; readonly latencyMs: number }[] = [];
  readonly #running: Promise<unknown>;
  #goesOn = true;
  #error: unknown;

  private constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
    this.#running = Promise.all(sessions.map((session, client) => this.#write(session, client))).catch(
      (error: unknown) => {
        this.#error = error;
      },
    );
  }

  static async start(addresses: readonly string[]): Promise<SteadyWriter> {
    return new SteadyWriter(await Promise.all(Array.from({ length: CLIENTS }, () => connect({ addresses }))));
  }

  async #write(session: Session, client: number): Promise<void> {
    const columns = SERIES_NAMES.map((name, i) => ({ name, type: "DOUBLE" as const, values: [20 + i / 100] }));
    for (let row = 0; this.#goesOn; row++) {
      const device = `${STORAGE_GROUP}.c${client}_${row % DEVICES}`;
      const startedMs = performance.now();
      await session.insert(tabletFromArrays({ device, times: [row + 1], columns }));
      const atMs = performance.now();
      this.#acknowledged.push({ atMs, latencyMs: atMs - startedMs });
    }
  }

  /** Values acknowledged so far. */
  get points(): number {
    return this.#acknowledged.length * SERIES_NAMES.length;
  }

  /** What was acknowledged in a span of `performance.now()`. */
  between(fromMs: number, toMs: number): Foreground {
    const latencies = this.#acknowledged
      .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
      .map(({ latencyMs }) => latencyMs);
    return {
      rowsPerSecond: Math.round(latencies.length / ((toMs - fromMs) / 1000)),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: round(latencies.reduce((max, each) => Math.max(max, each), 0)),
    };
  }

  /** Ends the writing; rejects when a write failed on the way. */
  async end(): Promise<void> {
    this.#goesOn = false;
    await this.#running;
    await Promise.all(this.#sessions.map((session) => session.close()));
    if (this.#error !== undefined) throw this.#error;
  }

  static readonly storageGroup = STORAGE_GROUP;
}
