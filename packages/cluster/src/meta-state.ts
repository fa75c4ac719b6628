import { assert, hexBytes, hexText, isPrefixPath, RingtideError, utf8Bytes, utf8Text } from "@ringtide/common";
import type { ApplyOutcome } from "@ringtide/engine";
import { RequestTable } from "@ringtide/engine";
import { type Entry, EntryKind } from "@ringtide/raft";
import type { FormationRecord, MemberRecord } from "./formation.ts";
import { decodeMetaCommand, type MetaCommand } from "./meta-command.ts";
import { buildPartitionTable, type PartitionTable } from "./partition-table.ts";

/** A deleted storage group whose series the data groups have yet to drop. `number` tells the deletions of one path apart; it ascends. */
export interface Drop {
  readonly path: string;
  readonly number: number;
}

interface Snapshot {
  readonly format: 1;
  readonly index: number;
  /** Hexadecimal; see GroupState. States of before there were snapshots have none. */
  readonly groupState?: string;
  readonly storageGroups: readonly string[];
  readonly drops: readonly Drop[];
  readonly lastDrop: number;
  readonly requests: string;
}

/** The state that the meta group replicates: storage groups, and (fixed since the formation, for now) members and partition table. */
export class MetaState {
  readonly formation: FormationRecord;
  readonly table: PartitionTable;
  readonly #storageGroups = new Set<string>();
  /** By path: the number of the deletion. */
  readonly #drops = new Map<string, number>();
  #requests = new RequestTable();
  #lastDrop = 0;
  #appliedIndex = 0;
  #groupState: Uint8Array = new Uint8Array(0);

  constructor(formation: FormationRecord, snapshot: Uint8Array | undefined) {
    this.formation = formation;
    this.table = buildPartitionTable({
      nodes: formation.members.map((member) => member.id),
      replicas: formation.replicas,
      slotCount: formation.slotStrategy.slotCount,
      groupsPerHeader: formation.groupsPerHeader,
    });
    if (snapshot !== undefined) this.restore(snapshot);
  }

  /** Becomes what `encode` wrote, here or on another node. FRAME_MALFORMED for anything else, and nothing changes. */
  restore(snapshot: Uint8Array): void {
    const saved = parseSnapshot(snapshot);
    const requests = RequestTable.decode(hexBytes(saved.requests));
    this.#storageGroups.clear();
    this.#drops.clear();
    for (const path of saved.storageGroups) this.#storageGroups.add(path);
    for (const { path, number } of saved.drops) this.#drops.set(path, number);
    this.#lastDrop = saved.lastDrop;
    this.#requests = requests;
    this.#appliedIndex = saved.index;
    this.#groupState = hexBytes(saved.groupState ?? "");
  }

  /** Of the restored snapshot; empty when there is none. */
  get groupState(): Uint8Array {
    return this.#groupState;
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

  /** In the order of the deletions. */
  get drops(): readonly Drop[] {
    return Array.from(this.#drops, ([path, number]) => ({ path, number })).sort((a, b) => a.number - b.number);
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
    // Not the outcome of the request: a repeat of it is to be judged again.
    const busy = command.kind === "createStorageGroup" ? this.#beingDropped(command.path) : undefined;
    if (busy !== undefined)
      return { ok: false, code: "OVERLOADED", message: `${busy} is still being deleted: try again` };
    return this.#requests.once(request, () => this.#execute(command));
  }

  #execute(command: MetaCommand): ApplyOutcome {
    switch (command.kind) {
      case "createStorageGroup":
        return this.#create(command.path);
      case "deleteStorageGroups":
        return this.#delete(command.paths);
      case "dropDone":
        return { ok: true, affected: this.#dropDone(command) };
    }
  }

  /** A late repeat must not end the drop of a storage group that was made and deleted again since. */
  #dropDone({ path, number }: Drop): number {
    return this.#drops.get(path) === number && this.#drops.delete(path) ? 1 : 0;
  }

  #beingDropped(path: string): string | undefined {
    for (const drop of this.#drops.keys()) if (isPrefixPath(drop, path) || isPrefixPath(path, drop)) return drop;
    return undefined;
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
    this.#storageGroups.add(path);
    return { ok: true, affected: 1 };
  }

  #delete(paths: readonly string[]): ApplyOutcome {
    const missing = paths.find((path) => !this.#storageGroups.has(path));
    if (missing !== undefined)
      return { ok: false, code: "STORAGE_GROUP_NOT_FOUND", message: `${missing} is no storage group` };
    for (const path of paths) {
      this.#storageGroups.delete(path);
      this.#drops.set(path, ++this.#lastDrop);
    }
    return { ok: true, affected: paths.length };
  }

  /** The whole state as of appliedIndex, for the checkpoint. `groupState` is that of the same index. */
  encode(groupState: Uint8Array): Uint8Array {
    const snapshot: Snapshot = {
      format: 1,
      index: this.#appliedIndex,
      groupState: hexText(groupState),
      storageGroups: this.storageGroups,
      drops: this.drops,
      lastDrop: this.#lastDrop,
      requests: hexText(this.#requests.encode()),
    };
    return utf8Bytes(JSON.stringify(snapshot));
  }
}

function parseSnapshot(bytes: Uint8Array): Snapshot {
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8Text(bytes));
  } catch {
    throw new RingtideError("FRAME_MALFORMED", "the state of the meta group is not JSON");
  }
  const snapshot = parsed as Snapshot;
  if (snapshot?.format !== 1 || !Array.isArray(snapshot.storageGroups) || !Array.isArray(snapshot.drops))
    throw new RingtideError("FRAME_MALFORMED", "not a state of the meta group");
  return snapshot;
}
