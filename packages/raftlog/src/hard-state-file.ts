import { crc32c } from "@node-rs/crc32";
import {
  assert,
  ByteReader,
  ByteWriter,
  type Disk,
  type DiskFile,
  type GroupNumber,
  RingtideError,
} from "@ringtide/common";
import type { HardState } from "@ringtide/raft";
import { laterHardState, NO_HARD_STATE } from "./group-log.ts";

const NAME = "hardstate";
const MAGIC = 0x53485752;
const VERSION = 1;
/** Size of a slot. Both are written in full when the file is made, so that a full disk never keeps a vote from being written. */
const SLOT_BYTES = 256 * 1024;
const RECORD_BYTES = 20;
const FIXED_BYTES = 24;
const COUNT_OFFSET = 16;
const MAX_GROUPS = Math.floor((SLOT_BYTES - FIXED_BYTES) / RECORD_BYTES);

export type HardStates = ReadonlyMap<GroupNumber, HardState>;

/**
 * Hard state of all groups in two slots that are written in turn: a crash in the middle of a write spoils one, the other
 * still holds the state before. It stands beside the log's own records so that a lost tail never loses a vote.
 */
export class HardStateFile {
  readonly #file: DiskFile;
  #sequence: number;

  private constructor(file: DiskFile, sequence: number) {
    this.#file = file;
    this.#sequence = sequence;
  }

  static async exists(disk: Disk, directory: string): Promise<boolean> {
    return (await disk.stat(`${directory}/${NAME}`)) !== undefined;
  }

  /** Makes the file with both slots empty but valid. */
  static async create(disk: Disk, directory: string): Promise<void> {
    const content = new Uint8Array(2 * SLOT_BYTES);
    content.set(encodeSlot(0, new Map()), 0);
    content.set(encodeSlot(1, new Map()), SLOT_BYTES);
    await disk.replaceFile(`${directory}/${NAME}`, content);
  }

  /** The file and what it holds: per group the later state of the valid slots. DISK_CORRUPT when neither slot is valid. */
  static async open(
    disk: Disk,
    directory: string,
  ): Promise<{ file: HardStateFile; states: HardStates; validSlots: number }> {
    const path = `${directory}/${NAME}`;
    const content = await disk.readFile(path);
    const slots = [
      decodeSlot(content.subarray(0, SLOT_BYTES), path),
      decodeSlot(content.subarray(SLOT_BYTES), path),
    ].filter((slot) => slot !== undefined);
    if (slots.length === 0)
      throw new RingtideError(
        "DISK_CORRUPT",
        `${path}: both slots of the hard state, at 0 and ${SLOT_BYTES}, are damaged`,
        {
          details: { file: path, offset: 0 },
        },
      );
    const states = new Map<GroupNumber, HardState>();
    for (const slot of slots)
      for (const [group, state] of slot.states)
        states.set(group, laterHardState(states.get(group) ?? NO_HARD_STATE, state));
    if (content.length < 2 * SLOT_BYTES) await allocate(disk, path, content);
    const sequence = Math.max(...slots.map((slot) => slot.sequence));
    return { file: new HardStateFile(await disk.open(path, "readWrite"), sequence), states, validSlots: slots.length };
  }

  /** Durable on return. One call at a time. `repeat`: runs the write, again when the disk was full. */
  async write(states: HardStates, repeat: (write: () => Promise<void>) => Promise<void>): Promise<void> {
    const sequence = this.#sequence + 1;
    const slot = encodeSlot(sequence, states);
    await repeat(() => this.#file.write([slot], (sequence % 2) * SLOT_BYTES));
    await this.#file.datasync();
    this.#sequence = sequence;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** An earlier version left the file sparse. */
async function allocate(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const whole = new Uint8Array(2 * SLOT_BYTES);
  whole.set(content);
  await disk.replaceFile(path, whole);
}

/** magic u32, version u16, reserved u16, sequence u53, count u32, then (group u32, term u53, vote u53) each, CRC32C u32. */
function encodeSlot(sequence: number, states: HardStates): Uint8Array {
  assert(states.size <= MAX_GROUPS, `${states.size} groups on one node`);
  const out = new ByteWriter(FIXED_BYTES + states.size * RECORD_BYTES);
  out.u32(MAGIC).u16(VERSION).u16(0).u53(sequence).u32(states.size);
  for (const [group, { term, vote }] of states) out.u32(group).u53(term).u53(vote);
  return out.u32(crc32c(out.view())).finish();
}

interface Slot {
  readonly sequence: number;
  readonly states: HardStates;
}

/** Undefined when the slot is damaged; FORMAT_UNKNOWN when it is of a later version. */
function decodeSlot(bytes: Uint8Array, path: string): Slot | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = FIXED_BYTES + view.getUint32(COUNT_OFFSET, true) * RECORD_BYTES;
  if (view.getUint32(0, true) !== MAGIC || length > bytes.length) return undefined;
  if (crc32c(bytes.subarray(0, length - 4)) !== view.getUint32(length - 4, true)) return undefined;
  const reader = new ByteReader(bytes, path);
  reader.u32();
  const version = reader.u16();
  if (version !== VERSION)
    throw new RingtideError(
      "FORMAT_UNKNOWN",
      `${path}: hard state of format version ${version}; this one reads ${VERSION}`,
    );
  reader.u16();
  const sequence = reader.u53();
  const count = reader.u32();
  const states = new Map<GroupNumber, HardState>();
  for (let i = 0; i < count; i++) states.set(reader.u32(), { term: reader.u53(), vote: reader.u53() });
  return { sequence, states };
}
