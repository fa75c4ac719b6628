import { asRingtideError, ByteReader } from "@ringtide/common";
import { BlockHeader } from "../block/header.ts";
import { FileBlock } from "./blockRef.ts";
import { corrupt } from "./format.ts";

const ENTRY_MIN_BYTES = 28;

/** The index of a file as its bytes, with the place of each device's entry; entries are parsed as they are asked for. */
export class FileIndex {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  /** Where the index begins in the file, for messages. */
  readonly #offset: number;
  /** Where each entry begins in the index. */
  readonly #entries: Uint32Array;
  /** First entry of each device. */
  readonly #devices = new Map<number, number>();

  /** `bytes` have passed their checksum. */
  constructor(bytes: Uint8Array, path: string, offset: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.#offset = offset;
    this.#entries = this.#guard(0, () => this.#findEntries());
  }

  #findEntries(): Uint32Array {
    const reader = new ByteReader(this.#bytes, this.#path);
    const entries = new Uint32Array(reader.count(ENTRY_MIN_BYTES));
    for (let i = 0; i < entries.length; i++) {
      entries[i] = reader.offset;
      const length = reader.u32();
      const end = reader.offset + length;
      reader.u32();
      const device = reader.u32();
      if (!this.#devices.has(device)) this.#devices.set(device, i);
      reader.raw(end - reader.offset);
    }
    reader.end();
    return entries;
  }

  /** Ids of the devices, in the order of the file. */
  devices(): Iterable<number> {
    return this.#devices.keys();
  }

  /** Blocks of a device, those of one `addDevice` in order of time; empty when it has none. */
  blocks(deviceId: number): FileBlock[] {
    const blocks: FileBlock[] = [];
    const first = this.#devices.get(deviceId);
    if (first === undefined) return blocks;
    for (let i = first; i < this.#entries.length; i++) {
      const at = this.#entries[i] as number;
      if (!this.#guard(at, () => this.#readEntry(at, deviceId, blocks))) break;
    }
    return blocks;
  }

  /** Adds the blocks of the entry at `at`; false when it is of another device. */
  #readEntry(at: number, deviceId: number, blocks: FileBlock[]): boolean {
    const reader = new ByteReader(this.#bytes.subarray(at), this.#path);
    reader.u32();
    reader.u32();
    if (reader.u32() !== deviceId) return false;
    let bodyOffset = reader.u53();
    const count = reader.u32();
    const seriesIds = new Uint32Array(reader.count(4));
    for (let s = 0; s < seriesIds.length; s++) seriesIds[s] = reader.u32();
    for (let b = 0; b < count; b++) {
      const start = at + reader.offset;
      const header = new BlockHeader(this.#bytes.subarray(start), false);
      const headerBytes = reader.raw(header.sizeBytes);
      blocks.push(new FileBlock(deviceId, seriesIds, header, headerBytes, bodyOffset));
      bodyOffset += header.bodyBytes;
    }
    return true;
  }

  /** Damage that the checksum let pass is still DISK_CORRUPT. */
  #guard<T>(at: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw corrupt(this.#path, this.#offset + at, `damaged index: ${asRingtideError(error).message}`, error);
    }
  }
}
