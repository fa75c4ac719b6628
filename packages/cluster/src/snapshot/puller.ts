import {
  asRingtideError,
  type Clock,
  type Connection,
  type Disk,
  type GroupNumber,
  groupName,
  hasCode,
  type Logger,
  type NodeId,
  RingtideError,
  utf8Bytes,
  utf8Text,
} from "@ringtide/common";
import { checkManifest, type SnapshotManifest } from "@ringtide/engine";
import { decodeMessage, encodeMessage, FilePartRequest, JsonText, OpenSnapshotRequest } from "@ringtide/proto";
import { eachWithin } from "../each-within.ts";
import { receiveFile } from "./file-stream.ts";

export interface SnapshotPullerOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where incoming files are gathered; on the file system of the data files. What is there survives a restart and is resumed. */
  readonly directory: string;
  /** Of one snapshot, all in all. */
  readonly timeoutMs: number;
  /** Longest wait for the next bytes. */
  readonly partTimeoutMs: number;
  readonly connectionTo: (peer: NodeId) => Connection;
  /** Free space that snapshots may take. */
  readonly roomBytes: () => number;
  /** Is a snapshot at this index still of use? */
  readonly isNeeded: (group: GroupNumber, index: number) => boolean;
  /** Names of the manifest's files that this replica has already, read and found good: they are not pulled. */
  readonly present: (manifest: SnapshotManifest) => Promise<ReadonlySet<string>>;
  /** Takes the snapshot over; all its files are in the directory. */
  readonly install: (group: GroupNumber, directory: string, manifest: SnapshotManifest) => Promise<void>;
}

const OPEN_TIMEOUT_MS = 60_000;
const MANIFEST = "manifest.json";

/**
 * The receiving side of snapshots: pulls the files of an offered one, resuming what an earlier attempt left, and installs it. One at
 * a time on a node: of each other group the latest offer waits.
 */
export class SnapshotPuller {
  readonly #options: SnapshotPullerOptions;
  #running: Promise<void> | undefined;
  readonly #waiting = new Map<GroupNumber, { readonly from: NodeId; readonly index: number }>();
  readonly #abort = new AbortController();

  constructor(options: SnapshotPullerOptions) {
    this.#options = options;
  }

  /** A leader says that this node's replica can only go on from a snapshot. */
  offer(group: GroupNumber, from: NodeId, index: number): void {
    if (this.#abort.signal.aborted || !this.#options.isNeeded(group, index)) return;
    if (this.#running !== undefined) {
      this.#waiting.set(group, { from, index });
      return;
    }
    const { logger } = this.#options;
    this.#running = this.#pull(group, from)
      .catch((error: unknown) => {
        const { code, message } = asRingtideError(error);
        logger.warn("a snapshot did not come through; it goes on with the next offer", {
          code,
          group: groupName(group),
          from,
          reason: message,
        });
      })
      .finally(() => {
        this.#running = undefined;
        this.#waiting.delete(group); // offered again if it is still needed
        this.#takeNext();
      });
  }

  #takeNext(): void {
    for (const [group, { from, index }] of this.#waiting) {
      if (this.#running !== undefined) return;
      this.#waiting.delete(group);
      this.offer(group, from, index);
    }
  }

  async #pull(group: GroupNumber, from: NodeId): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const limit = new AbortController();
    const end = () => limit.abort(this.#abort.signal.reason);
    this.#abort.signal.addEventListener("abort", end, { once: true });
    const timer = clock.setTimer(timeoutMs, () =>
      limit.abort(
        new RingtideError("NET_TIMEOUT", `the snapshot took longer than catch_up_timeout_ms, ${timeoutMs} ms`),
      ),
    );
    try {
      await this.#pullWithin(group, from, limit.signal);
    } finally {
      timer.cancel();
      this.#abort.signal.removeEventListener("abort", end);
    }
  }

  async #pullWithin(group: GroupNumber, from: NodeId, signal: AbortSignal): Promise<void> {
    const { clock, logger, disk, isNeeded, install } = this.#options;
    const startedMs = clock.monotonicMs();
    const connection = this.#options.connectionTo(from);
    const request = encodeMessage(OpenSnapshotRequest, { group });
    const reply = await connection.unary("OpenSnapshot", request, { timeoutMs: OPEN_TIMEOUT_MS, signal });
    const { json } = decodeMessage(JsonText, reply, "manifest of a snapshot");
    const manifest = manifestOf(json, from, group);
    if (!isNeeded(group, manifest.index)) return;
    const directory = `${this.#options.directory}/${group}`;
    await this.#prepare(directory, manifest, json);
    const present = await this.#options.present(manifest);
    await this.#requireRoom(directory, manifest, present);
    let receivedBytes = 0;
    for (const file of manifest.files) {
      if (present.has(file.name)) continue;
      const part = (offset: number) =>
        this.#part(connection, from, { group, snapshotIndex: manifest.index, name: file.name, offset }, signal);
      receivedBytes += await this.#receive(`${directory}/${file.name}`, file.sizeBytes, part);
    }
    await disk.syncDir(directory);
    if (signal.aborted) throw signal.reason;
    try {
      await install(group, directory, manifest);
    } finally {
      // Installed, or not what it should be: either way there is nothing to resume.
      await disk.removeDir(directory);
    }
    const ms = Math.round(clock.monotonicMs() - startedMs);
    logger.info("snapshot installed", {
      group: groupName(group),
      from,
      index: manifest.index,
      files: manifest.files.length,
      receivedBytes,
      ms,
    });
  }

  /** DISK_FULL when what is still to come does not fit: the reserve is for what this node has to write itself. */
  async #requireRoom(directory: string, { files }: SnapshotManifest, present: ReadonlySet<string>): Promise<void> {
    const { disk, roomBytes } = this.#options;
    let missingBytes = 0;
    for (const { name, sizeBytes } of files)
      if (!present.has(name))
        missingBytes += Math.max(0, sizeBytes - ((await disk.stat(`${directory}/${name}`))?.sizeBytes ?? 0));
    if (missingBytes <= roomBytes()) return;
    throw new RingtideError(
      "DISK_FULL",
      `the snapshot needs ${missingBytes} bytes more, ${directory} has ${roomBytes()} above disk_reserve_bytes: make room, it goes on by itself`,
    );
  }

  /** Returns how many bytes came. What its sender calls wrong is not resumed. */
  async #receive(
    path: string,
    sizeBytes: number,
    part: (offset: number) => AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const { disk } = this.#options;
    try {
      return (await receiveFile(disk, path, sizeBytes, part)).receivedBytes;
    } catch (error) {
      if (hasCode(error, "DISK_CORRUPT")) await disk.unlink(path);
      throw error;
    }
  }

  #part(
    connection: Connection,
    from: NodeId,
    request: { group: number; snapshotIndex: number; name: string; offset: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const { clock, timeoutMs, partTimeoutMs } = this.#options;
    const message = encodeMessage(FilePartRequest, request);
    const parts = (ended: AbortSignal) => connection.serverStream("FilePart", message, { timeoutMs, signal: ended });
    const what = `node ${from} did not go on with ${request.name}`;
    return eachWithin(parts, { clock, timeoutMs: () => partTimeoutMs, what, signal });
  }

  /** Keeps what belongs to this very snapshot; data files are equal wherever their name is. */
  async #prepare(directory: string, manifest: SnapshotManifest, json: string): Promise<void> {
    const { disk } = this.#options;
    await disk.mkdir(directory);
    const known = new Set(manifest.files.map(({ name }) => name));
    const names = await disk.list(directory);
    const isSame = names.includes(MANIFEST) && utf8Text(await disk.readFile(`${directory}/${MANIFEST}`)) === json;
    if (isSame) return;
    for (const name of names)
      if (!known.has(name) || !name.endsWith(".tsfile")) await disk.unlink(`${directory}/${name}`);
    await disk.replaceFile(`${directory}/${MANIFEST}`, utf8Bytes(json));
  }

  /** Ends the pull under way; its files stay for the next run. */
  async close(): Promise<void> {
    this.#abort.abort(new RingtideError("SHUTTING_DOWN", "the node is stopping"));
    await this.#running;
  }
}

/** The manifest that a peer sent, checked: its names cannot leave the directory that they are meant for. FRAME_MALFORMED for anything else. */
function manifestOf(json: string, from: NodeId, group: GroupNumber): SnapshotManifest {
  try {
    return checkManifest(JSON.parse(json), group);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RingtideError("FRAME_MALFORMED", `node ${from} sent no manifest of a snapshot: ${reason}`, {
      cause: error,
    });
  }
}
