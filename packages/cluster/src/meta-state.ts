import { assert, isPrefixPath, utf8Bytes, utf8Text } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import { RequestTable } from "@ringtide/engine";
import { type Entry, EntryKind } from "@ringtide/raft";
import type { FormationRecord, MemberRecord } from "./formation.ts";
import { decodeMetaCommand, type MetaCommand } from "./meta-command.ts";
import { buildPartitionTable, type PartitionTable } from "./partition-table.ts";

interface Snapshot {
  readonly format: 1;
  readonly index: number;
  readonly storageGroups: readonly string[];
  readonly drops: readonly string[];
  readonly requests: string;
}

/** The state that the meta group replicates: storage groups, and (fixed since the formation, for now) members and partition table. */
export class MetaState {
  readonly formation: FormationRecord;
  readonly table: PartitionTable;
  readonly #storageGroups = new Set<string>();
  readonly #drops = new Set<string>();
  readonly #requests: RequestTable;
  #appliedIndex: number;

  constructor(formation: FormationRecord, snapshot: Uint8Array | undefined) {
    this.formation = formation;
    this.table = buildPartitionTable({
      nodes: formation.members.map((member) => member.id),
      replicas: formation.replicas,
      slotCount: formation.slotStrategy.slotCount,
      groupsPerHeader: formation.groupsPerHeader,
    });
    const saved = snapshot === undefined ? undefined : (JSON.parse(utf8Text(snapshot)) as Snapshot);
    for (const path of saved?.storageGroups ?? []) this.#storageGroups.add(path);
    for (const path of saved?.drops ?? []) this.#drops.add(path);
    this.#requests = saved === undefined ? new RequestTable() : RequestTable.decode(fromHex(saved.requests));
    this.#appliedIndex = saved?.index ?? 0;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get members(): readonly MemberRecord[] {
    return this.formation.members;
  }

  /** Sorted by code unit. */
  get storageGroups(): readonly string[] {
    return [...this.#storageGroups].sort();
  }

  /** Storage groups that were deleted and whose series the data groups have yet to drop. */
  get drops(): readonly string[] {
    return [...this.#drops].sort();
  }

  /** The storage group that a path lies in: asked for every write, so it looks prefixes up instead of walking all groups. */
  storageGroupOf(path: string): string | undefined {
    for (let end = path.indexOf("."); end >= 0; end = path.indexOf(".", end + 1)) {
      const prefix = path.slice(0, end);
      if (this.#storageGroups.has(prefix)) return prefix;
    }
    return this.#storageGroups.has(path) ? path : undefined;
  }

  apply(entry: Entry): ApplyOutcome {
    assert(entry.index > this.#appliedIndex, `meta entry ${entry.index} after ${this.#appliedIndex}`);
    this.#appliedIndex = entry.index;
    if (entry.kind !== EntryKind.PHYSICAL_PLAN) return { ok: true, affected: 0 };
    const { request, command } = decodeMetaCommand(entry.payload);
    return this.#requests.once(request, () => this.#execute(command));
  }

  #execute(command: MetaCommand): ApplyOutcome {
    switch (command.kind) {
      case "createStorageGroup":
        return this.#create(command.path);
      case "deleteStorageGroups":
        return this.#delete(command.paths);
      case "dropDone":
        return { ok: true, affected: this.#drops.delete(command.path) ? 1 : 0 };
    }
  }

  #create(path: string): ApplyOutcome {
    for (const existing of this.#storageGroups) {
      if (isPrefixPath(existing, path) || isPrefixPath(path, existing)) {
        return {
          ok: false,
          code: "STORAGE_GROUP_EXISTS",
          message: `${existing} has already been set to storage group`,
        };
      }
    }
    for (const drop of this.#drops) {
      if (isPrefixPath(drop, path) || isPrefixPath(path, drop)) {
        return { ok: false, code: "OVERLOADED", message: `${drop} is still being deleted: try again` };
      }
    }
    this.#storageGroups.add(path);
    return { ok: true, affected: 1 };
  }

  #delete(paths: readonly string[]): ApplyOutcome {
    const missing = paths.find((path) => !this.#storageGroups.has(path));
    if (missing !== undefined)
      return { ok: false, code: "STORAGE_GROUP_NOT_FOUND", message: `${missing} is no storage group` };
    for (const path of paths) {
      this.#storageGroups.delete(path);
      this.#drops.add(path);
    }
    return { ok: true, affected: paths.length };
  }

  /** The whole state as of appliedIndex, for the checkpoint. */
  encode(): Uint8Array {
    const snapshot: Snapshot = {
      format: 1,
      index: this.#appliedIndex,
      storageGroups: this.storageGroups,
      drops: this.drops,
      requests: toHex(this.#requests.encode()),
    };
    return utf8Bytes(JSON.stringify(snapshot));
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}
