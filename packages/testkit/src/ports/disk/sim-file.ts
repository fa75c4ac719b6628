import type { SeededRandom } from "../../random/seeded-random.ts";
import { FileBytes } from "./file-bytes.ts";

/** What a disk writes as a whole or not at all. */
export const SECTOR_BYTES = 512;

/** What was there before the writes of one span between two calls of datasync. */
interface Span {
  readonly sizeBefore: number;
  /** Earlier content of sectors that were overwritten or cut off since; one that was not there before has no entry. */
  readonly before: Map<number, Uint8Array>;
}

function sectorsOf(size: number): number {
  return Math.ceil(size / SECTOR_BYTES);
}

/**
 * A file's content as programs see it, and what of it the loss of power may take back. Spans go from the oldest that is not durable
 * to the one that is being written; a datasync ends a span, and makes it durable once it is done.
 */
export class SimFile {
  readonly id: number;
  readonly #bytes = new FileBytes();
  #spans: Span[] = [{ sizeBefore: 0, before: new Map() }];
  /** Sectors that a failed datasync left clean in memory and old on the disk, with what the disk has. */
  #lost = new Map<number, Uint8Array>();
  #changed = false;
  /** Names that programs see, and open handles: the file's room is free again when there is neither. */
  links = 0;
  handles = 0;

  constructor(id: number) {
    this.id = id;
  }

  get size(): number {
    return this.#bytes.size;
  }

  read(into: Uint8Array, position: number): number {
    return this.#bytes.read(into, position);
  }

  /** Everything, in a buffer of its own. */
  content(): Uint8Array {
    const out = new Uint8Array(this.size);
    this.read(out, 0);
    return out;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    this.#remember(Math.min(position, this.size), position + bytes.length);
    this.#bytes.write(bytes, position);
  }

  resize(size: number): void {
    if (size === this.size) return;
    this.#remember(Math.min(size, this.size), Math.max(size, this.size));
    this.#bytes.resize(size);
  }

  /** Keeps the sectors of [from, to) as they are, once a span. */
  #remember(from: number, to: number): void {
    this.#changed = true;
    const { sizeBefore, before } = this.#current;
    const end = Math.min(sectorsOf(to), sectorsOf(sizeBefore));
    for (let sector = Math.floor(from / SECTOR_BYTES); sector < end; sector++) {
      if (before.has(sector)) continue;
      before.set(sector, this.#lost.get(sector) ?? this.#sector(sector));
      this.#lost.delete(sector);
    }
  }

  get #current(): Span {
    return this.#spans.at(-1) as Span;
  }

  #sector(sector: number): Uint8Array {
    const out = new Uint8Array(SECTOR_BYTES);
    this.#bytes.read(out, sector * SECTOR_BYTES);
    return out;
  }

  /** A datasync begins: what was written up to now is what it will make durable. Returns what to call when it is done. */
  beginSync(): (outcome: "done" | "failed") => void {
    const covered = this.#current;
    this.#changed = false;
    this.#spans.push({ sizeBefore: this.size, before: new Map() });
    return (outcome) => {
      const position = this.#spans.indexOf(covered);
      if (position < 0) return; // a later sync has made it durable already
      const ended = this.#spans.splice(0, position + 1);
      if (outcome === "failed") this.#lose(ended);
    };
  }

  /** As kernels do: the pages of a failed sync count as clean from then on, whatever the disk has. */
  #lose(spans: readonly Span[]): void {
    const sizeThen = (this.#spans[0] as Span).sizeBefore;
    for (const { sizeBefore, before } of spans) {
      for (const [sector, bytes] of before) this.#loseSector(sector, bytes);
      for (let sector = sectorsOf(sizeBefore); sector < sectorsOf(sizeThen); sector++)
        this.#loseSector(sector, new Uint8Array(SECTOR_BYTES));
    }
  }

  #loseSector(sector: number, onDisk: Uint8Array): void {
    const writtenSince = this.#spans.find(({ before }) => before.has(sector));
    if (writtenSince !== undefined) writtenSince.before.set(sector, onDisk);
    else if (!this.#lost.has(sector)) this.#lost.set(sector, onDisk);
  }

  /** Bytes that the loss of power may take back, in whole sectors. */
  get unsyncedBytes(): number {
    if (!this.#changed && this.#spans.length === 1) return 0;
    const sectors = new Set<number>();
    for (const { sizeBefore, before } of this.#spans) {
      for (const sector of before.keys()) sectors.add(sector);
      for (let sector = sectorsOf(sizeBefore); sector < sectorsOf(this.size); sector++) sectors.add(sector);
    }
    return sectors.size * SECTOR_BYTES;
  }

  /** What is sure to be there after the loss of power now. */
  durable(): Uint8Array {
    const [oldest] = this.#spans as [Span];
    const out = new Uint8Array(oldest.sizeBefore);
    this.read(out, 0);
    for (let at = this.#spans.length - 1; at >= 0; at--) {
      for (const [sector, bytes] of (this.#spans[at] as Span).before) overlay(out, sector, bytes);
    }
    for (const [sector, bytes] of this.#lost) overlay(out, sector, bytes);
    return out;
  }

  /**
   * The power fails: of what was not synced, any sectors remain in any of their versions, and the size is one that the file had since
   * (or, where it only grew, any in between).
   */
  loseUnsynced(random: SeededRandom): void {
    if (this.#changed || this.#spans.length > 1 || this.#lost.size > 0) {
      const versions = new Map<number, Uint8Array[]>();
      for (const { before } of this.#spans) for (const [sector, bytes] of before) pushTo(versions, sector, bytes);
      const sizes = [...this.#spans.map((span) => span.sizeBefore), this.size];
      const smallest = Math.min(...sizes);
      for (let sector = sectorsOf(smallest); sector < sectorsOf(this.size); sector++)
        if (!versions.has(sector)) versions.set(sector, [new Uint8Array(SECTOR_BYTES)]);
      for (const [sector, bytes] of this.#lost) versions.set(sector, [bytes, ...(versions.get(sector) ?? [])]);
      const size = pickSize(sizes, random);
      this.#revert(versions, size, random);
    }
    this.settle();
  }

  #revert(versions: ReadonlyMap<number, readonly Uint8Array[]>, size: number, random: SeededRandom): void {
    const currentSize = this.size;
    this.#bytes.resize(size);
    const sectors = [...versions.keys()].sort((a, b) => a - b);
    for (const sector of sectors) {
      const start = sector * SECTOR_BYTES;
      if (start >= size) break;
      const older = versions.get(sector) ?? [];
      const choices = start < currentSize ? older.length + 1 : older.length;
      const chosen = older[random.below(choices)];
      if (chosen !== undefined) this.#bytes.write(chosen.subarray(0, Math.min(SECTOR_BYTES, size - start)), start);
    }
  }

  /** Takes what is there now for durable. */
  settle(): void {
    this.#spans = [{ sizeBefore: this.size, before: new Map() }];
    this.#lost = new Map();
    this.#changed = false;
  }

  /** Damage on the medium: what is stored in [position, position + length) goes through `spoil`, behind the back of every sync. */
  rot(position: number, length: number, spoil: (stored: Uint8Array) => void): void {
    const end = Math.min(this.size, position + length);
    if (position >= end) return;
    const stored = new Uint8Array(end - position);
    this.read(stored, position);
    spoil(stored);
    this.#bytes.write(stored, position);
  }
}

function overlay(out: Uint8Array, sector: number, bytes: Uint8Array): void {
  const start = sector * SECTOR_BYTES;
  if (start < out.length) out.set(bytes.subarray(0, Math.min(SECTOR_BYTES, out.length - start)), start);
}

function pushTo(versions: Map<number, Uint8Array[]>, sector: number, bytes: Uint8Array): void {
  const known = versions.get(sector);
  if (known === undefined) versions.set(sector, [bytes]);
  else known.push(bytes);
}

/** A size of the past; where the file only grew, the new size may have been written at any sector on the way. */
function pickSize(sizes: readonly number[], random: SeededRandom): number {
  const grewOnly = sizes.every((size, i) => i === 0 || size >= (sizes[i - 1] as number));
  const first = sizes[0] as number;
  const last = sizes.at(-1) as number;
  if (!grewOnly || random.chance(0.5)) return random.pick(sizes);
  const size = Math.ceil((first + random.unit() * (last - first)) / SECTOR_BYTES) * SECTOR_BYTES;
  return Math.min(size, last);
}
