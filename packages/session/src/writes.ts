import {
  asRingtideError,
  type GroupNumber,
  PathPattern,
  type RequestId,
  RingtideError,
  sleep,
  slotOf,
  splitSeries,
} from "@ringtide/common";
import type { Command, DeviceBlock, LooseRow } from "@ringtide/engine";
import { checkPayload, encodeCommand } from "@ringtide/engine";
import type { CreateTimeseriesStatement, DeleteDataStatement, InsertStatement, PathText } from "@ringtide/sql";
import { DataType, MAX_TIME, MIN_TIME } from "@ringtide/tsfile";
import type { SessionServiceOptions } from "./options.ts";
import { StorageGroups } from "./storage-groups.ts";
import { resolveTime } from "./times.ts";

const DROP_POLL_MS = 50;
const DROP_WAIT_MS = 30_000;
/** The schema of a storage group that does not exist. */
const NO_SERIES = { find: () => undefined };

/** Where a write of one device went, for redirects. */
export interface WriteResult {
  readonly affected: number;
  /** The group of the write when it was one. */
  readonly group: GroupNumber | undefined;
}

/** Turns writing statements and tablets into commands of the groups that own the devices. */
export class Writes {
  readonly #options: SessionServiceOptions;
  readonly storageGroups: StorageGroups;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
    this.storageGroups = new StorageGroups(options.cluster, options.autoCreateSchema);
  }

  #groupOf(device: string): GroupNumber {
    return this.#options.cluster.metaState.table.groupOfSlot(slotOf(device, this.#options.slotStrategy));
  }

  /** Tablets as blocks. Blocks of several groups are several writes: each takes effect or not by itself. */
  async insertBlocks(request: RequestId | undefined, blocks: readonly DeviceBlock[]): Promise<WriteResult> {
    if (blocks.length === 0) throw new RingtideError("TABLET_SHAPE", "an insert without blocks");
    return this.#perGroup(request, blocks, (part) => ({ kind: "insertBlocks", blocks: part }));
  }

  async insertRows(request: RequestId | undefined, statement: InsertStatement, now: bigint): Promise<WriteResult> {
    const { device, measurements } = statement;
    const rows: LooseRow[] = statement.rows.map((row) => ({
      device,
      time: resolveTime(row.time, now),
      measurements,
      values: row.values,
    }));
    return this.#perGroup(request, rows, (part) => ({ kind: "insertRows", rows: part }));
  }

  async createTimeseries(request: RequestId | undefined, statement: CreateTimeseriesStatement): Promise<WriteResult> {
    const { device } = splitSeries(statement.path);
    const series = {
      device,
      path: statement.path,
      type: DataType[statement.type],
      encoding: statement.encoding ?? "",
      compression: statement.compression ?? "",
    };
    return this.#perGroup(request, [series], (part) => ({ kind: "createSeries", series: part }));
  }

  async deleteTimeseries(request: RequestId | undefined, paths: readonly PathText[]): Promise<WriteResult> {
    return this.#everywhere(request, paths, (patterns) => ({ kind: "deleteSeries", patterns }));
  }

  async deleteData(request: RequestId | undefined, statement: DeleteDataStatement, now: bigint): Promise<WriteResult> {
    const from = statement.from === undefined ? MIN_TIME : resolveTime(statement.from, now);
    const to = statement.to === undefined ? MAX_TIME : resolveTime(statement.to, now);
    if (from > to) return { affected: 0, group: undefined };
    return this.#everywhere(request, statement.paths, (patterns) => ({ kind: "deleteData", patterns, from, to }));
  }

  /** Closes the memtables of every data group; a group holds devices of any storage group, so naming some flushes the others too. */
  async flush(storageGroups: readonly string[]): Promise<void> {
    const { coordinator, metaState } = this.#options.cluster;
    // A group that another node has just made has to be found.
    if (storageGroups.length > 0) await coordinator.catchUpMetaForWrite();
    const missing = storageGroups.find((name) => !metaState.storageGroups.includes(name));
    if (missing !== undefined) throw new RingtideError("STORAGE_GROUP_NOT_FOUND", `${missing} is no storage group`);
    await Promise.all(metaState.table.groups.map((plan) => coordinator.flush(plan.group)));
  }

  async deleteStorageGroups(request: RequestId | undefined, paths: readonly PathText[]): Promise<WriteResult> {
    const affected = await this.storageGroups.delete(request, paths, (names) => this.#dropsDone(names));
    return { affected, group: undefined };
  }

  async #dropsDone(names: readonly string[]): Promise<void> {
    const { clock, cluster } = this.#options;
    const deadlineMs = clock.monotonicMs() + DROP_WAIT_MS;
    while (cluster.metaState.drops.some(({ path }) => names.includes(path))) {
      if (clock.monotonicMs() > deadlineMs) {
        throw new RingtideError(
          "WRITE_TIMEOUT",
          "the storage group is deleted; dropping its series goes on in the background",
        );
      }
      await sleep(clock, DROP_POLL_MS);
    }
  }

  /** One write for each group that owns devices of `items`; their storage groups are created where they are missing. */
  async #perGroup<T extends { readonly device: string }>(
    request: RequestId | undefined,
    items: readonly T[],
    command: (items: readonly T[]) => Command,
  ): Promise<WriteResult> {
    const parts = new Map<GroupNumber, T[]>();
    for (const item of items) {
      const group = this.#groupOf(item.device);
      const part = parts.get(group);
      if (part === undefined) parts.set(group, [item]);
      else part.push(item);
    }
    const orphans = items.filter(({ device }) => !this.storageGroups.contain(device));
    if (orphans.length > 0) {
      // What will be refused must not leave a storage group behind.
      for (const part of parts.values())
        checkPayload(this.#encode(request, command(part)), NO_SERIES, this.#options.maxWriteBytes, true);
      await Promise.all(orphans.map(({ device }) => this.storageGroups.ensure(device)));
    }
    const writes = Array.from(parts, ([group, part]) => this.#write(group, request, command(part)));
    const affected = (await all(writes)).reduce((sum, count) => sum + count, 0);
    const [only] = parts.keys();
    return { affected, group: parts.size === 1 ? only : undefined };
  }

  async #everywhere(
    request: RequestId | undefined,
    paths: readonly PathText[],
    command: (patterns: readonly string[]) => Command,
  ): Promise<WriteResult> {
    const { metaState } = this.#options.cluster;
    const patterns = paths.map((path) => new PathPattern(path.text));
    const texts = patterns.map(({ text }) => text);
    // Also a path without wildcards: what lies below it may be in any group.
    const writes = metaState.table.groups.map((plan) => this.#write(plan.group, request, command(texts)));
    const affected = (await all(writes)).reduce((sum, count) => sum + count, 0);
    const exact = patterns.find((pattern) => pattern.isExact);
    if (affected === 0 && exact !== undefined)
      throw new RingtideError("PATH_NOT_FOUND", `no series ${exact.text} exists`);
    return { affected, group: undefined };
  }

  async #write(group: GroupNumber, request: RequestId | undefined, command: Command): Promise<number> {
    const encode = (retry: boolean) => this.#encode(request && { ...request, retry }, command);
    const applied = await this.#options.cluster.coordinator.write(group, request, encode);
    return applied.affected;
  }

  #encode(request: RequestId | undefined, command: Command): Uint8Array {
    const payload = encodeCommand(request, command);
    const { maxWriteBytes } = this.#options;
    if (payload.length > maxWriteBytes) {
      throw new RingtideError(
        "TABLET_TOO_LARGE",
        `a write of ${payload.length} bytes is above raft_log_buffer_size, ${maxWriteBytes}: send smaller tablets`,
      );
    }
    return payload;
  }
}

/** Codes from here on say that a group could not take the write, not that the write is wrong. */
const FIRST_ERROR_OF_PLACE = 3000;

/**
 * Waits for all writes before it throws: none is left running unseen. One whose outcome is open leaves that of the whole open, and so does
 * one that a group could not take when another has taken effect: "nothing was written" would not be true.
 */
async function all(writes: readonly Promise<number>[]): Promise<number[]> {
  const settled = await Promise.allSettled(writes);
  const failures = settled.flatMap((result) => (result.status === "rejected" ? [asRingtideError(result.reason)] : []));
  const failure = failures.find(({ spec }) => !spec.outcomeKnown) ?? failures[0];
  const isPartial = failures.length < settled.length && (failure?.spec.number ?? 0) >= FIRST_ERROR_OF_PLACE;
  if (failure !== undefined && isPartial && failure.spec.outcomeKnown)
    throw new RingtideError("OUTCOME_UNKNOWN", `a part of the write took effect, another did not: ${failure.message}`, {
      cause: failure,
    });
  if (failure !== undefined) throw failure;
  return settled.map((result) => (result.status === "fulfilled" ? result.value : 0));
}
