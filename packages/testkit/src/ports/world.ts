import { SeededRandom } from "../random/seeded-random.ts";
import { DiskStore, type DiskStoreOptions } from "./disk/disk-store.ts";
import { SimDisk } from "./disk/sim-disk.ts";
import { openSimKv } from "./kv/sim-kv.ts";
import { Network, type NetworkOptions } from "./net/network.ts";
import { type EndOfProcess, SimNet } from "./net/sim-net.ts";
import type { Owner } from "./owner.ts";
import { Scheduler } from "./scheduler.ts";
import { SimClock } from "./sim-clock.ts";
import { simCompute, type TaskModule } from "./sim-compute.ts";
import { LogBook, type LogLevel } from "./sim-logger.ts";
import { SimMetrics } from "./sim-metrics.ts";

export interface WorldOptions {
  readonly network?: NetworkOptions;
  readonly log?: { readonly level?: LogLevel; readonly capacity?: number };
  /** Modules with tasks for Compute, by URL. */
  readonly taskModules?: ReadonlyMap<string, TaskModule>;
}

export interface MachineOptions {
  readonly disk?: DiskStoreOptions;
  /** Milliseconds of the machine's monotonic clock in one of virtual time. */
  readonly clockRate?: number;
  /** How far its wall clock is off. */
  readonly wallOffsetMs?: number;
}

/** All that one seed decides: time, the network, and the machines. */
export class World {
  readonly scheduler = new Scheduler();
  readonly random: SeededRandom;
  readonly network: Network;
  readonly logs: LogBook;
  readonly taskModules: ReadonlyMap<string, TaskModule>;
  readonly #machines = new Map<string, Machine>();

  constructor(seed: number, options: WorldOptions = {}) {
    this.random = new SeededRandom(seed);
    this.network = new Network(this.scheduler, this.random.fork(), options.network);
    this.logs = new LogBook(() => this.scheduler.nowMs, options.log);
    this.taskModules = options.taskModules ?? new Map();
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** Adds a machine; its name is its host name. */
  addMachine(name: string, options: MachineOptions = {}): Machine {
    if (this.#machines.has(name)) throw new Error(`there is a machine ${name} already`);
    const machine = new Machine(this, name, options);
    this.#machines.set(name, machine);
    return machine;
  }

  get machines(): readonly Machine[] {
    return [...this.#machines.values()];
  }
}

/** One machine: its disk outlives the process that runs on it. */
export class Machine {
  readonly name: string;
  readonly disk: DiskStore;
  readonly #world: World;
  #clockRate: number;
  #wallOffsetMs: number;
  #process: Process | undefined;

  constructor(world: World, name: string, options: MachineOptions) {
    this.#world = world;
    this.name = name;
    this.disk = new DiskStore(world.scheduler, world.random.fork(), options.disk);
    this.#clockRate = options.clockRate ?? 1;
    this.#wallOffsetMs = options.wallOffsetMs ?? 0;
    world.network.addHost(name);
  }

  /** The process that runs, if any. */
  get process(): Process | undefined {
    return this.#process;
  }

  /** Starts a process with ports of its own; powers the machine on where it is off. */
  start(): Process {
    if (this.#process !== undefined) throw new Error(`a process runs on ${this.name} already`);
    this.#world.network.setUp(this.name, true);
    const clock = { rate: this.#clockRate, wallOffsetMs: this.#wallOffsetMs };
    this.#process = new Process(this.#world, this, clock);
    return this.#process;
  }

  /** kill -9: what the process wrote stays, synced or not; its peers get resets. */
  kill(): void {
    if (this.#end("reset")) this.disk.processEnded();
  }

  /** Power off: what was not synced may be gone; peers hear nothing. Off until `start`. */
  losePower(): void {
    this.#end("silent");
    this.disk.losePower();
    this.#world.network.setUp(this.name, false);
  }

  #end(how: EndOfProcess): boolean {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return false;
    process.owner.end();
    process.net.processEnded(how);
    this.disk.device.processEnds(process.owner);
    return true;
  }

  setClockRate(rate: number): void {
    this.#clockRate = rate;
    this.#process?.clock.setRate(rate);
  }

  /** The wall clock jumps, forward or back. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
    this.#process?.clock.jumpWall(byMs);
  }
}

/** A running process and its ports (those of a node: `ClusterOptions.ports`). */
export class Process {
  readonly owner: Owner;
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly disk: SimDisk;
  readonly openKv: ReturnType<typeof openSimKv>;
  readonly net: SimNet;
  readonly compute: ReturnType<typeof simCompute>;
  readonly logger: ReturnType<LogBook["logger"]>;
  readonly metrics = new SimMetrics();

  constructor(world: World, machine: Machine, clock: { readonly rate: number; readonly wallOffsetMs: number }) {
    const { scheduler, network } = world;
    this.owner = scheduler.owner(machine.name);
    this.random = world.random.fork();
    this.clock = new SimClock(scheduler, this.owner, { ...clock, offsetMs: this.random.unit() * 1000 });
    this.disk = new SimDisk(scheduler, this.owner, machine.disk);
    this.openKv = openSimKv(scheduler, this.owner, machine.disk);
    this.net = new SimNet(network, this.owner, this.clock, machine.name);
    this.compute = simCompute(this.owner, world.taskModules);
    this.logger = world.logs.logger(machine.name);
  }

  /** As by SIGSTOP. */
  pause(): void {
    this.owner.pause();
  }

  resume(): void {
    this.owner.resume();
  }
}
