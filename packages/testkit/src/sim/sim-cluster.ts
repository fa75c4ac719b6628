import { type ConnectOptions, connect, type Session } from "@ringtide/client";
import type { Config } from "@ringtide/common";
import { createDigest } from "@ringtide/tsfile";
import { type MachineOptions, type Process, World, type WorldOptions } from "../ports/world.ts";
import { clientAddress, SMALL_SIZES, simConfig } from "./sim-config.ts";
import { SimNode } from "./sim-node.ts";

export interface SimClusterOptions extends WorldOptions {
  readonly seed: number;
  readonly nodes?: number;
  /** Keys of the configuration, as on the command line of each node. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Changes behind the checks of the configuration; SMALL_SIZES when left out. */
  readonly changes?: Partial<Config>;
  /** Disk and clock of the machine of node `position` (from 0). */
  readonly machine?: (position: number) => MachineOptions;
}

/** Virtual time that forming a cluster may take. */
const FORMATION_LIMIT_MS = 60_000;

/** A client program on a machine of its own. */
export interface SimClient {
  readonly process: Process;
  readonly session: Session;
}

/** A cluster of whole nodes, and their clients, in one simulated world. */
export class SimCluster {
  readonly world: World;
  readonly nodes: readonly SimNode[];
  #clients = 0;

  constructor(options: SimClusterOptions) {
    this.world = new World(options.seed, options);
    const hosts = Array.from({ length: options.nodes ?? 3 }, (_, i) => `node${i + 1}`);
    this.nodes = hosts.map((host, position) => {
      const machine = this.world.addMachine(host, options.machine?.(position));
      return new SimNode(machine, simConfig(host, hosts, options.flags, options.changes ?? SMALL_SIZES));
    });
  }

  node(position: number): SimNode {
    const node = this.nodes[position];
    if (node === undefined) throw new Error(`there is no node ${position}`);
    return node;
  }

  /** Starts all nodes, and runs until each of them serves. */
  async form(): Promise<void> {
    await createDigest(); // loads in real time what would do so in the middle of the run
    for (const node of this.nodes) node.start();
    await this.runUntil(
      () => this.nodes.every((node) => node.state === "runs"),
      FORMATION_LIMIT_MS,
      "the cluster forms",
    );
  }

  run(forMs: number): Promise<void> {
    return this.world.scheduler.run(this.world.nowMs + forMs);
  }

  /** Runs until the condition holds; fails when it does not within `limitMs`. */
  async runUntil(holds: () => boolean, limitMs: number, what: string): Promise<void> {
    if (await this.world.scheduler.runUntil(holds, this.world.nowMs + limitMs)) return;
    const states = this.nodes.map(
      (node) => `${node.name} ${node.state}${node.failure ? `: ${node.failure.message}` : ""}`,
    );
    throw new Error(`not within ${limitMs} ms of virtual time: ${what} (${states.join(", ")})`);
  }

  /** Runs until `work` has settled, and gives its result. */
  runFor<T>(work: Promise<T>, limitMs: number): Promise<T> {
    return this.world.scheduler.runFor(work, this.world.nowMs + limitMs);
  }

  /** A process on a machine of its own, for a client. */
  addClientProcess(): Process {
    return this.world.addMachine(`client${++this.#clients}`).start();
  }

  /** Opens a session; to be awaited by `runFor`, or inside of the run. */
  async connect(options: Partial<ConnectOptions> = {}, process = this.addClientProcess()): Promise<SimClient> {
    const { net, clock, random } = process;
    const addresses = this.nodes.map((node) => clientAddress(node.name));
    const session = await connect({ addresses, net, clock, random, clientName: process.owner.name, ...options });
    return { process, session };
  }
}
