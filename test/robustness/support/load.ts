import { connect, type Session, tabletFromArrays } from "@ringtide/client";
import { slotOf } from "@ringtide/common";
import { eventually } from "../../support/cluster.ts";

export interface LoadOptions {
  readonly addresses: readonly string[];
  readonly writers?: number;
  /** Rows of one tablet. */
  readonly rows?: number;
  /** Bytes of text in a row, which fill segments and files. */
  readonly textBytes?: number;
  /** Least time from one tablet to the next. */
  readonly paceMs?: number;
  /** Longest wait for the answer to one attempt; the client's own when left out. */
  readonly requestTimeoutMs?: number;
  /** Of the devices. */
  readonly storageGroup?: string;
}

/** After a write that failed. */
const FAILURE_PAUSE_MS = 50;
const STOP_MS = 90_000;

/** The value of a row follows from its time. */
export function valueAt(time: number): number {
  return time * 3 + 0.5;
}

/** Text that does not compress away, the same for the same time. */
export function textAt(time: number, bytes: number): string {
  let state = (time * 2654435761) >>> 0 || 1;
  let text = "";
  while (text.length < bytes) {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    text += state.toString(36);
  }
  return text.slice(0, bytes);
}

/** Times from `first` to `last`, both written and acknowledged. */
interface Range {
  readonly first: number;
  last: number;
}

/** One client: tablets of a device of its own, one after the other. What was acknowledged is remembered. */
export class LoadWriter {
  readonly device: string;
  readonly textBytes: number;
  /** Acknowledged times; what lies between has an unknown outcome. */
  readonly acknowledged: Range[] = [];
  /** Codes of the writes that failed for good, with how many. */
  readonly failures = new Map<string, number>();
  /** When the last tablet that was acknowledged had been sent, ms of performance.now(). */
  acknowledgedSentMs = Number.NEGATIVE_INFINITY;
  readonly #options: LoadOptions;
  readonly #session: Session;
  readonly #done: Promise<void>;
  #next = 1;
  #isRunning = true;
  #lastMs = performance.now();
  #longestPauseMs = 0;

  constructor(session: Session, device: string, options: LoadOptions) {
    this.#session = session;
    this.#options = options;
    this.device = device;
    this.textBytes = options.textBytes ?? 0;
    this.#done = this.#run();
  }

  get acknowledgedRows(): number {
    return this.acknowledged.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** Of the rows that were sent, acknowledged or not. */
  get lastTime(): number {
    return this.#next - 1;
  }

  /** Acknowledged times from `from` on and before `to`. */
  *acknowledgedTimes(from: number, to: number): Generator<number> {
    for (const { first, last } of this.acknowledged)
      for (let time = Math.max(first, from); time <= last && time < to; time++) yield time;
  }

  async #run(): Promise<void> {
    const { rows = 20, paceMs = 0 } = this.#options;
    while (this.#isRunning) {
      const first = this.#next;
      this.#next += rows;
      const sentMs = performance.now();
      try {
        await this.#session.insert(this.#tablet(first, rows));
        this.#acknowledge(first, rows, sentMs);
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
        this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
        await pause(FAILURE_PAUSE_MS);
      }
      const leftMs = sentMs + paceMs - performance.now();
      if (leftMs > 0) await pause(leftMs);
    }
  }

  #tablet(first: number, rows: number) {
    const times = Array.from({ length: rows }, (_, i) => first + i);
    const columns = [{ name: "v", type: "DOUBLE" as const, values: times.map(valueAt) }];
    const texts = { name: "pad", type: "TEXT" as const, values: times.map((time) => textAt(time, this.textBytes)) };
    return tabletFromArrays({
      device: this.device,
      times,
      columns: this.textBytes > 0 ? [...columns, texts] : columns,
    });
  }

  #acknowledge(first: number, rows: number, sentMs: number): void {
    const before = this.acknowledged.at(-1);
    if (before !== undefined && before.last === first - 1) before.last += rows;
    else this.acknowledged.push({ first, last: first + rows - 1 });
    const nowMs = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.acknowledgedSentMs = sentMs;
  }

  /** Longest time between two acknowledgements since the last call, the one that lasts included. */
  takePauseMs(): number {
    const pauseMs = Math.max(this.#longestPauseMs, performance.now() - this.#lastMs);
    this.#longestPauseMs = 0;
    return pauseMs;
  }

  /** Stops after the tablet under way. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
    await this.#session.close();
  }
}

/** As the configuration has it by default. */
export const SLOTS = { name: "device-hash", slotCount: 10_000, salt: 2333 } as const;
/** Data groups of a cluster of three. */
export const GROUPS = 3;

/** Names of devices that are dealt out to the groups in turn: none is without a writer. */
function deviceNames(storageGroup: string, count: number): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    const name = `${storageGroup}.w${i}`;
    if (Math.floor((slotOf(name, SLOTS) * GROUPS) / SLOTS.slotCount) === names.length % GROUPS) names.push(name);
  }
  return names;
}

/** Several writers. */
export class Load {
  readonly writers: readonly LoadWriter[];

  private constructor(writers: readonly LoadWriter[]) {
    this.writers = writers;
  }

  static async start(options: LoadOptions): Promise<Load> {
    const { writers = 4, storageGroup = "root.load", addresses, requestTimeoutMs } = options;
    const timeout = requestTimeoutMs === undefined ? {} : { requestTimeoutMs };
    const started: LoadWriter[] = [];
    for (const [i, device] of deviceNames(storageGroup, writers).entries()) {
      // Each begins at another node: some write through a node that does not lead.
      const turned = addresses.map((_, k) => addresses[(i + k) % addresses.length] ?? "");
      started.push(new LoadWriter(await connect({ addresses: turned, ...timeout }), device, options));
    }
    return new Load(started);
  }

  get acknowledgedRows(): number {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledgedRows, 0);
  }

  get failures(): Readonly<Record<string, number>> {
    const all: Record<string, number> = {};
    for (const { failures } of this.writers) for (const [code, count] of failures) all[code] = (all[code] ?? 0) + count;
    return all;
  }

  /** Longest pause of each writer since the last call. */
  takePausesMs(): number[] {
    return this.writers.map((writer) => writer.takePauseMs());
  }

  /** Waits until each writer has the acknowledgement of a tablet that it sent after the call. */
  async goesOn(after: string, timeoutMs = STOP_MS): Promise<void> {
    const sinceMs = performance.now();
    await eventually(`every writer goes on after ${after}`, timeoutMs, () =>
      Promise.resolve(this.writers.every((writer) => writer.acknowledgedSentMs > sinceMs)),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.writers.map((writer) => writer.stop()));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
