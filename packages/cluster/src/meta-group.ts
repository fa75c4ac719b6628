import type { Clock, Kv, Logger } from "@ringtide/common";
import { asRingtideError, META_GROUP } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import type { Entry } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import type { FormationRecord } from "./formation.ts";
import { readParts, writeParts } from "./kv-parts.ts";
import { MetaState } from "./meta-state.ts";
import type { RaftGroup } from "./raft-group.ts";

const SNAPSHOT_NAME = "meta/state";
/** A checkpoint is written after this many entries, or this long after a change: the log before it may then be cut. */
const CHECKPOINT_ENTRIES = 256;
const CHECKPOINT_INTERVAL_MS = 30_000;

/** The meta state with its durable checkpoint. */
export class MetaStore {
  readonly state: MetaState;
  readonly #kv: Kv;
  readonly #logger: Logger;
  #checkpointIndex: number;
  #saving: Promise<void> | undefined;

  /** Parts of the checkpoint in the store. */
  #parts: number;

  private constructor(kv: Kv, state: MetaState, parts: number, logger: Logger) {
    this.#kv = kv;
    this.#parts = parts;
    this.state = state;
    this.#logger = logger;
    this.#checkpointIndex = state.appliedIndex;
  }

  static async open(kv: Kv, formation: FormationRecord, logger: Logger): Promise<MetaStore> {
    const saved = await readParts(kv, SNAPSHOT_NAME);
    return new MetaStore(kv, new MetaState(formation, saved?.value), saved?.count ?? 0, logger);
  }

  get checkpointIndex(): number {
    return this.#checkpointIndex;
  }

  apply(entry: Entry): ApplyOutcome {
    const outcome = this.state.apply(entry);
    if (entry.index - this.#checkpointIndex >= CHECKPOINT_ENTRIES) this.checkpoint();
    return outcome;
  }

  /** Writes the state in the background, unless that is under way or nothing has changed. */
  checkpoint(): void {
    if (this.#saving !== undefined || this.state.appliedIndex === this.#checkpointIndex) return;
    this.#saving = this.#save();
  }

  async #save(): Promise<void> {
    const index = this.state.appliedIndex;
    try {
      this.#parts = await writeParts(this.#kv, SNAPSHOT_NAME, this.state.encode(), this.#parts);
      this.#checkpointIndex = index;
    } catch (error) {
      const known = asRingtideError(error);
      this.#logger.error("could not write the meta checkpoint; it is tried again later", {
        code: known.code,
        reason: known.message,
      });
    } finally {
      this.#saving = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#saving;
  }
}

/** Cuts the meta group's log behind its checkpoint, as far as every member has it. */
export class MetaLogCutter {
  readonly #store: MetaStore;
  readonly #raft: RaftGroup;
  readonly #log: RaftLog;
  readonly #clock: Clock;
  #nextMs = 0;
  #nextCheckpointMs = 0;
  #cutBelow = 0;

  constructor(store: MetaStore, raft: RaftGroup, log: RaftLog, clock: Clock) {
    this.#store = store;
    this.#raft = raft;
    this.#log = log;
    this.#clock = clock;
  }

  tick(): void {
    if (this.#clock.monotonicMs() < this.#nextMs) return;
    this.#nextMs = this.#clock.monotonicMs() + 1000;
    if (this.#clock.monotonicMs() >= this.#nextCheckpointMs) {
      this.#nextCheckpointMs = this.#clock.monotonicMs() + CHECKPOINT_INTERVAL_MS;
      this.#store.checkpoint();
    }
    const below = Math.min(this.#store.checkpointIndex, this.#raft.status().allMatch) + 1;
    if (below <= Math.max(this.#cutBelow, 1)) return;
    this.#cutBelow = below;
    this.#log.cut(META_GROUP, below).then(
      () => this.#raft.logCut(below),
      (error: unknown) => this.#raft.stop(asRingtideError(error)),
    );
  }
}
