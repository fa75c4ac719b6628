import type { Clock, Disk, Kv, Logger } from "@ringtide/common";
import { asRingtideError, hexText, META_GROUP, RingtideError } from "@ringtide/common";
import type { ApplyOutcome, SnapshotManifest } from "@ringtide/engine";
import { type Configuration, decodeConfiguration, type Entry, EntryKind } from "@ringtide/raft";
import type { RaftLog } from "@ringtide/raftlog";
import { createDigest } from "@ringtide/tsfile";
import type { StateMachine } from "./applier.ts";
import type { FormationRecord } from "./formation.ts";
import { decodeGroupState, encodeGroupState, type GroupState } from "./group-state.ts";
import { readParts, writeParts } from "./kv-parts.ts";
import { firstIndexToKeep, type LogRetention } from "./log-retention.ts";
import { MetaState } from "./meta-state.ts";
import type { RaftGroup } from "./raft-group.ts";

const SNAPSHOT_NAME = "meta/state";
const SNAPSHOT_FILE = "state";
/** A checkpoint is written after this many entries, or this long after a change: the log before it may then be cut. */
const CHECKPOINT_ENTRIES = 256;
const CHECKPOINT_INTERVAL_MS = 30_000;

/** The meta state with its durable checkpoint. */
export class MetaStore implements StateMachine {
  readonly state: MetaState;
  readonly #kv: Kv;
  readonly #disk: Disk;
  readonly #logger: Logger;
  /** Of the last applied entry; the formation's members before the first. */
  #configuration: Configuration;
  #term: number | undefined;
  /** Of the checkpoint; undefined before the first one. */
  #checkpoint: { readonly index: number; readonly groupState: GroupState | undefined };
  #saving: Promise<void> | undefined;
  /** Parts of the checkpoint in the store. */
  #parts: number;

  private constructor(kv: Kv, disk: Disk, state: MetaState, parts: number, logger: Logger) {
    const groupState = decodeGroupState(state.groupState, "meta checkpoint");
    this.#kv = kv;
    this.#disk = disk;
    this.#parts = parts;
    this.state = state;
    this.#logger = logger;
    this.#checkpoint = { index: state.appliedIndex, groupState };
    this.#configuration = groupState?.configuration ?? initialConfiguration(state);
    this.#term = groupState?.term;
  }

  static async open(kv: Kv, disk: Disk, formation: FormationRecord, logger: Logger): Promise<MetaStore> {
    const saved = await readParts(kv, SNAPSHOT_NAME);
    return new MetaStore(kv, disk, new MetaState(formation, saved?.value), saved?.count ?? 0, logger);
  }

  get checkpointIndex(): number {
    return this.#checkpoint.index;
  }

  get checkpointState(): GroupState | undefined {
    return this.#checkpoint.groupState;
  }

  /** Where the state in memory stands: entries after `index` are to be applied. No term where the checkpoint that it comes from has none. */
  get applied(): { readonly index: number; readonly term: number | undefined; readonly configuration: Configuration } {
    return { index: this.state.appliedIndex, term: this.#term, configuration: this.#configuration };
  }

  get #groupState(): GroupState {
    return { term: this.#term ?? 0, configuration: this.#configuration };
  }

  apply(entry: Entry): ApplyOutcome {
    if (entry.kind === EntryKind.CONFIG_CHANGE) this.#configuration = decodeConfiguration(entry.payload);
    const outcome = this.state.apply(entry);
    this.#term = entry.term;
    if (entry.index - this.#checkpoint.index >= CHECKPOINT_ENTRIES) this.checkpoint();
    return outcome;
  }

  /** Writes the state in the background, unless that is under way or nothing has changed. */
  checkpoint(): void {
    if (this.#saving !== undefined || this.state.appliedIndex === this.#checkpoint.index) return;
    this.#saving = this.#save();
  }

  async #save(): Promise<void> {
    const index = this.state.appliedIndex;
    const groupState = this.#groupState;
    try {
      const encoded = this.state.encode(encodeGroupState(groupState));
      this.#parts = await writeParts(this.#kv, SNAPSHOT_NAME, encoded, this.#parts);
      this.#checkpoint = { index, groupState };
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

  /** The state as of now, as one file in `directory`. */
  async exportSnapshot(directory: string): Promise<SnapshotManifest> {
    const groupState = encodeGroupState(this.#groupState);
    const index = this.state.appliedIndex;
    const state = this.state.encode(groupState);
    await this.#disk.replaceFile(`${directory}/${SNAPSHOT_FILE}`, state);
    const file = { name: SNAPSHOT_FILE, sizeBytes: state.length, digest: await digestOf(state) };
    return { format: 1, group: META_GROUP, index, groupState: hexText(groupState), files: [file] };
  }

  /** Becomes the state of a snapshot, durably. DISK_CORRUPT when its file is not what the manifest says: nothing has changed then. */
  async install(directory: string, manifest: SnapshotManifest): Promise<void> {
    await this.#saving;
    const path = `${directory}/${SNAPSHOT_FILE}`;
    const state = await this.#disk.readFile(path);
    if ((await digestOf(state)) !== manifest.files.find(({ name }) => name === SNAPSHOT_FILE)?.digest)
      throw new RingtideError("DISK_CORRUPT", `${path} is not the file of the snapshot's manifest`);
    this.#parts = await writeParts(this.#kv, SNAPSHOT_NAME, state, this.#parts);
    this.state.restore(state);
    const groupState = decodeGroupState(this.state.groupState, path);
    this.#checkpoint = { index: this.state.appliedIndex, groupState };
    this.#configuration = groupState?.configuration ?? initialConfiguration(this.state);
    this.#term = groupState?.term;
  }

  async close(): Promise<void> {
    await this.#saving;
  }
}

function initialConfiguration({ members }: MetaState): Configuration {
  return { voters: members.map((member) => member.id), votersOutgoing: [], learners: [] };
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await createDigest();
  digest.update(bytes);
  return digest.hex();
}

export interface MetaLogCutterOptions {
  readonly store: MetaStore;
  readonly raft: RaftGroup;
  readonly log: RaftLog;
  readonly clock: Clock;
  readonly retention: LogRetention;
  readonly pinnedIndex: () => number | undefined;
}

/** Writes checkpoints of the meta group now and then, and cuts its log behind them. */
export class MetaLogCutter {
  readonly #options: MetaLogCutterOptions;
  #nextMs = 0;
  #nextCheckpointMs = 0;

  constructor(options: MetaLogCutterOptions) {
    this.#options = options;
  }

  tick(): void {
    const { store, raft, log, clock, retention, pinnedIndex } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + 1000;
    if (nowMs >= this.#nextCheckpointMs) {
      this.#nextCheckpointMs = nowMs + CHECKPOINT_INTERVAL_MS;
      store.checkpoint();
    }
    raft.cutLog(firstIndexToKeep(raft.status(), store.checkpointIndex, pinnedIndex(), log.sizeBytes(), retention));
  }
}
