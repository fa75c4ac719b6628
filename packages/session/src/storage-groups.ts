import type { RunningCluster } from "@ringtide/cluster";
import { hasCode, isPrefixPath, PathPattern, type RequestId, RingtideError, splitPath } from "@ringtide/common";
import type { PathText } from "@ringtide/sql";

/** Depth of a storage group that an insert creates: `root.a` for `root.a.b.c`. */
const AUTO_LEVEL = 2;

/** Finds storage groups, and makes missing ones when that is allowed. */
export class StorageGroups {
  readonly #cluster: RunningCluster;
  readonly #autoCreate: boolean;
  /** Creations under way on this node, so that many writers of one new group ask once. */
  readonly #creating = new Map<string, Promise<void>>();

  constructor(cluster: RunningCluster, autoCreate: boolean) {
    this.#cluster = cluster;
    this.#autoCreate = autoCreate;
  }

  /** True when the device lies in a storage group. */
  contain(device: string): boolean {
    return this.#cluster.metaState.storageGroupOf(device) !== undefined;
  }

  /**
   * Creates the storage group of a device that lies in none. STORAGE_GROUP_NOT_FOUND when none may be made, STORAGE_GROUP_EXISTS when
   * the one to make has another below it.
   */
  async ensure(device: string): Promise<void> {
    const nodes = splitPath(device);
    if (!this.#autoCreate) {
      throw new RingtideError(
        "STORAGE_GROUP_NOT_FOUND",
        `${device} lies in no storage group, and enable_auto_create_schema is off`,
      );
    }
    if (nodes.length < AUTO_LEVEL)
      throw new RingtideError("PATH_INVALID", `'${device}' is no device: it needs a name below root`);
    const path = nodes.slice(0, AUTO_LEVEL).join(".");
    this.#refuseAbove(device, path);
    const pending = this.#creating.get(path);
    if (pending !== undefined) return pending;
    const creation = this.#create(device, path).finally(() => this.#creating.delete(path));
    this.#creating.set(path, creation);
    return creation;
  }

  async #create(device: string, path: string): Promise<void> {
    const { coordinator } = this.#cluster;
    try {
      await coordinator.writeMeta(undefined, { kind: "createStorageGroup", path });
    } catch (error) {
      if (!hasCode(error, "STORAGE_GROUP_EXISTS")) throw error;
      // Another node was faster, which is fine, or has made one below.
      await coordinator.catchUpMetaForWrite();
      this.#refuseAbove(device, path);
    }
  }

  #refuseAbove(device: string, path: string): void {
    const below = this.#cluster.metaState.storageGroups.find((name) => name !== path && isPrefixPath(path, name));
    if (below === undefined) return;
    throw new RingtideError(
      "STORAGE_GROUP_EXISTS",
      `${device} lies in no storage group, and ${path} cannot become one: ${below} lies below it. Create one for the device`,
    );
  }

  async create(request: RequestId | undefined, path: string): Promise<number> {
    const applied = await this.#cluster.coordinator.writeMeta(request, { kind: "createStorageGroup", path });
    return applied.affected;
  }

  /** Deletes what the paths name (wildcards allowed); returns when the data groups have dropped the series. */
  async delete(
    request: RequestId | undefined,
    paths: readonly PathText[],
    waitForDrops: (paths: readonly string[]) => Promise<void>,
  ): Promise<number> {
    const { metaState, coordinator } = this.#cluster;
    await coordinator.catchUpMetaForWrite(); // a group that another node has just made has to be found
    const matched = new Set<string>();
    for (const { text } of paths) {
      const pattern = new PathPattern(text);
      const found = metaState.storageGroups.filter((name) => pattern.matches(splitPath(name)));
      if (found.length === 0 && request?.retry !== true)
        throw new RingtideError("STORAGE_GROUP_NOT_FOUND", `${text} is no storage group`);
      for (const name of found.length === 0 ? [text] : found) matched.add(name);
    }
    const names = [...matched].sort();
    const applied = await coordinator.writeMeta(request, { kind: "deleteStorageGroups", paths: names });
    await waitForDrops(names);
    return applied.affected;
  }
}
