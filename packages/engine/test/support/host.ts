import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clock,
  type Disk,
  hasCode,
  type Kv,
  nullLogger,
  type RequestId,
  type RingtideError,
  utf8Bytes,
} from "@ringtide/common";
import { createCompute, createDisk, createMetrics, openLevelKv, systemClock } from "@ringtide/common/node";
import type { ApplyOutcome, Command, FileIdentity, SnapshotManifest } from "../../src/api.ts";
import { encodeCommand } from "../../src/commands.ts";
import { Engine } from "../../src/engine.ts";
import type { EngineOptions } from "../../src/options.ts";

const GROUP = 16;

/** What the engine gets in place of the real disk and store. */
interface HostPorts {
  readonly disk?: Disk;
  readonly wrapKv?: (kv: Kv) => Kv;
}

export interface HostOptions extends HostPorts {
  readonly blockRows?: number;
  readonly maxBatchRows?: number;
  readonly autoCreateSeries?: boolean;
  readonly clock?: Clock;
  readonly onFailure?: (error: RingtideError) => void;
}

/** An entry of the log: a payload, or CLOSE_FILE. Entry i has index i + 1. */
export type LogEntry = Uint8Array | "close";

/** What the host keeps with the checkpoint at an entry. */
export function hostStateAt(index: number): Uint8Array {
  return utf8Bytes(`host at ${index}`);
}

/** An engine with the log that feeds it, in a temporary directory, which can be stopped and started again. */
export class Host {
  readonly log: LogEntry[] = [];
  readonly outcomes: (ApplyOutcome | undefined)[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), "ringtide-engine-"));
  readonly #options: HostOptions;
  #kv: Kv | undefined;
  #engine: Engine | undefined;

  private constructor(options: HostOptions) {
    this.#options = options;
  }

  static async start(options: HostOptions = {}): Promise<Host> {
    const host = new Host(options);
    await host.open();
    return host;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("the engine is not open");
    return this.#engine;
  }

  get filesDirectory(): string {
    return join(this.directory, "files");
  }

  /** Opens the engine on what the directory has, and applies the log after its checkpoint again. */
  async open(ports: HostPorts = this.#options): Promise<void> {
    this.#engine = await Engine.open(await this.#engineOptions(ports));
    for (let at = this.engine.checkpointIndex; at < this.log.length; at++) this.#feed(at);
  }

  async #engineOptions({ disk = createDisk(), wrapKv = (kv) => kv }: HostPorts): Promise<EngineOptions> {
    this.#kv ??= await openLevelKv(join(this.directory, "kv"));
    const { onFailure, clock } = this.#options;
    return {
      group: GROUP,
      directory: this.filesDirectory,
      kv: wrapKv(this.#kv),
      kvPrefix: utf8Bytes(`group/${GROUP}/`),
      disk,
      compute: createCompute({ threads: 1 }),
      clock: clock ?? systemClock,
      logger: nullLogger,
      metrics: createMetrics(),
      slotStrategy: { name: "device-hash", slotCount: 10_000, salt: 2333 },
      autoCreateSeries: this.#options.autoCreateSeries ?? true,
      maxEntryBytes: 16 * 1024 * 1024,
      blockRows: this.#options.blockRows ?? 4096,
      maxBatchRows: this.#options.maxBatchRows ?? 16_384,
      ...(onFailure === undefined ? {} : { onFailure }),
    };
  }

  /** Installs a snapshot; the engine must not be open. */
  async install(directory: string, manifest: SnapshotManifest, ports: HostPorts = this.#options): Promise<void> {
    await Engine.install(await this.#engineOptions(ports), directory, manifest);
  }

  async presentFiles(manifest: SnapshotManifest): Promise<readonly FileIdentity[]> {
    return Engine.presentFiles(await this.#engineOptions({}), manifest);
  }

  /** Takes over the log of another host, as far as it goes, to apply what comes after a snapshot of it. */
  follow(other: Host): void {
    this.log.splice(0, this.log.length, ...other.log);
  }

  #feed(at: number): ApplyOutcome | undefined {
    const entry = this.log[at];
    if (entry instanceof Uint8Array) return this.engine.apply(at + 1, entry);
    this.engine.closeFile(at + 1, hostStateAt(at + 1));
    return undefined;
  }

  /** Appends and applies an entry. */
  append(entry: LogEntry): ApplyOutcome | undefined {
    const outcome = this.#feed(this.log.push(entry) - 1);
    this.outcomes.push(outcome);
    return outcome;
  }

  /**
   * Checks, appends and applies a command. What the check refuses because of the schema is applied all the same, as if the schema had
   * changed in between: it has to be refused then too.
   */
  apply(command: Command, request?: RequestId): ApplyOutcome {
    const payload = encodeCommand(request, command);
    const isRefused = this.#isRefused(payload);
    const outcome = this.append(payload) as ApplyOutcome;
    if (isRefused && outcome.ok) throw new Error("the check refused what was then applied");
    return outcome;
  }

  #isRefused(payload: Uint8Array): boolean {
    try {
      this.engine.check(payload);
      return false;
    } catch (error) {
      if (!hasCode(error, "TYPE_MISMATCH", "VALUE_OUT_OF_RANGE")) throw error;
      return true;
    }
  }

  async closeFile(): Promise<void> {
    this.append("close");
    await this.engine.settled();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.open();
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
    await this.#kv?.close();
    this.#kv = undefined;
  }

  /** Stops and removes the directory. */
  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
