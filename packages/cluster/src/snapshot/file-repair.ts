import {
  asRingtideError,
  type Clock,
  type Connection,
  type Disk,
  type GroupNumber,
  groupName,
  type Logger,
  type NodeId,
  RingtideError,
} from "@ringtide/common";
import { encodeMessage, FilePartRequest } from "@ringtide/proto";
import { eachWithin } from "../each-within.ts";
import { receiveFile } from "./file-stream.ts";
import type { SnapshotGroup } from "./snapshots.ts";

export interface FileRepairOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly self: NodeId;
  /** Of incoming files alone; emptied at the start. */
  readonly directory: string;
  readonly timeoutMs: number;
  readonly partTimeoutMs: number;
  readonly connectionTo: (peer: NodeId) => Connection;
  readonly groupOf: (group: GroupNumber) => SnapshotGroup | undefined;
}

const RETRY_MS = 5000;

/**
 * Fetches data files that fail their checksums again from other replicas, which have the same bytes under the same name. One at a
 * time; what no replica can give now is asked for again later.
 */
export class FileRepair {
  readonly #options: FileRepairOptions;
  readonly #groups = new Set<GroupNumber>();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #nextMs = 0;

  constructor(options: FileRepairOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#options.disk.removeDir(this.#options.directory);
    await this.#options.disk.mkdir(this.#options.directory);
  }

  request(group: GroupNumber): void {
    this.#groups.add(group);
    this.#nextMs = 0;
  }

  /** Starts a round when something is damaged and none is under way. */
  tick(): void {
    const { clock, logger } = this.#options;
    if (this.#running !== undefined || this.#groups.size === 0 || clock.monotonicMs() < this.#nextMs) return;
    if (this.#abort.signal.aborted) return;
    this.#nextMs = clock.monotonicMs() + RETRY_MS;
    this.#running = this.#round()
      .catch((error: unknown) => {
        const { code, message } = asRingtideError(error);
        logger.warn("repair of data files goes on later", { code, reason: message });
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #round(): Promise<void> {
    for (const group of [...this.#groups]) {
      const found = this.#options.groupOf(group);
      const damaged = found?.storage?.damagedFiles() ?? [];
      for (const file of damaged) if (found !== undefined) await this.#repair(group, found, file);
      if ((found?.storage?.damagedFiles().length ?? 0) === 0) this.#groups.delete(group);
    }
  }

  async #repair(
    group: GroupNumber,
    { storage, members }: SnapshotGroup,
    file: { readonly name: string; readonly sizeBytes: number },
  ): Promise<void> {
    const { disk, logger, self, directory } = this.#options;
    const path = `${directory}/${file.name}`;
    for (const peer of members) {
      if (peer === self) continue;
      try {
        await disk.unlink(path);
        await receiveFile(disk, path, file.sizeBytes, (offset) => this.#part(peer, group, file.name, offset));
        await storage?.replaceFile(file.name, path);
        logger.info("data file repaired", { group: groupName(group), file: file.name, from: peer });
        return;
      } catch (error) {
        if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
        const { code, message } = asRingtideError(error);
        logger.warn("a replica could not give a data file", {
          code,
          group: groupName(group),
          file: file.name,
          from: peer,
          reason: message,
        });
      }
    }
  }

  #part(peer: NodeId, group: GroupNumber, name: string, offset: number): AsyncIterable<Uint8Array> {
    const { clock, timeoutMs, partTimeoutMs, connectionTo } = this.#options;
    const request = encodeMessage(FilePartRequest, { group, snapshotIndex: 0, name, offset });
    const parts = (ended: AbortSignal) =>
      connectionTo(peer).serverStream("FilePart", request, { timeoutMs, signal: ended });
    const what = `node ${peer} did not go on with ${name}`;
    return eachWithin(parts, { clock, timeoutMs: () => partTimeoutMs, what, signal: this.#abort.signal });
  }

  async close(): Promise<void> {
    this.#abort.abort(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.#running;
  }
}
