import type { SeededRandom } from "../../random/seeded-random.ts";
import type { Owner } from "../owner.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Pipe } from "./pipe.ts";
import type { SessionEnd } from "./session-end.ts";
import type { SimListener } from "./sim-listener.ts";

export interface NetworkOptions {
  /** Latency of a message is uniform in [minMs, maxMs), and sometimes up to `tailMs` more. */
  readonly minMs?: number;
  readonly maxMs?: number;
  readonly tailMs?: number;
  readonly tailChance?: number;
  readonly bytesPerMs?: number;
}

/** Losses of single messages on streams of methods for which that is legal. */
export interface MessageFaults {
  readonly methods: readonly string[];
  readonly dropChance: number;
  readonly duplicateChance: number;
  /** A message is held back for up to `reorderMs`, and others overtake it. */
  readonly reorderChance: number;
  readonly reorderMs: number;
}

const FIRST_EPHEMERAL_PORT = 32768;
const LOOPBACK_MS = 0.02;

/** One machine on the network. */
interface Host {
  isUp: boolean;
  nextPort: number;
  readonly listeners: Map<number, SimListener>;
}

/** The wires between all machines of a world, and what goes wrong on them. */
export class Network {
  readonly owner: Owner;
  readonly random: SeededRandom;
  readonly scheduler: Scheduler;
  readonly bytesPerMs: number;
  messageFaults: MessageFaults | undefined;
  readonly #latency: Required<Omit<NetworkOptions, "bytesPerMs">>;
  readonly #hosts = new Map<string, Host>();
  readonly #cuts = new Set<string>();
  readonly #delays = new Map<string, number>();
  readonly #ends = new Set<SessionEnd>();
  readonly #blocked = new Set<Pipe>();

  constructor(scheduler: Scheduler, random: SeededRandom, options: NetworkOptions = {}) {
    this.scheduler = scheduler;
    this.owner = scheduler.owner("net");
    this.random = random;
    this.bytesPerMs = options.bytesPerMs ?? 125_000;
    this.#latency = {
      minMs: options.minMs ?? 0.1,
      maxMs: options.maxMs ?? 0.6,
      tailMs: options.tailMs ?? 10,
      tailChance: options.tailChance ?? 0.01,
    };
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  addHost(name: string): void {
    if (!this.#hosts.has(name))
      this.#hosts.set(name, { isUp: true, nextPort: FIRST_EPHEMERAL_PORT, listeners: new Map() });
  }

  hasHost(name: string): boolean {
    return this.#hosts.has(name);
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`the network has no host ${name}`);
    return host;
  }

  isUp(host: string): boolean {
    return this.#hosts.get(host)?.isUp ?? false;
  }

  /** A machine without power answers nothing at all. */
  setUp(host: string, isUp: boolean): void {
    this.host(host).isUp = isUp;
  }

  freePort(host: string): number {
    const { listeners } = this.host(host);
    for (;;) {
      const port = this.host(host).nextPort++;
      if (!listeners.has(port)) return port;
    }
  }

  latencyMs(from: string, to: string): number {
    const { minMs, maxMs, tailMs, tailChance } = this.#latency;
    if (from === to) return LOOPBACK_MS;
    const { random } = this;
    let latencyMs = random.between(minMs, maxMs);
    if (random.chance(tailChance)) latencyMs += random.unit() * tailMs;
    return this.#delays.size === 0 ? latencyMs : latencyMs + (this.#delays.get(`${from}>${to}`) ?? 0);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`);
  }

  /** From now on nothing of what `from` sends reaches `to`; the other direction stays as it is. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  cutBoth(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  /** Cuts all ways between the one group of machines and the other. */
  partition(these: readonly string[], those: readonly string[]): void {
    for (const a of these) for (const b of those) this.cutBoth(a, b);
  }

  heal(from: string, to: string): void {
    if (this.#cuts.delete(`${from}>${to}`)) this.#retry();
  }

  /** All ways are open and as quick as usual, and no message is lost. */
  healAll(): void {
    this.#cuts.clear();
    this.#delays.clear();
    this.messageFaults = undefined;
    this.#retry();
  }

  /** A pipe has something to deliver and the way is cut: it is told when that ends. */
  blocked(pipe: Pipe): void {
    this.#blocked.add(pipe);
  }

  #retry(): void {
    for (const pipe of this.#blocked) {
      if (this.isCut(pipe.from, pipe.to)) continue;
      this.#blocked.delete(pipe);
      pipe.retry();
    }
  }

  /** What `from` sends to `to` takes this much longer; 0 ends it. */
  delay(from: string, to: string, extraMs: number): void {
    if (extraMs === 0) this.#delays.delete(`${from}>${to}`);
    else this.#delays.set(`${from}>${to}`, extraMs);
  }

  /** Breaks all connections between two machines; new ones are possible at once. */
  reset(a: string, b: string): void {
    for (const end of [...this.#ends]) {
      const { from, to } = end.out;
      if ((from === a && to === b) || (from === b && to === a)) end.breakSoon("the connection was reset");
    }
  }

  opened(end: SessionEnd): void {
    this.#ends.add(end);
  }

  closed(end: SessionEnd): void {
    this.#ends.delete(end);
  }

  /** Ends of open connections: two for each that both sides know of. */
  get openEnds(): number {
    return this.#ends.size;
  }
}
