import { crc32c } from "@node-rs/crc32";
import { assert, ByteWriter, type Disk, type DiskFile } from "@ringtide/common";
import { BlockHeader } from "../block/header.ts";
import type { DataType } from "../types.ts";
import { createDigest, type Digest } from "./digest.ts";
import { type FileContent, type FileMeta, writeHeader, writeTrailer } from "./format.ts";

const PIECE_BYTES = 512 * 1024;

/** A finished file. */
export interface FinishedFile extends FileContent {
  readonly name: string;
  readonly sizeBytes: number;
  /** The same for the same input. */
  readonly digest: string;
}

/**
 * Writes one immutable data file. Until `finish` it has the name with `.tmp` behind it, so a crash at any moment leaves no file
 * or a whole one. Calls must not overlap; after an error, or to give up, call `abort`.
 */
export class FileWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #name: string;
  readonly #file: DiskFile;
  readonly #digest: Digest;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #index = new ByteWriter(64 * 1024);
  #pieceLength = 0;
  /** Bytes written before the piece. */
  #written = 0;
  #entries = 0;
  #lastSlot = -1;
  #lastDevice = -1;
  #points = 0;
  #minTime: bigint | undefined;
  #maxTime: bigint | undefined;
  #isClosed = false;

  private constructor(disk: Disk, directory: string, name: string, file: DiskFile, digest: Digest) {
    this.#disk = disk;
    this.#directory = directory;
    this.#name = name;
    this.#file = file;
    this.#digest = digest;
  }

  /** Begins `directory/name`; what an earlier attempt has left of it is removed. */
  static async create(disk: Disk, directory: string, name: string, meta: FileMeta): Promise<FileWriter> {
    const digest = await createDigest();
    const temporary = `${directory}/${name}.tmp`;
    await disk.unlink(temporary);
    const file = await disk.open(temporary, "create");
    const writer = new FileWriter(disk, directory, name, file, digest);
    writer.#index.u32(0);
    await writer.#write(writeHeader(meta));
    return writer;
  }

  /**
   * Adds blocks of one device, in order of time; column i of each is series `seriesIds[i]` of type `types[i]`. Devices come in
   * order of (slot, device id); a device may come several times in a row, with other series.
   */
  async addDevice(
    slot: number,
    deviceId: number,
    seriesIds: readonly number[],
    types: readonly DataType[],
    blocks: readonly Uint8Array[],
  ): Promise<void> {
    const isOrdered = slot > this.#lastSlot || (slot === this.#lastSlot && deviceId >= this.#lastDevice);
    assert(isOrdered, "devices in order of slot and id");
    assert(blocks.length > 0, "a device has blocks");
    this.#lastSlot = slot;
    this.#lastDevice = deviceId;
    this.#entries++;
    const headers = blocks.map((block) => new BlockHeader(block, true));
    headers.forEach((header, i) => {
      checkTypes(header, types);
      const last = headers[i - 1];
      if (last !== undefined) assert(startOf(header) > endOf(last), "blocks of a device in order of time");
    });
    this.#addEntry(slot, deviceId, seriesIds, headers, blocks);
    for (const [i, block] of blocks.entries()) await this.#write(block.subarray(headers[i]?.sizeBytes));
  }

  #addEntry(
    slot: number,
    deviceId: number,
    seriesIds: readonly number[],
    headers: readonly BlockHeader[],
    blocks: readonly Uint8Array[],
  ): void {
    const index = this.#index;
    const lengthAt = index.length;
    index.u32(0).u32(slot).u32(deviceId).u53(this.#position).u32(headers.length).u32(seriesIds.length);
    for (const id of seriesIds) index.u32(id);
    headers.forEach((header, i) => {
      index.raw((blocks[i] as Uint8Array).subarray(0, header.sizeBytes));
      for (let c = 0; c < header.columnCount; c++) this.#points += header.count(c);
      this.#include(startOf(header), endOf(header));
    });
    index.patchU32(lengthAt, index.length - lengthAt - 4);
  }

  #include(start: bigint, end: bigint): void {
    if (this.#minTime === undefined || start < this.#minTime) this.#minTime = start;
    if (this.#maxTime === undefined || end > this.#maxTime) this.#maxTime = end;
  }

  get #position(): number {
    return this.#written + this.#pieceLength;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#pieceLength);
      this.#piece.set(part, this.#pieceLength);
      this.#pieceLength += part.length;
      at += part.length;
      if (this.#pieceLength === PIECE_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const piece = this.#piece.subarray(0, this.#pieceLength);
    this.#digest.update(piece);
    await this.#file.write([piece], this.#written);
    this.#written += this.#pieceLength;
    this.#pieceLength = 0;
  }

  /** Writes index and trailer, makes the file durable, then gives it its name, durably. */
  async finish(): Promise<FinishedFile> {
    const offset = this.#position;
    this.#index.patchU32(0, this.#entries);
    const index = this.#index.view();
    const content = { points: this.#points, minTime: this.#minTime ?? 0n, maxTime: this.#maxTime ?? -1n };
    await this.#write(index);
    await this.#write(writeTrailer({ offset, length: index.length, crc: crc32c(index) }, content));
    await this.#flush();
    await this.#file.datasync();
    this.#isClosed = true;
    await this.#file.close();
    const path = `${this.#directory}/${this.#name}`;
    await this.#disk.rename(`${path}.tmp`, path);
    await this.#disk.syncDir(this.#directory);
    return { name: this.#name, sizeBytes: this.#written, digest: this.#digest.hex(), ...content };
  }

  /** Gives up and removes what was written. */
  async abort(): Promise<void> {
    if (!this.#isClosed) await this.#file.close();
    this.#isClosed = true;
    await this.#disk.unlink(`${this.#directory}/${this.#name}.tmp`);
  }
}

function checkTypes(header: BlockHeader, types: readonly DataType[]): void {
  assert(header.hasTimes && header.rows > 0, "blocks of a file have rows with times");
  assert(header.columnCount === types.length, "a series for each column");
  types.forEach((type, c) => {
    assert(header.type(c) === type, "a column has the type of its series");
  });
}

function startOf(header: BlockHeader): bigint {
  return header.base + BigInt(header.firstTime);
}

function endOf(header: BlockHeader): bigint {
  return header.base + BigInt(header.lastTime);
}
