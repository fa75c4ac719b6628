import { asRingtideError, type Config, type RingtideError } from "@ringtide/common";
import { Node, type NodeOptions } from "@ringtide/server";
import type { Machine, Process } from "../ports/world.ts";

/** What became of a node's process. */
export type NodeState = "off" | "starting" | "runs" | "stopping" | "failed";

/** One node of a simulated cluster: a machine, and the whole server on it. */
export class SimNode {
  readonly name: string;
  readonly machine: Machine;
  readonly config: Config;
  /** The ports of a process as the server gets them: for those who want to look on. */
  portsOf: (process: Process) => NodeOptions["ports"] = (process) => process;
  /** Called when a process has ended, however. */
  onEnded: (() => void) | undefined;
  /** Called when a process serves. */
  onServing: (() => void) | undefined;
  /** Called when a process ends by itself: it could not start, or could not go on. */
  onFailure: ((error: RingtideError) => void) | undefined;
  #state: NodeState = "off";
  #node: Node | undefined;
  #failure: RingtideError | undefined;
  #stop = new AbortController();

  constructor(machine: Machine, config: Config) {
    this.name = machine.name;
    this.machine = machine;
    this.config = config;
  }

  get state(): NodeState {
    return this.#state;
  }

  /** The running server; undefined while it does not serve. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Why the last process ended by itself. */
  get failure(): RingtideError | undefined {
    return this.#failure;
  }

  get isPaused(): boolean {
    return this.machine.process?.owner.isPaused === true;
  }

  /** Starts a process. It serves once `state` is "runs"; it may also fail, and then is "failed". */
  start(): void {
    const process = this.machine.start();
    this.#state = "starting";
    this.#failure = undefined;
    this.#stop = new AbortController();
    const isCurrent = () => this.machine.process === process;
    const fail = (error: unknown) => {
      if (!isCurrent()) return;
      this.#failure = asRingtideError(error);
      process.logger.fatal("the node stops", { code: this.#failure.code, reason: this.#failure.message });
      this.#ended("failed");
      this.machine.kill();
      this.onEnded?.();
      this.onFailure?.(this.#failure);
    };
    const { config } = this;
    Node.start({ config, home: "/", ports: this.portsOf(process), onFatal: fail, signal: this.#stop.signal }).then(
      (node) => {
        if (!isCurrent()) return;
        this.#node = node;
        this.#state = "runs";
        this.onServing?.();
      },
      fail,
    );
  }

  #ended(state: NodeState): void {
    this.#state = state;
    this.#node = undefined;
  }

  /** kill -9. */
  kill(): void {
    this.#ended("off");
    this.machine.kill();
    this.onEnded?.();
  }

  /** The machine's power fails: what was not synced may be gone. */
  losePower(): void {
    this.#ended("off");
    this.machine.losePower();
    this.onEnded?.();
  }

  /** As by SIGTERM; `state` is "off" when it is done. */
  stop(): void {
    const node = this.#node;
    const process = this.machine.process;
    if (node === undefined || process === undefined) throw new Error(`${this.name} does not run: kill it instead`);
    this.#ended("stopping");
    const exit = () => {
      if (this.machine.process === process) this.kill();
    };
    node.close().then(exit, exit);
  }

  pause(): void {
    this.machine.process?.pause();
  }

  resume(): void {
    this.machine.process?.resume();
  }
}
