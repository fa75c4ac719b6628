import { RingtideError } from "@ringtide/common";
import type { ApplyOutcome, ReplicaStorage } from "@ringtide/engine";
import { type Configuration, decodeConfiguration, type Entry, EntryKind } from "@ringtide/raft";
import type { StateMachine } from "./applier.ts";
import { encodeGroupState } from "./group-state.ts";

/** Applies the log of a data group to its storage, and follows who its members are, as far as that is applied. */
export class DataMachine implements StateMachine {
  #storage: ReplicaStorage;
  #configuration: Configuration;

  /** `configuration` is the one of the storage's checkpoint. */
  constructor(storage: ReplicaStorage, configuration: Configuration) {
    this.#storage = storage;
    this.#configuration = configuration;
  }

  get storage(): ReplicaStorage {
    return this.#storage;
  }

  /** Goes on with another storage, that of a snapshot. */
  replace(storage: ReplicaStorage, configuration: Configuration): void {
    this.#storage = storage;
    this.#configuration = configuration;
  }

  apply(entry: Entry): ApplyOutcome {
    switch (entry.kind) {
      case EntryKind.PHYSICAL_PLAN:
        return this.#storage.apply(entry.index, entry.payload);
      case EntryKind.CLOSE_FILE:
        this.#storage.closeFile(
          entry.index,
          encodeGroupState({ term: entry.term, configuration: this.#configuration }),
        );
        return { ok: true, affected: 0 };
      case EntryKind.CONFIG_CHANGE:
        this.#configuration = decodeConfiguration(entry.payload);
        this.#storage.skip(entry.index);
        return { ok: true, affected: 0 };
      case EntryKind.EMPTY_CONTENT:
        this.#storage.skip(entry.index);
        return { ok: true, affected: 0 };
      case EntryKind.ADD_NODE:
      case EntryKind.REMOVE_NODE:
        throw new RingtideError(
          "FORMAT_UNKNOWN",
          `entry ${entry.index} of kind ${entry.kind} does not belong in a data group`,
        );
    }
  }
}
